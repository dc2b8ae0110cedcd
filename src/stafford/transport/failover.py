"""The durable log that outlives its broker: Kafka while it answers, the spool while it does not."""

import errno
import threading
from collections.abc import Callable
from typing import Protocol

import pyarrow as pa

from stafford.errors import (
    ConfigError,
    SpoolFull,
    StaffordError,
    StorageError,
    Terminal,
    TransportUnavailable,
)
from stafford.transport.circuit import Backoff, Breaker, State
from stafford.transport.drain import drain, drain_alone, sweep
from stafford.transport.inspection import glance
from stafford.transport.log import Condition, Delivery, DurableLog
from stafford.transport.segments import Segment, list_segments
from stafford.transport.spool import SpoolLog

HANDOVER_ROWS = 20_000
"""With at most so many records to go the stream is held for the moment that they take."""
_FULL = {errno.ENOSPC, errno.EDQUOT}


class Primary(DurableLog, Protocol):
    """What takes the stream while all is well, and the spool when it is well again; KafkaLog is one."""

    def forward(self, landed: pa.RecordBatch) -> Delivery:
        """Append records of LANDED_SCHEMA, with their own headers."""
        ...


class FailoverLog:
    """Appends to Kafka, and to the spool from the batch on that Kafka did not take, until it is back.

    Delivery: at least once. A batch that Kafka did not acknowledge goes to the spool as a whole, whatever
    Kafka may have of it; a batch is accepted when one of the two has all of it.

    Order: kept per topic and key, counting the first arrival of each record, in Kafka once it has everything:
    nothing newer is sent to it while anything older waits in the spool. Each attempt at sending, failed or
    not, delivers records in the order of the stream, without a gap, from a point before which Kafka
    has everything. However such attempts mix, also when one that was given up still arrives late, no
    record comes for the first time before an older one of its key.

    While Kafka is away a thread of this log's own asks after it, with growing pauses. When it answers the
    spool is drained into it beside the stream, and the stream is held for the last records only. Segments
    that an earlier process left are drained first, too.
    """

    def __init__(
        self,
        connect: Callable[[], Primary],
        spool: SpoolLog,
        *,
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Take Kafka when it answers and nothing waits in the spool; otherwise begin with the spool.

        Args:
            connect: opens the log on Kafka, when a broker answers; asked again for each probe, because the
                broker may be back elsewhere.
            spool: of this log alone from now on; closed with it.
            backoff: the pauses between probes.
            notify: is told, loudly, when Kafka is lost and when it is back; from several threads.

        Raises:
            ConfigError: a Kafka setting is wrong.
            StorageError: the spool cannot be read.
        """
        self._connect = connect
        self._spool = spool
        self._breaker = Breaker(backoff)
        self._notify = notify
        self._kafka: Primary | None = None
        self._is_closed = False
        self._backlog = 0
        self._failure: Exception | None = None
        # One at a time: an append, or the drain's last records.
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        sweep(spool.directory)
        for segment in list_segments(spool.directory):
            self._count(glance(segment).waiting)
        self._begin()

    @property
    def name(self) -> str:
        """Where the next batch goes: "kafka" or "files"."""
        return "kafka" if self._breaker.state is State.CLOSED else "files"

    @property
    def state(self) -> State:
        """The breaker's."""
        return self._breaker.state

    @property
    def condition(self) -> Condition:
        """Where the next batch goes, how many records wait for Kafka, and why."""
        return Condition(self.name, max(0, self._backlog), self._breaker.reason)

    def append(self, records: pa.RecordBatch) -> Delivery:
        """Append a batch to Kafka or to the spool; when it returns, every row is durable. See DurableLog.

        Takes as long as Kafka's own bound when Kafka is lost with this batch.

        Raises:
            SpoolFull: Kafka is away and the spool has no room; send the same batch again, later.
            ContractViolation: the batch does not have RECORD_SCHEMA.
            StorageError: the spool cannot be written, for another reason than a full disk.
            Terminal: the log is closed, or a record is larger than Kafka takes.
        """
        with self._lock:
            if self._is_closed:
                raise Terminal("the log was closed; open a new FailoverLog to append")
            if self._failure:
                raise self._failure
            if self._kafka is not None:
                try:
                    return self._kafka.append(records)
                except (TransportUnavailable, ConfigError) as exc:
                    # A topic that is gone or a refusal is a ConfigError: somebody may mend it meanwhile.
                    self._lose(exc)
            return self._keep(records)

    def close(self) -> None:
        """End after the portion in flight, and release both; what waits stays in the spool.

        Closing twice is harmless.
        """
        self._stopping.set()
        if self._thread:
            self._thread.join()
        with self._lock:
            self._is_closed = True
            if self._kafka is not None:
                self._kafka.close()
            self._spool.close()

    def _begin(self) -> None:
        try:
            kafka = self._connect()
        except TransportUnavailable as exc:
            self._lose(exc)
            return
        if not list_segments(self._spool.directory):
            self._kafka = kafka
            return
        kafka.close()
        self._lose(TransportUnavailable(f"{self._backlog:,} records of an earlier run go to Kafka first"))

    def _keep(self, records: pa.RecordBatch) -> Delivery:
        try:
            delivery = self._spool.append(records)
        except StorageError as exc:
            if getattr(exc.__cause__, "errno", None) in _FULL:
                raise SpoolFull(str(exc)) from exc
            raise
        self._count(delivery.spooled)
        return delivery

    def _lose(self, reason: StaffordError) -> None:
        kafka, self._kafka = self._kafka, None
        if kafka is not None:
            # What it still holds of the batch is thrown away with it.
            kafka.close()
        self._breaker.trip(str(reason))
        self._notify(
            f"WRITING TO FILES, NOT TO KAFKA: {reason}. Records are kept in {self._spool.directory}, nothing "
            "is lost, and Kafka is given all of them, in order, when it is back."
        )
        self._thread = threading.Thread(target=self._recover, name="failover", daemon=True)
        self._thread.start()

    def _recover(self) -> None:
        try:
            while not self._stopping.wait(self._breaker.pause_s):
                if self._try_again():
                    return
        except Exception as exc:  # noqa: BLE001 - a thread has nobody to raise it to; the next append does
            self._failure = exc

    def _try_again(self) -> bool:
        kafka = None
        try:
            with drain_alone(self._spool.directory):
                kafka = self._connect()
                self._breaker.probe()
                if self._hand_over(kafka):
                    return True
        except StaffordError as exc:
            self._breaker.trip(str(exc))
        if kafka is not None:
            kafka.close()
        return False

    def _hand_over(self, kafka: Primary) -> bool:
        """Drain beside the stream until little is left, then hold the stream and change over."""
        before, directory = self._backlog, self._spool.directory
        while drain(directory, kafka.forward, note=self._note, stop=self._stopping) > HANDOVER_ROWS:
            pass
        with self._lock:
            self._spool.seal()
            drain(directory, kafka.forward, note=self._note, stop=self._stopping)
            if self._stopping.is_set():
                return False
            self._kafka = kafka
            self._breaker.close()
        self._notify(f"BACK ON KAFKA: it has the {before:,} records that waited, in order, and those since.")
        return True

    def _note(self, _segment: Segment, rows: int) -> None:
        self._count(-rows)

    def _count(self, rows: int) -> None:
        with self._counting:
            self._backlog += rows
