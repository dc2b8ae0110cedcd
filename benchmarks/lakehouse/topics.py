"""A broker whose topics hold a shop's records, messy as ever."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from stafford.generator import Shop, load_profile
from stafford.jobs import topics
from stafford.runtime.broker import Broker
from stafford.runtime.jars import ensure_jars
from stafford.runtime.java import Java
from stafford.settings import Settings
from stafford.transport import KafkaLog
from stafford.transport.admin import answers

OPENS_AT = datetime(2026, 1, 1, tzinfo=UTC)
BEGINS_AT = OPENS_AT + timedelta(days=1)
"""The first of a shop are all of its products and customers: they are left out."""
EVENTS_PER_DAY = 1_000_000
_PORT = 29392
_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Filled:
    """Topics that nobody writes to any more. rows: records of all of them."""

    kafka: Mapping[str, str]
    rows: int


@contextmanager
def filled_topics(
    settings: Settings, folder: Path, java: Java, rows: int, progress: Callable[[str], None]
) -> Iterator[Filled]:
    """Start a broker in a new folder, send at least so many records, and end it afterwards.

    Raises:
        NotReady: the jars cannot be downloaded, or the broker does not start in time.
    """
    broker = Broker(
        folder / "broker", ensure_jars("kafka", settings.cache_dir, java, progress), java, probe=answers
    )
    try:
        progress("starting a broker")
        kafka = {"bootstrap.servers": broker.start(port=_PORT, wait_s=120).bootstrap}
        with topics.build(settings, kafka=kafka) as job:
            job.apply()
        progress("filling the topics")
        yield _fill(settings, kafka, rows)
    finally:
        broker.stop()


def _fill(settings: Settings, kafka: Mapping[str, str], rows: int) -> Filled:
    profile = load_profile("fashion-retail", settings.config_dir / "profiles")
    stream = Shop(profile, 7, OPENS_AT, EVENTS_PER_DAY).open()
    until = BEGINS_AT
    stream.take(until)
    log = KafkaLog(kafka, "benchmark", lambda: datetime.now(UTC))
    sent = 0
    while sent < rows:
        until += timedelta(hours=1)
        batch = stream.advance(until)
        for start in range(0, len(batch), _ROWS_AT_ONCE):
            sent += log.append(batch.slice(start, _ROWS_AT_ONCE).records).acknowledged
    log.close()
    return Filled(kafka, sent)
