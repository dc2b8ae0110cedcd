"""What is in the spool, whether it is whole, and how it comes to Kafka without a running shop."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stafford.jobs.kafka_client import find_answering
from stafford.settings import Settings
from stafford.transport import KafkaLog, list_segments
from stafford.transport.drain import drain, drain_alone
from stafford.transport.inspection import Inspection, examine, glance

Watcher = Callable[[int, int], None]
"""Is told after each portion: records that Kafka acknowledged so far, and records that still wait."""


@dataclass(frozen=True, slots=True)
class Drained:
    """What a drain did."""

    records: int  # that Kafka acknowledged
    left: int  # that still wait, in `segments`
    segments: int
    bootstrap: str  # empty where nothing waited and no broker was asked


@dataclass(frozen=True, slots=True)
class SpoolJob:
    """The spool of a home, and the way to its Kafka."""

    directory: Path
    connect: Callable[[], tuple[KafkaLog, str]]

    def list_segments(self) -> list[Inspection]:
        """Look at each segment, oldest first; changes nothing.

        Raises:
            StorageError: the spool cannot be read.
        """
        return [glance(segment) for segment in list_segments(self.directory)]

    def verify(self) -> list[Inspection]:
        """Read every byte of each segment; changes nothing.

        Raises:
            StorageError: the spool cannot be read.
        """
        return [examine(segment) for segment in list_segments(self.directory)]

    def drain(self, watch: Watcher = lambda *_: None, stop: threading.Event | None = None) -> Drained:
        """Give Kafka everything that waits, in order, and remove what it has.

        Delivery: at least once, order kept; see transport.drain. Ended at any instant, the next one goes on.

        Args:
            watch: is told after each portion.
            stop: ends it after the portion in flight.

        Raises:
            TransportUnavailable: no broker answers, or it went away; what it acknowledged stays drained.
            CorruptSegment: a segment is damaged; everything before the damage was given.
            HomeInUse: a running shop, or another command, drains this spool.
            ConfigError: a topic is missing, or the broker does not let us in.
            StorageError: the spool cannot be read or a segment cannot be removed.
        """
        waiting = sum(found.waiting for found in self.list_segments())
        if not list_segments(self.directory):
            return Drained(0, 0, 0, "")
        with ExitStack() as resources:
            resources.enter_context(drain_alone(self.directory))
            log, bootstrap = self.connect()
            resources.callback(log.close)
            sent = 0

            def note(_segment: object, rows: int) -> None:
                nonlocal sent
                sent += rows
                watch(sent, max(0, waiting - sent))

            drain(self.directory, log.forward, note=note, stop=stop)
        left = self.list_segments()
        return Drained(sent, sum(found.waiting for found in left), len(left), bootstrap)


def build(settings: Settings) -> SpoolJob:
    """Wire the home's spool to the Kafka that the settings or the home name; asks no broker yet."""

    def connect() -> tuple[KafkaLog, str]:
        config = find_answering(settings)
        # Drained records have the headers of their first sending, so neither run nor clock is used.
        return KafkaLog(config, "", lambda: datetime.now(UTC)), config["bootstrap.servers"]

    return SpoolJob(settings.spool_dir, connect)
