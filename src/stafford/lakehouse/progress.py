"""How streaming queries are doing, told after each of their micro-batches."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from py4j.protocol import Py4JError
from pyspark.sql import SparkSession
from pyspark.sql.streaming.listener import (
    QueryIdleEvent,
    QueryProgressEvent,
    QueryStartedEvent,
    QueryTerminatedEvent,
    StreamingQueryListener,
    StreamingQueryProgress,
)


@dataclass(frozen=True, slots=True)
class QueryProgress:
    """One micro-batch of one query.

    rows: that the source read; a batch that reads its source twice counts them twice. phases_s: seconds of
    each phase, by Spark's own names. state_rows, state_bytes: of all stateful operators. watermark_lag_s: how
    far the watermark is behind the newest event time; None where there is no watermark.
    """

    query: str
    batch: int
    rows: int
    input_rows_per_s: float
    processed_rows_per_s: float
    phases_s: Mapping[str, float]
    state_rows: int
    state_bytes: int
    watermark_lag_s: float | None


@contextmanager
def listening(spark: SparkSession, report: Callable[[QueryProgress], None]) -> Iterator[None]:
    """Tell `report` about every micro-batch of the session's queries for as long as the `with` lasts.

    Args:
        spark: whose queries.
        report: is called on a thread of its own; what it raises is lost, and stops no query.
    """
    listener = _Listener(report)
    spark.streams.addListener(listener)
    try:
        yield
    finally:
        with suppress(Py4JError):  # a JVM that is gone has no listeners
            spark.streams.removeListener(listener)


class _Listener(StreamingQueryListener):
    def __init__(self, report: Callable[[QueryProgress], None]) -> None:
        super().__init__()
        self._report = report

    def onQueryStarted(self, event: QueryStartedEvent) -> None:  # noqa: N802  # Spark's name
        pass

    def onQueryProgress(self, event: QueryProgressEvent) -> None:  # noqa: N802  # Spark's name
        self._report(_read(event.progress))

    def onQueryIdle(self, event: QueryIdleEvent) -> None:  # noqa: N802  # Spark's name
        pass

    def onQueryTerminated(self, event: QueryTerminatedEvent) -> None:  # noqa: N802  # Spark's name
        pass


def _read(progress: StreamingQueryProgress) -> QueryProgress:
    times = {name: datetime.fromisoformat(text) for name, text in progress.eventTime.items()}
    lag = (
        (times["max"] - times["watermark"]).total_seconds() if {"max", "watermark"} <= times.keys() else None
    )
    return QueryProgress(
        query=progress.name or str(progress.id),
        batch=progress.batchId,
        rows=progress.numInputRows,
        input_rows_per_s=progress.inputRowsPerSecond,
        processed_rows_per_s=progress.processedRowsPerSecond,
        phases_s={name: ms / 1000 for name, ms in progress.durationMs.items()},
        state_rows=sum(operator.numRowsTotal for operator in progress.stateOperators),
        state_bytes=sum(operator.memoryUsedBytes for operator in progress.stateOperators),
        watermark_lag_s=lag,
    )
