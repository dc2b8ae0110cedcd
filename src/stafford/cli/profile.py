"""`stafford profile`: the kinds of shop that the generator knows."""

import json
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stafford.errors import ConfigError
from stafford.generator.comparison import Difference
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


@app.command(epilog="Example: stafford profile compare fashion-retail electronics")
def compare(
    one: Name,
    other: Name,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> None:
    """Show the fields in which two profiles differ, side by side. Exit code 0 whether they differ or not.

    Shares are between 0 and 1, and weights are relative to their neighbours, as in the files. A dash stands
    where a profile does not have a field.
    """
    found = build(Settings()).compare(one, other)
    if as_json:
        fields = [
            {"field": f"{f.section}.{f.field}", "unit": f.unit or None, "values": f.values} for f in found
        ]
        typer.echo(json.dumps({"profiles": [one, other], "differ": len(found), "fields": fields}, indent=2))
        return
    if found:
        _show_differences(Console(), _name_columns(one, other), found)
    typer.echo(f"{_count(len(found))}")


def _count(fields: int) -> str:
    return {0: "no field differs", 1: "1 field differs"}.get(fields, f"{fields} fields differ")


def _name_columns(one: str, other: str) -> tuple[str, str]:
    stems = Path(one).stem, Path(other).stem
    return (one, other) if stems[0] == stems[1] else stems


def _show_differences(console: Console, names: tuple[str, str], found: list[Difference]) -> None:
    rows = {section: [_row(f) for f in fields] for section, fields in groupby(found, attrgetter("section"))}
    cells = [row for of_section in rows.values() for row in of_section]
    field_width = max(len(field) for field, *_ in cells) + 2
    widest = max(map(len, [*names, *(value for _, *values in cells for value in values)]))
    width = max(1, min(widest, (console.width - field_width - 4) // 2))
    _show_rows(console, [("", *names)], field_width, width, style="dim")
    for section, of_section in rows.items():
        console.print(f"[bold]{escape(section)}[/]", highlight=False)
        _show_rows(console, of_section, field_width, width)


def _show_rows(
    console: Console, rows: list[tuple[str, str, str]], field_width: int, width: int, *, style: str = ""
) -> None:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(width=field_width)
    for _ in range(2):
        table.add_column(justify="right", overflow="fold", width=width, style=style)
    for field, one, other in rows:
        table.add_row(f"  {escape(field)}", escape(one), escape(other))
    console.print(table)


def _row(difference: Difference) -> tuple[str, str, str]:
    one, other = (_say(value, difference.unit) for value in difference.values)
    return difference.field, one, other


def _say(value: Any, unit: str) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict) and value.keys() != {"least", "most"}:
        return "present"
    if isinstance(value, dict):
        text = f"{value['least']}-{value['most']}"
    elif isinstance(value, list):
        text = ", ".join(map(_say_one, value)) or "-"
    else:
        text = _say_one(value)
    return f"{text} {unit}".rstrip()


def _say_one(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
