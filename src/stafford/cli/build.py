"""`stafford build`: the marts, by dbt."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from stafford.jobs.build import build as wire
from stafford.jobs.warehouse import Target
from stafford.settings import Settings


def build(
    target: Annotated[Target, typer.Option(help="The warehouse.")] = Target.DUCKDB,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> None:
    """Build the marts from what was published, and test them; the first run installs dbt.

    Fails, naming the model or the test, when one fails. Safe to repeat.

    Example: stafford publish && stafford build
    """
    job = wire(Settings(), target)
    with Console(stderr=True).status("building the marts") as status:
        result = job.run(status.update)
    if as_json:
        typer.echo(json.dumps({"target": target.value, "path": job.warehouse.place, **asdict(result)}))
        return
    warned = f", {result.warned} of them with a warning" if result.warned else ""
    typer.echo(
        f"{result.models} models built and {result.tests} tests passed{warned} "
        f"in {result.seconds:.1f} s: {job.warehouse.place}"
    )
