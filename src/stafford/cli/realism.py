"""`stafford realism`: how much events resemble a real shop's."""

import json
import re
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from stafford.jobs.realism import RealismJob, Sample, build, build_each
from stafford.realism import Measurement, Verdict, compare_seeds, say_verdict
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
    seeds: Annotated[
        str | None,
        typer.Option(
            metavar="SEEDS",
            help="In place of --seed: several, as 7,8,9; one page each, and the worst verdict.",
        ),
    ] = None,
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
    if seeds is not None:
        if data is not None or open_it:
            raise typer.BadParameter("give --seeds without --data and --open")
        sample = Sample(profile, customers=customers, workers=workers)
        several = build_each(
            Settings(),
            profile=profile,
            seeds=parse_seeds(seeds),
            sample=sample,
            page=out and out.expanduser().resolve(),
        )
        _judge_each(several, strict=strict, as_json=as_json)
        return
    job = build(
        Settings(),
        profile=profile,
        folder=data and data.expanduser().resolve(),
        sample=Sample(profile, seed, customers, workers),
        page=out and out.expanduser().resolve(),
    )
    measurement = _run(job, "opening the events")
    if as_json:
        typer.echo(json.dumps(_list_facts(measurement, job.page), indent=2))
    else:
        _show(Console(), {"measured": measurement})
        typer.echo(f"{say_verdict(measurement)}: {job.page}")
    if open_it and not webbrowser.open(job.page.as_uri()):
        typer.echo(f"no browser to open it with; open {job.page} yourself", err=True)
    unknown = measurement.count(Verdict.NOT_MEASURABLE)
    if not measurement.is_realistic or (strict and unknown):
        raise typer.Exit(1)


def parse_seeds(text: str) -> list[int]:
    """Read "7,8,9"."""
    words = [word.strip() for word in text.split(",")]
    if not all(re.fullmatch(r"-?\d+", word) for word in words) or len(set(words)) < len(words):
        raise typer.BadParameter(f"{text!r} is no list of seeds; write each once, as 7,8,9")
    return [int(word) for word in words]


def _run(job: RealismJob, first: str) -> Measurement:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task(first, total=1.0)
        return job.run(lambda step, done: bar.update(task, description=step, completed=done))


def _judge_each(jobs: Mapping[int, RealismJob], *, strict: bool, as_json: bool) -> None:
    measured = {seed: _run(job, f"making the shop of seed {seed}") for seed, job in jobs.items()}
    if as_json:
        facts = [{"seed": seed, **_list_facts(each, jobs[seed].page)} for seed, each in measured.items()]
        typer.echo(json.dumps({"seeds": facts}, indent=2))
    else:
        _show(Console(), {f"seed {seed}": each for seed, each in measured.items()})
        for seed, each in measured.items():
            typer.echo(f"seed {seed}: {say_verdict(each)}: {jobs[seed].page}")
    unknown = any(each.count(Verdict.NOT_MEASURABLE) for each in measured.values())
    if not all(each.is_realistic for each in measured.values()) or (strict and unknown):
        raise typer.Exit(1)


def _show(console: Console, measured: Mapping[str, Measurement]) -> None:
    """One table; the keys head the columns of what was measured."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("metric")
    for name in ("target", "tolerance", *measured):
        table.add_column(name, justify="right", no_wrap=len(measured) == 1)
    table.add_column("verdict", overflow="fold")
    for row in compare_seeds(list(measured.values())):
        table.add_row(
            escape(row.title),
            row.target,
            row.tolerance,
            *row.measured,
            f"[{STYLES[row.verdict]}]{row.verdict}[/]" + (f": {escape(row.why)}" if row.why else ""),
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
