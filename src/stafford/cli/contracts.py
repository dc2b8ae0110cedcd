"""`stafford contracts`: the data contracts and what is derived from them."""

import json
from typing import Annotated

import typer

from stafford.jobs.contracts import build
from stafford.settings import Settings

app = typer.Typer(help="The data contracts, and what is derived from them.", no_args_is_help=True)


@app.command()
def derive(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a file is stale.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> None:
    """Write the dbt sources and the reference pages that the contracts imply.

    Example: stafford contracts derive --check
    """
    job = build(Settings())
    written: list[str] = []
    if check:
        job.check()
    else:
        written = job.derive()
    if as_json:
        typer.echo(json.dumps({"contracts": len(job.contracts), "written": written}))
    else:
        for path in written:
            typer.echo(f"wrote {path}")
        typer.echo(f"in step with {len(job.contracts)} contracts")


@app.command()
def schema(topic: Annotated[str, typer.Argument(help="A topic, such as orders.")]) -> None:
    """Print the JSON Schema of a topic's events, for a producer in any language.

    Example: stafford contracts schema orders > orders.schema.json
    """
    typer.echo(json.dumps(build(Settings()).schema(topic), ensure_ascii=False, indent=2))
