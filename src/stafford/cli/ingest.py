"""`stafford ingest`: Kafka and spool into the lake."""

import json
import time
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from stafford.errors import ConfigError
from stafford.jobs.ingest import build
from stafford.jobs.ingest_metrics import IngestMetrics
from stafford.lakehouse.counts import Counts
from stafford.lakehouse.silver.latency import QUANTILES
from stafford.settings import Settings

INTERVAL_S = 2.0


def ingest(
    continuous: Annotated[
        bool, typer.Option("--continuous", help="Go on until Ctrl-C; without it, stop when all is read.")
    ] = False,
    metrics_port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Answer Prometheus on this port of loopback while it goes on."),
    ] = None,
    accept_loss: Annotated[
        bool,
        typer.Option(
            "--accept-loss",
            help="Go on behind records that Kafka deleted before they were read, and say how many those are.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")] = False,
) -> None:
    """Read Kafka and the spool into bronze, and bronze into silver and quarantine.

    Safe to repeat and to kill: it goes on where it stopped, and doubles nothing. A continuous one waits for a
    broker that is away. With STAFFORD_REDIS it keeps the numbers of `stafford live`.

    Example: stafford ingest --continuous
    """
    console = Console(stderr=True)

    def notify(message: str) -> None:
        console.print(message, style="bold yellow", soft_wrap=True, markup=False, highlight=False)

    if metrics_port is not None and not continuous:
        raise ConfigError("--metrics-port has nobody to answer to without --continuous; give both or neither")
    if accept_loss and continuous:
        raise ConfigError("--accept-loss is for one run; start --continuous when that has ended")
    job = build(Settings(), notify=notify, metrics_port=metrics_port)
    with console.status("starting") as status:
        if continuous:
            with job.stream(status.update) as ingestion:
                try:
                    while True:
                        ingestion.check()
                        waiting = " · waits for Kafka" if ingestion.waits_for else ""
                        status.update(_sentence(job.count()) + _describe(job.metrics) + waiting)
                        time.sleep(INTERVAL_S)
                except KeyboardInterrupt:
                    status.update("stopping after the batches in flight")
        else:
            job.run(status.update, accept_loss=accept_loss)
        counts = job.count()
    typer.echo(json.dumps(asdict(counts)) if as_json else _sentence(counts))


def _describe(metrics: IngestMetrics) -> str:
    batch, latency = metrics.last_of("silver"), metrics.latency
    rate = "" if batch is None else f" · {batch.input_rows_per_s:,.0f}/s in"
    if latency is None:
        return rate
    median, p95, p99 = (latency.seconds[quantile] for quantile in QUANTILES)
    return f"{rate} · median {median:.1f} s, p95 {p95:.1f} s, p99 {p99:.1f} s"


def _sentence(counts: Counts) -> str:
    dropped = f"dropped {counts.dropped:,} · " if counts.dropped else ""
    return (
        f"bronze {counts.bronze:,} · silver {counts.silver:,} · quarantine {counts.quarantined:,} · "
        f"duplicates {counts.duplicates:,} · {dropped}waiting {counts.backlog:,}"
    )
