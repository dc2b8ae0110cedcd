"""How long records took, by batch and over all of them."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from stafford.jobs.ingest_metrics import IngestMetrics
from stafford.lakehouse.silver.latency import BOUNDS_S, Latency, measure_latency

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def measure(*seconds: float | None) -> Latency | None:
    """The latency of records that were produced so many seconds before noon; None: it is not known when."""
    times = [None if ago is None else NOON - timedelta(seconds=ago) for ago in seconds]
    return measure_latency(pa.chunked_array([pa.array(times, pa.timestamp("us", "UTC"))]), NOON)


def read_buckets(metrics: IngestMetrics) -> dict[str, float]:
    """Records not above each bound, as Prometheus would read them."""
    (family,) = (one for one in metrics.registry.collect() if one.name == "stafford_event_latency_seconds")
    return {sample.labels["le"]: sample.value for sample in family.samples if "le" in sample.labels}


def test_a_record_is_counted_up_to_its_bound() -> None:
    """A bound belongs to the range that ends with it, and what is above all bounds is counted too."""
    latency = measure(0.2, 3.0, 3.1, 100_000, None)
    assert latency is not None
    assert latency.records == 4
    assert sum(latency.counts) == 4
    below = dict(zip([*BOUNDS_S, None], latency.counts, strict=True))
    assert {bound: count for bound, count in below.items() if count} == {0.5: 1, 3: 1, 3.5: 1, None: 1}
    assert latency.total_s == pytest.approx(100_006.3)


def test_nobody_says_when() -> None:
    assert measure(None, None) is None


def test_batches_are_added_up() -> None:
    """A large batch weighs more than a small one, which the quantiles of batches cannot tell."""
    metrics = IngestMetrics(None)
    assert read_buckets(metrics)["+Inf"] == 0
    for seconds, records in ((1.0, 90), (9.0, 10)):
        latency = measure(*[seconds] * records)
        assert latency is not None
        metrics.measure(latency)
    buckets = read_buckets(metrics)
    assert (buckets["0.5"], buckets["1"], buckets["8"], buckets["10"], buckets["+Inf"]) == (
        0,
        90,
        90,
        100,
        100,
    )
    text = metrics.render()
    assert "stafford_event_latency_seconds_sum 180.0" in text
    assert "stafford_event_latency_seconds_count 100.0" in text
