"""`stafford generate`: a shop's events as files."""

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from stafford.cli.generate_view import show_progress
from stafford.domain.window import Window
from stafford.generator.files import Format
from stafford.jobs.generate import build
from stafford.settings import Settings

_INSTANTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]
_METAVAR = "DATE[THH:MM[:SS]]"


def generate(
    start: Annotated[
        datetime, typer.Option("--from", formats=_INSTANTS, metavar=_METAVAR, help="Begin, UTC.")
    ],
    end: Annotated[
        datetime, typer.Option("--to", formats=_INSTANTS, metavar=_METAVAR, help="End, UTC; not included.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to write; must be free.")],
    events_per_day: Annotated[
        float | None, typer.Option(min=1, help="Size of the shop: mean records a day \\[default: 7000].")
    ] = None,
    customers: Annotated[
        int | None,
        typer.Option(min=1, help="Size of the shop: customers who have registered when the window ends."),
    ] = None,
    profile: Annotated[
        str, typer.Option(help="Name of a profile in config/profiles, or path of a YAML file.")
    ] = "fashion-retail",
    seed: Annotated[int, typer.Option(help="Which shop of its kind.")] = 7,
    opens_at: Annotated[
        datetime | None,
        typer.Option(
            formats=_INSTANTS, metavar=_METAVAR, help="When the shop opens, UTC \\[default: --from]."
        ),
    ] = None,
    file_format: Annotated[Format, typer.Option("--format", help="How to write.")] = Format.PARQUET,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes; each writes files of its own.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was killed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> None:
    """Write the events of a shop to files, a folder per topic, with the truth about each under labels/.

    The same options give the same events on every machine. Needs no Kafka.

    Example: stafford generate --from 2026-01-01 --to 2026-02-01 --seed 7 --out january
    """
    if customers is not None and events_per_day is not None:
        raise typer.BadParameter("give --customers or --events-per-day, not both")
    job = build(
        Settings(),
        window=Window(start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)),
        opens_at=opens_at and opens_at.replace(tzinfo=UTC),
        events_per_day=events_per_day,
        customers=customers,
        profile=profile,
        seed=seed,
        file_format=file_format,
        folder=out.expanduser().resolve(),
        workers=workers,
    )
    began = time.monotonic()
    with show_progress(Console(stderr=True)) as show:
        try:
            generated = job.run(show, resume=resume)
        except KeyboardInterrupt:
            typer.echo("stopped by Ctrl-C; the same command with --resume goes on from here", err=True)
            raise typer.Exit(130) from None
    if as_json:
        typer.echo(json.dumps({"folder": str(job.folder), **asdict(generated)}))
        return
    typer.echo(f"{'topic':<12} {'events':>12}")
    for topic, rows in sorted(generated.rows.items()):
        typer.echo(f"{topic:<12} {rows:>12,}")
    total = sum(generated.rows.values())
    note = "was there already" if generated.was_there else f"in {time.monotonic() - began:.1f} s"
    typer.echo(f"run {generated.run_id}: {total:,} events {note}: {job.folder}")
