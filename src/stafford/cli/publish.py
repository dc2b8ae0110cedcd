"""`stafford publish`: silver into the warehouse."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from stafford.jobs.publish import build
from stafford.jobs.warehouse import Target
from stafford.settings import Settings


def publish(
    target: Annotated[Target, typer.Option(help="The warehouse.")] = Target.DUCKDB,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> None:
    """Copy the newest version of every silver table into the warehouse, all of them or none.

    Safe to repeat: a table that is already there is left alone. `postgres` is the server that
    STAFFORD_POSTGRES names.

    Example: stafford publish --json
    """
    job = build(Settings(), target)
    console = Console(stderr=True)
    with console.status("publishing silver") as status:
        published = job.run(status.update)
    for note in published.notes:
        typer.echo(f"note: {note}", err=True)
    if as_json:
        typer.echo(json.dumps({"target": target.value, "path": job.place, **asdict(published)}))
        return
    for topic, rows in published.rows.items():
        version = published.versions[topic]
        origin = "no silver table yet" if version is None else f"Delta version {version}"
        note = "" if topic in published.changed else ", was there already"
        typer.echo(f"{topic:<12} {rows:>12,} rows  {origin}{note}")
    typer.echo(f"{len(published.changed)} of {len(published.rows)} tables written to {job.place}")
