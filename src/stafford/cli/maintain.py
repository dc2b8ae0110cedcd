"""`stafford maintain`: keep the lake's tables fast and small, also while an ingestion runs."""

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from stafford.jobs.maintain import build
from stafford.lakehouse.maintenance import MIN_RETENTION
from stafford.settings import Settings

app = typer.Typer(
    no_args_is_help=True, help="Join small files, delete unneeded ones, and see what tables are made of."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]


@app.command()
def statistics(as_json: AsJson = False) -> None:
    """Show rows, files and size of each table, from their logs alone.

    Example: stafford maintain statistics
    """
    states = build(Settings()).describe()
    if as_json:
        typer.echo(json.dumps([asdict(state) for state in states]))
        return
    if not states:
        typer.echo("There are no tables yet; `stafford ingest` makes them.")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("table")
    for title in ("rows", "files", "small", "MB", "version"):
        table.add_column(title, justify="right")
    for state in states:
        size = f"{state.size_bytes / 1e6:,.1f}"
        counts = (f"{count:,}" for count in (state.rows, state.files, state.small_files))
        table.add_row(state.name, *counts, size, str(state.version))
    Console().print(table)


@app.command()
def compact(as_json: AsJson = False) -> None:
    """Join small files of every table; rows stay as they are, and an ingestion may go on meanwhile.

    Repeating it changes nothing. The files that were joined stay until `stafford maintain vacuum`.

    Example: stafford maintain compact
    """
    with Console(stderr=True).status("joining small files") as status:
        replaced = build(Settings()).compact(status.update)
    _say(replaced, "joined", "no table has small files to join", as_json=as_json)


@app.command()
def vacuum(
    days: Annotated[
        int, typer.Option(min=MIN_RETENTION.days, help="Keep what any version of so many days needs.")
    ] = MIN_RETENTION.days,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count the files, and delete none.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete files that no version of the last days needs; an ingestion may go on meanwhile.

    Start an ingestion that stood still for longer before you vacuum: it may need older files.

    Example: stafford maintain vacuum --days 14 --dry-run
    """
    deleted = build(Settings()).vacuum(timedelta(days=days), dry_run=dry_run)
    _say(deleted, "to delete" if dry_run else "deleted", "nothing to delete", as_json=as_json)


def _say(files: dict[str, int], verb: str, nothing: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(files))
    for name, count in files.items() if not as_json else ():
        typer.echo(f"{name}: {count:,} files {verb}")
    if not files and not as_json:
        typer.echo(nothing)
