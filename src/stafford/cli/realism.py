"""`stafford realism`: how much events resemble a real shop's."""

import json
import webbrowser
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from stafford.jobs.realism import Sample, build
from stafford.realism import Measurement, Verdict, say_verdict
from stafford.settings import Settings

STYLES: Final = {Verdict.PASSED: "green", Verdict.FAILED: "bold red", Verdict.NOT_MEASURABLE: "yellow"}


def realism(
    *,
    profile: Annotated[
        str, typer.Option(help="Name of targets in config/realism, or path of a YAML file.")
    ] = "fashion-retail",
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with <topic>/*.parquet \\[default: generate a run, and delete it after]."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="HTML page to write \\[default: realism-<profile>.html of the home].")
    ] = None,
    customers: Annotated[
        int,
        typer.Option(min=1000, help="Without --data: customers of the shop that is made, over two years."),
    ] = 200_000,
    seed: Annotated[int, typer.Option(help="Without --data: which shop of its kind.")] = 7,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Without --data: processes that make it.")] = 1,
    strict: Annotated[
        bool, typer.Option("--strict", help="What cannot be measured on these data fails too.")
    ] = False,
    open_it: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> None:
    """Measure generated events against what real shops look like, from the events alone.

    Prints each metric with its target, and writes one HTML page with the plots; it opens offline. Exit code 1
    when a metric is outside of its tolerance.

    Example: stafford realism --profile fashion-retail --data year --open
    """
    job = build(
        Settings(),
        profile=profile,
        folder=data and data.expanduser().resolve(),
        sample=Sample(profile, seed, customers, workers),
        page=out and out.expanduser().resolve(),
    )
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("opening the events", total=1.0)
        measurement = job.run(lambda step, done: bar.update(task, description=step, completed=done))
    if as_json:
        typer.echo(json.dumps(_list_facts(measurement, job.page), indent=2))
    else:
        _show(Console(), measurement)
        typer.echo(f"{say_verdict(measurement)}: {job.page}")
    if open_it and not webbrowser.open(job.page.as_uri()):
        typer.echo(f"no browser to open it with; open {job.page} yourself", err=True)
    unknown = measurement.count(Verdict.NOT_MEASURABLE)
    if not measurement.is_realistic or (strict and unknown):
        raise typer.Exit(1)


def _show(console: Console, measurement: Measurement) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("metric")
    for name in ("target", "tolerance", "measured"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    for result in measurement.results:
        why = f": {escape(result.why)}" if result.why else ""
        table.add_row(
            escape(result.metric.title),
            result.target_text,
            result.tolerance_text,
            result.measured_text,
            f"[{STYLES[result.verdict]}]{result.verdict}[/]{why}",
        )
    console.print(table)


def _list_facts(measurement: Measurement, page: Path) -> dict[str, object]:
    return {
        "profile": measurement.targets.profile,
        "realistic": measurement.is_realistic,
        "page": str(page),
        "metrics": [
            {
                "metric": result.metric.metric_id,
                "title": result.metric.title,
                "unit": result.metric.unit.value,
                "measured": result.measured,
                "target": result.implied if result.target.target == "implied" else result.target.target,
                # JSON has no infinity: a side without a bound is null.
                "least": result.least if result.least > float("-inf") else None,
                "most": result.most if result.most < float("inf") else None,
                "verdict": result.verdict.value,
                "why": result.why,
                "source": result.target.source,
            }
            for result in measurement.results
        ],
    }
