"""How streaming queries are doing, told after each of their micro-batches."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from py4j.java_gateway import JavaObject
from py4j.protocol import Py4JError
from pyspark import SparkContext
from pyspark.sql import SparkSession


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
    spark.streams.addListener(listener)  # type: ignore[arg-type]  # it wants one thing of it
    try:
        yield
    finally:
        with suppress(Py4JError):  # a JVM that is gone has no listeners
            spark.streams.removeListener(listener)  # type: ignore[arg-type]


class _Listener:
    """What Spark takes for a listener. It gets the progress of a batch as the one JSON text that it is.

    PySpark's own asks the JVM for each entry of each map of it, and at the end of each map for the kind of an
    exception: some hundred calls a batch, a third of a core at two batches a second.
    """

    def __init__(self, report: Callable[[QueryProgress], None]) -> None:
        self._report = report
        self._began_at: dict[str, datetime] = {}
        """Of each query's last batch."""

    @cached_property
    def _jlistener(self) -> JavaObject:
        streaming = SparkContext._jvm.org.apache.spark.sql.streaming  # type: ignore[union-attr]  # noqa: SLF001
        return streaming.PythonStreamingQueryListenerWrapper(self)

    def onQueryStarted(self, event: JavaObject) -> None:  # noqa: N802  # Spark's name
        pass

    def onQueryProgress(self, event: JavaObject) -> None:  # noqa: N802  # Spark's name
        progress = json.loads(event.progress().json())
        began_at = datetime.fromisoformat(progress["timestamp"])
        before = self._began_at.get(progress["id"], began_at)
        self._began_at[progress["id"]] = began_at
        self._report(_read(progress, (began_at - before).total_seconds()))

    def onQueryIdle(self, event: JavaObject) -> None:  # noqa: N802  # Spark's name
        pass

    def onQueryTerminated(self, event: JavaObject) -> None:  # noqa: N802  # Spark's name
        pass

    class Java:
        """By which py4j knows what it stands for."""

        implements: ClassVar = ["org.apache.spark.sql.streaming.PythonStreamingQueryListener"]


def _count_rows(progress: Mapping[str, Any]) -> int:
    """Rows that a batch read, or offsets that it went through: what Spark plans of Kafka, our tasks read."""
    return int(progress["numInputRows"]) or sum(
        until - (source["startOffset"] or {}).get(topic, {}).get(partition, 0)
        for source in progress["sources"]
        if source["description"].startswith("KafkaV2")
        for topic, partitions in (source["endOffset"] or {}).items()
        for partition, until in partitions.items()
    )


def _read(progress: Mapping[str, Any], waited_s: float) -> QueryProgress:
    times = {name: datetime.fromisoformat(text) for name, text in progress.get("eventTime", {}).items()}
    lag = (
        (times["max"] - times["watermark"]).total_seconds() if {"max", "watermark"} <= times.keys() else None
    )
    operators = progress["stateOperators"]
    rows = _count_rows(progress)
    phases_s = {name: ms / 1000 for name, ms in progress.get("durationMs", {}).items()}
    took_s = phases_s.get("triggerExecution")
    return QueryProgress(
        query=progress["name"] or progress["id"],
        batch=progress["batchId"],
        rows=rows,
        input_rows_per_s=rows / waited_s if waited_s else 0.0,
        processed_rows_per_s=rows / took_s if took_s else 0.0,
        phases_s=phases_s,
        state_rows=sum(operator["numRowsTotal"] for operator in operators),
        state_bytes=sum(operator["memoryUsedBytes"] for operator in operators),
        watermark_lag_s=lag,
    )
