"""Sends a batch: the intent to the ledger, the records to a durable log, then the acknowledgement."""

import threading
from collections.abc import Callable
from typing import Protocol

import pyarrow as pa
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from stafford.errors import SpoolFull, TransportUnavailable
from stafford.generator import Batch
from stafford.transport import Condition, Delivery, DurableLog

ATTEMPTS = 3
ASK_AGAIN_S = 0.5

Wait = Callable[[threading.Event, float], object]
"""Sleeps on an event for so many seconds at most."""


class Ledger(Protocol):
    """What sending needs of a ledger; `stafford.ledger.journal.Journal` is the one."""

    def intend(self, labels: pa.RecordBatch) -> int:
        """Record what is about to be sent; durable when it returns the batch's number."""
        ...

    def acknowledge(self, batch: int, acknowledged: int, spooled: int) -> None:
        """Record that a durable log has the batch; durable when it returns."""
        ...

    def close(self) -> None:
        """Let go of the files."""
        ...


class Sender:
    """One ledger and one durable log; whoever made them closes them."""

    def __init__(self, log: DurableLog, ledger: Ledger, *, wait: Wait, notify: Callable[[str], None]) -> None:
        """Send nothing yet.

        Args:
            log: where records go.
            ledger: what is told before and after.
            wait: sleeps on the stop event, for tests that do not want to.
            notify: is told in words what a person should know.
        """
        self._log = log
        self._ledger = ledger
        self._wait = wait
        self._notify = notify
        self._full = ""  # what the log said when it had no room, for as long as it has none

    @property
    def condition(self) -> Condition:
        """The log's; the trouble is that the stream waits, while it does."""
        now = self._log.condition
        return Condition(now.transport, now.backlog, self._full or now.trouble)

    def send(self, batch: Batch, stop: threading.Event, watch: Callable[[], None]) -> Delivery:
        """Send one batch; when it returns, it is durable and the ledger says so.

        Delivery: at least once. After an error or a crash the batch is in doubt: it has an intent and no
        acknowledgement, and is to be sent again under the same ids.

        Args:
            batch: records and their labels.
            stop: ends the waiting for room.
            watch: is called now and then while there is no room.

        Raises:
            TransportUnavailable: the log did not take it after several attempts.
            SpoolFull: it was stopped while it waited for room.
            StorageError: ledger or spool cannot be written.
        """

        def append(records: pa.RecordBatch) -> Delivery:
            return self._append(records, stop, watch)

        number = self._ledger.intend(batch.labels)
        attempts = Retrying(
            retry=retry_if_exception_type(TransportUnavailable),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_fixed(1),
            before_sleep=self._report_retry,
            reraise=True,
        )
        delivery: Delivery = attempts(append, batch.records)
        self._ledger.acknowledge(number, delivery.acknowledged, delivery.spooled)
        return delivery

    def _append(self, records: pa.RecordBatch, stop: threading.Event, watch: Callable[[], None]) -> Delivery:
        """Append; while the log has no room, wait until it has, which is what holds the shop back."""
        while True:
            try:
                delivery = self._log.append(records)
            except SpoolFull as exc:
                if not self._full:
                    self._notify(f"THE STREAM WAITS: {exc}. Nothing is lost.")
                self._full = f"the stream waits: {exc}"
                if stop.is_set():
                    raise
                watch()
                self._wait(stop, ASK_AGAIN_S)
            else:
                self._full = ""
                return delivery

    def _report_retry(self, attempt: RetryCallState) -> None:
        error = attempt.outcome.exception() if attempt.outcome else None
        self._notify(f"attempt {attempt.attempt_number} of {ATTEMPTS} failed, trying again: {error}")
