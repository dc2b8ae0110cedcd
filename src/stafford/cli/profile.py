"""`stafford profile`: the kinds of shop that the generator knows."""

import json
from typing import Annotated

import typer

from stafford.errors import ConfigError
from stafford.jobs.profiles import build
from stafford.settings import Settings

app = typer.Typer(help="The kinds of shop that the generator knows.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="A name, such as fashion-retail, or the path of a YAML file.")]


@app.command("list", epilog="Example: stafford profile list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """List the profiles that have a name."""
    known = {profile.name: profile.description for profile in build(Settings()).known()}
    if as_json:
        typer.echo(json.dumps(known, indent=2))
        return
    for name, description in known.items():
        typer.echo(f"{name}: {description}")


@app.command(epilog="Example: stafford profile show fashion-retail > mine.yaml")
def show(
    name: Name,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print it as JSON, without comments, for scripts.")
    ] = False,
) -> None:
    """Print a profile with its units and sources: a place to begin one of your own."""
    job = build(Settings())
    typer.echo(job.load(name).model_dump_json(indent=2) if as_json else job.text(name), nl=as_json)


@app.command(epilog="Example: stafford profile validate mine.yaml")
def validate(
    names: Annotated[list[str], typer.Argument(help="Names, or paths of YAML files.", metavar="NAME...")],
) -> None:
    """Check profiles. Exit code 78 when one is wrong: says the field, its value and what is allowed."""
    faults = list(build(Settings()).faults(names))
    if faults:
        raise ConfigError("\n".join(faults))
    typer.echo("fine" if len(names) == 1 else f"all {len(names)} are fine")
