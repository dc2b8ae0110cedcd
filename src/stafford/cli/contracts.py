"""`stafford contracts`: the data contracts and what is derived from them."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from stafford.errors import ContractViolation
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
def check(
    old: Annotated[str, typer.Argument(help="A folder of contracts, or a git revision such as main.")],
    new: Annotated[
        str | None,
        typer.Argument(help="The same; without it, the contracts as they are.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> None:
    """Compare two versions of the contracts. Exit code 65 when the new one breaks with the old.

    Compatible is what takes every record that the old one took, in the tables that are there: a new optional
    field, a wider enum, a looser bound. All else is named, with the field and what to do.

    Example: stafford contracts check main
    """
    changes = build(Settings()).compare(old, new)
    breaking = [change for change in changes if change.is_breaking]
    if as_json:
        typer.echo(
            json.dumps({"compatible": not breaking, "changes": [asdict(c) for c in changes]}, indent=2)
        )
    else:
        for change in sorted(changes, key=lambda change: not change.is_breaking):
            typer.echo(f"{'breaks ' if change.is_breaking else 'allowed'}  {change}")
        if not changes:
            typer.echo("no difference that a record or a table can tell")
    if breaking:
        fields = ", ".join(dict.fromkeys(change.place for change in breaking))
        raise ContractViolation(f"the new contracts break with the old in {fields}; do as it says above")


@app.command()
def schema(topic: Annotated[str, typer.Argument(help="A topic, such as orders.")]) -> None:
    """Print the JSON Schema of a topic's events, for a producer in any language.

    Example: stafford contracts schema orders > orders.schema.json
    """
    typer.echo(json.dumps(build(Settings()).schema(topic), ensure_ascii=False, indent=2))
