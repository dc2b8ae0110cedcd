"""What an ingestion tells Prometheus: who is told by Spark and silver, and under which names."""

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from stafford.lakehouse.counts import Counts
from stafford.lakehouse.progress import QueryProgress, listening
from stafford.lakehouse.silver.latency import Latency
from stafford.observability import Kind, Metric, Metrics, serving

INPUT = Metric("stafford_query_input_rows_per_second", "Rows that arrived at a query, in its last batch.")
PROCESSED = Metric("stafford_query_processed_rows_per_second", "Rows that it processed, in its last batch.")
PHASE = Metric("stafford_query_phase_seconds", "Seconds of each phase of the last batch, by Spark's names.")
BATCHES = Metric("stafford_query_batch", "Number of the last batch; it grows over restarts.")
ROWS = Metric("stafford_query_rows_total", "Rows that a query read from its source.", Kind.COUNTER)
STATE_ROWS = Metric("stafford_query_state_rows", "Rows in the state of a query.")
STATE_BYTES = Metric("stafford_query_state_bytes", "Memory of the state of a query.")
WATERMARK = Metric("stafford_query_watermark_lag_seconds", "Newest event time minus watermark.")
LATENCY = Metric(
    "stafford_event_to_silver_seconds",
    "From produced_at until visible in silver, over the records of the last batch.",
)
RECORDS = Metric("stafford_records", "Records by where they are; waiting: bronze has them, silver not yet.")
ALL = (INPUT, PROCESSED, PHASE, BATCHES, ROWS, STATE_ROWS, STATE_BYTES, WATERMARK, LATENCY, RECORDS)


class IngestMetrics:
    """The numbers of an ingestion, served on loopback while it runs."""

    def __init__(self, port: int) -> None:
        """Nothing is served yet. port: 0 for any that is free."""
        self._port = port
        self._metrics = Metrics(ALL)

    @contextmanager
    def watching(self, spark: SparkSession) -> Iterator[int]:
        """Listen to the session's queries and answer on the port, which it gives.

        Raises:
            ConfigError: the port is taken.
        """
        with serving(self._metrics, self._port) as port, listening(spark, self.report):
            yield port

    def report(self, progress: QueryProgress) -> None:
        """Take a micro-batch of a query."""
        query = progress.query
        self._metrics.set(INPUT, progress.input_rows_per_s, query=query)
        self._metrics.set(PROCESSED, progress.processed_rows_per_s, query=query)
        self._metrics.set(BATCHES, progress.batch, query=query)
        self._metrics.add(ROWS, progress.rows, query=query)
        self._metrics.set(STATE_ROWS, progress.state_rows, query=query)
        self._metrics.set(STATE_BYTES, progress.state_bytes, query=query)
        for phase, seconds in progress.phases_s.items():
            self._metrics.set(PHASE, seconds, query=query, phase=phase)
        if progress.watermark_lag_s is not None:
            self._metrics.set(WATERMARK, progress.watermark_lag_s, query=query)

    def measure(self, latency: Latency) -> None:
        """Take the latency of a batch of silver."""
        for quantile, seconds in latency.seconds.items():
            self._metrics.set(LATENCY, seconds, quantile=f"{quantile:g}")

    def count(self, counts: Counts) -> None:
        """Take what the tables hold."""
        for place, records in {
            "bronze": counts.bronze,
            "silver": counts.silver,
            "quarantine": counts.quarantined,
            "duplicate": counts.duplicates,
            "waiting": counts.backlog,
        }.items():
            self._metrics.set(RECORDS, records, place=place)

    def render(self) -> str:
        """All of them, as Prometheus reads them."""
        return self._metrics.render()
