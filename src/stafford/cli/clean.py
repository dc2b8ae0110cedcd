"""`stafford clean`: remove what runs wrote."""

from typing import Annotated

import typer

from stafford.jobs.clean import build
from stafford.settings import Settings


def clean(
    cache: Annotated[
        bool, typer.Option("--cache", help="Remove downloaded jars and environments too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
) -> None:
    """Stop the home's broker and delete the home: topics, lake, ledger, warehouse and report.

    Refuses a folder that holds anything else.

    Example: stafford --home data/demo clean --yes
    """
    job = build(Settings(), cache=cache)
    if not job.doomed:
        typer.echo("nothing to clean")
        return
    if not yes:
        typer.confirm(f"delete {', '.join(map(str, job.doomed))}?", abort=True)
    job.run()
    for path in job.doomed:
        typer.echo(f"deleted {path}")
