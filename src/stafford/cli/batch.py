"""`stafford batch`: sessions and daily numbers from silver, also while an ingestion runs."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from stafford.domain.lake import GOLD
from stafford.jobs.batch import build
from stafford.lakehouse.gold.days import spans
from stafford.lakehouse.gold.rebuild import Rebuilt
from stafford.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help="Make sessions and daily numbers from silver, by whole UTC days of event time.",
)

MOST_SHOWN = 6
"""Stretches of days on a line: what comes late comes for few."""


class Name(StrEnum):
    """A gold table, for --table."""

    SESSIONS = "sessions"
    DAILY = "daily"


Tables = Annotated[
    list[Name] | None, typer.Option("--table", help="Only this table; may be given again \\[default: all].")
]
Gap = Annotated[
    int | None,
    typer.Option(
        "--gap-minutes",
        min=1,
        max=1440,
        help="A longer pause ends a session \\[default: the table's, or 30].",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON array, for scripts.")]


@app.command()
def refresh(table: Tables = None, gap_minutes: Gap = None, as_json: AsJson = False) -> None:
    """Make the days anew that silver got events of since the last run, however late they came.

    The first run makes all days, and so does another gap. Days that come out as they were are not written.
    Safe to repeat, to kill, and to run beside an ingestion.

    Example: stafford batch refresh
    """
    with Console(stderr=True).status("looking at silver") as status:
        done = build(Settings()).refresh(_names(table), gap_minutes, status.update)
    _say(done, as_json=as_json)


@app.command()
def backfill(
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="First day, UTC.")
    ],
    last: Annotated[
        datetime, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="Last day, UTC; included.")
    ],
    table: Tables = None,
    gap_minutes: Gap = None,
    as_json: AsJson = False,
) -> None:
    """Make the days of a range anew, and no others, whether or not anything changed.

    Safe to repeat, to kill, and to run beside an ingestion.

    Example: stafford batch backfill --from 2026-01-05 --to 2026-01-07
    """
    with Console(stderr=True).status("looking at silver") as status:
        done = build(Settings()).backfill(
            _names(table), first.date(), last.date(), gap_minutes, status.update
        )
    _say(done, as_json=as_json)


def _names(tables: list[Name] | None) -> Sequence[str]:
    return [name for name in GOLD if not tables or name in tables]


def _say(done: list[Rebuilt], *, as_json: bool) -> None:
    if as_json:
        said = [{"table": each.table, "days": [day.isoformat() for day in each.days]} for each in done]
        typer.echo(json.dumps(said))
        return
    for each in done:
        if not each.days:
            typer.echo(f"{each.table}: up to date")
            continue
        stretches = spans(each.days)
        listed = ", ".join(_stretch(*stretch) for stretch in stretches[:MOST_SHOWN])
        rest = f" and {len(stretches) - MOST_SHOWN} more stretches" if len(stretches) > MOST_SHOWN else ""
        typer.echo(f"{each.table}: {_count(each.days)} made anew: {listed}{rest}")


def _stretch(first: date, last: date) -> str:
    return first.isoformat() if first == last else f"{first} to {last}"


def _count(days: Sequence[date]) -> str:
    return "1 day" if len(days) == 1 else f"{len(days):,} days"
