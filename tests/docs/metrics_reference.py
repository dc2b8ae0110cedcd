"""Writes docs/reference/metrics.md from the numbers themselves: `python -m tests.docs.metrics_reference`."""

from collections.abc import Iterator

import typer
from prometheus_client import Metric

from stafford.jobs.ingest_metrics import IngestMetrics
from stafford.lakehouse.counts import Counts
from stafford.lakehouse.progress import QueryProgress
from stafford.lakehouse.silver.latency import BOUNDS_S, Latency
from stafford.settings import PROJECT_DIR

PATH = PROJECT_DIR / "docs" / "reference" / "metrics.md"
INTRODUCTION = """\
<!-- Derived by `python -m tests.docs.metrics_reference`; change jobs/ingest_metrics.py, not this page. -->

# Metrics of an ingestion

What `stafford ingest --continuous --metrics-port 9464` answers on `http://127.0.0.1:9464/metrics`, in the
text format of Prometheus, on loopback only. The queries are `bronze` and `silver`; neither has state or a
watermark, which stay 0 and away, and a query of your own in the same session shows them.

| Metric | Type | Labels | Meaning |
| --- | --- | --- | --- |
"""
ALERTS = [
    ('`stafford_records{place="waiting"}` grows for ten minutes', "silver does not keep up with bronze"),
    (
        '`rate(stafford_query_rows_total{query="bronze"}[5m])` is 0 while the shop sends',
        "Kafka is not read: it is away, or the query waits for it",
    ),
    (
        "`histogram_quantile(0.95, rate(stafford_event_latency_seconds_bucket[10m]))` is over a promise",
        "silver is late, though it may keep up",
    ),
    (
        "`stafford_quarantine_open_records` of a topic and reason rises faster than the usual mess makes it",
        "a producer or a contract broke, where the labels say ([what to do](../how-to/quarantine.md))",
    ),
    ("the page does not answer", "the ingestion ended; started again, it goes on where it stopped"),
]
ALERTS_HEAD = ["", "## What to alert on", "", "| When | What it says |", "| --- | --- |"]


def fill() -> IngestMetrics:
    """Every metric with one value: what is not here is never told."""
    metrics = IngestMetrics(None, lambda: {("orders", "required"): 1})
    metrics.report(QueryProgress("silver", 1, 1, 1, 1, {"addBatch": 1}, 1, 1, 1))
    metrics.measure(Latency(1, {0.5: 1}, 1, (1, *[0] * len(BOUNDS_S))))
    metrics.count(Counts(1, 1, 0, 1))
    return metrics


def families() -> Iterator[Metric]:
    """All metrics in the order of their names."""
    return iter(sorted(fill().registry.collect(), key=lambda family: family.name))


def render() -> str:
    """The page."""
    alerts = [f"| {when} | {says} |" for when, says in ALERTS]
    return "\n".join([INTRODUCTION + "\n".join(map(_row, families())), *ALERTS_HEAD, *alerts, ""])


def _row(family: Metric) -> str:
    name = family.name if family.type == "histogram" else family.samples[0].name
    labels = sorted({label for sample in family.samples for label in sample.labels})
    cells = (f"`{name}`", family.type, ", ".join(f"`{label}`" for label in labels), family.documentation)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PATH.write_text(render(), encoding="utf-8", newline="\n")
    typer.echo(f"wrote {PATH}")
