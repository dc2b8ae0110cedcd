"""`stafford clean`: remove what runs wrote."""

import shutil
from typing import Annotated

import typer

from stafford.jobs import broker
from stafford.settings import Settings


def clean(
    cache: Annotated[
        bool, typer.Option("--cache", help="Remove downloaded jars and environments too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
) -> None:
    """Stop the home's broker and delete the home: topics, lake, ledger, warehouse and report.

    Example: stafford --home data/demo clean --yes
    """
    settings = Settings()
    doomed = [settings.home_dir, *([settings.cache_dir] if cache else [])]
    doomed = [path for path in doomed if path.exists()]
    if not doomed:
        typer.echo("nothing to clean")
        return
    if not yes:
        typer.confirm(f"delete {', '.join(map(str, doomed))}?", abort=True)
    broker.stop(settings)
    for path in doomed:
        shutil.rmtree(path)
        typer.echo(f"deleted {path}")
