"""What an ingestion tells Prometheus: who is told by Spark and silver, and under which names."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from pyspark.sql import SparkSession

from stafford.errors import StaffordError
from stafford.lakehouse.counts import Counts
from stafford.lakehouse.progress import QueryProgress, listening
from stafford.lakehouse.silver.latency import BOUNDS_S, Latency
from stafford.observability import serving

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each counter, which nobody reads


CountByReason = Callable[[], Mapping[tuple[str, str], int]]
"""Gives open records of quarantine by topic and reason."""


COUNTED_EVERY_S = 10.0
"""How old a number of open records may be: to count them reads a table, and somebody may ask every second."""


class OpenQuarantine(Collector):
    """Open records by topic and reason, counted when somebody asks."""

    NAME = "stafford_quarantine_open_records"

    def __init__(self, count: CountByReason) -> None:
        """Count nothing yet."""
        self._count = count
        self._counted: Mapping[tuple[str, str], int] = {}
        self._counted_at = float("-inf")

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Its name, without counting."""
        yield GaugeMetricFamily(
            self.NAME,
            "Records in quarantine that nobody resolved; one with several reasons is under each.",
            labels=["topic", "reason"],
        )

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Count, or give what was counted just now; nothing while there is no table, or none can be read."""
        (family,) = self.describe()
        if time.monotonic() >= self._counted_at + COUNTED_EVERY_S:
            try:
                self._counted = self._count()
            except StaffordError:
                self._counted = {}
            self._counted_at = time.monotonic()
        for labels, records in sorted(self._counted.items()):
            family.add_metric(labels, records)
        yield family


class LatencyHistogram(Collector):
    """Latency of all records since the start, by range: quantiles of batches cannot be added up, counts can.

    The client's own histogram takes one value at a time: 0.12 s for a batch of 50,000 records.
    """

    NAME = "stafford_event_latency_seconds"

    def __init__(self) -> None:
        """Nothing has been counted yet."""
        self._counts = [0] * (len(BOUNDS_S) + 1)
        self._total_s = 0.0

    def add(self, latency: Latency) -> None:
        """Count the records of a batch."""
        self._counts = [had + more for had, more in zip(self._counts, latency.counts, strict=True)]
        self._total_s += latency.total_s

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """As Prometheus has it: of each bound, the records not above it."""
        bounds = [*(f"{bound:g}" for bound in BOUNDS_S), "+Inf"]
        yield HistogramMetricFamily(
            self.NAME,
            "From produced_at until visible in silver, over all records since the start.",
            buckets=list(zip(bounds, accumulate(self._counts), strict=True)),
            sum_value=self._total_s,
        )


class IngestMetrics:
    """The numbers of an ingestion: of its last batches, and of what the tables hold."""

    def __init__(self, port: int | None, count_by_reason: CountByReason = dict) -> None:
        """Nothing is served yet. port: on loopback; None for nowhere."""
        self._port = port
        self.registry = CollectorRegistry()
        self.registry.register(OpenQuarantine(count_by_reason))
        gauge = partial(Gauge, registry=self.registry)
        of_query = partial(gauge, labelnames=["query"])
        self._input = of_query(
            "stafford_query_input_rows_per_second", "Rows that arrived at a query, in its last batch."
        )
        self._processed = of_query(
            "stafford_query_processed_rows_per_second", "Rows that it processed, in its last batch."
        )
        self._phase = gauge(
            "stafford_query_phase_seconds",
            "Seconds of each phase of the last batch, by Spark's names.",
            ["query", "phase"],
        )
        self._batch = of_query("stafford_query_batch", "Number of the last batch; it grows over restarts.")
        self._rows = Counter(
            "stafford_query_rows", "Rows that a query read.", ["query"], registry=self.registry
        )
        self._state_rows = of_query("stafford_query_state_rows", "Rows in the state of a query.")
        self._state_bytes = of_query("stafford_query_state_bytes", "Memory of the state of a query.")
        self._watermark = of_query(
            "stafford_query_watermark_lag_seconds", "Newest event time minus watermark."
        )
        self._latency = gauge(
            "stafford_event_to_silver_seconds",
            "From produced_at until visible in silver, over the records of the last batch.",
            ["quantile"],
        )
        self._waited = LatencyHistogram()
        self.registry.register(self._waited)
        self._records = gauge(
            "stafford_records",
            "Records by where they are; waiting: bronze has them, silver not yet.",
            ["place"],
        )
        self.latency: Latency | None = None
        """Of silver's last batch."""
        self._last: dict[str, QueryProgress] = {}

    @contextmanager
    def watching(self, spark: SparkSession) -> Iterator[None]:
        """Listen to the session's queries, and answer on the port.

        Raises:
            ConfigError: the port is taken.
        """
        with listening(spark, self.report):
            if self._port is None:
                yield
                return
            with serving(self.registry, self._port):
                yield

    def report(self, progress: QueryProgress) -> None:
        """Take a micro-batch of a query."""
        query = progress.query
        self._last[query] = progress
        self._input.labels(query).set(progress.input_rows_per_s)
        self._processed.labels(query).set(progress.processed_rows_per_s)
        self._batch.labels(query).set(progress.batch)
        self._rows.labels(query).inc(progress.rows)
        self._state_rows.labels(query).set(progress.state_rows)
        self._state_bytes.labels(query).set(progress.state_bytes)
        for phase, seconds in progress.phases_s.items():
            self._phase.labels(query, phase).set(seconds)
        if progress.watermark_lag_s is not None:
            self._watermark.labels(query).set(progress.watermark_lag_s)

    def last_of(self, query: str) -> QueryProgress | None:
        """The last micro-batch of a query; None before its first."""
        return self._last.get(query)

    def measure(self, latency: Latency) -> None:
        """Take the latency of a batch of silver."""
        self.latency = latency
        self._waited.add(latency)
        for quantile, seconds in latency.seconds.items():
            self._latency.labels(f"{quantile:g}").set(seconds)

    def count(self, counts: Counts) -> None:
        """Take what the tables hold."""
        for place, records in {
            "bronze": counts.bronze,
            "silver": counts.silver,
            "quarantine": counts.quarantined,
            "duplicate": counts.duplicates,
            "waiting": counts.backlog,
        }.items():
            self._records.labels(place).set(records)

    def render(self) -> str:
        """All of them, as Prometheus reads them."""
        return generate_latest(self.registry).decode()
