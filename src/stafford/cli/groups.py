"""`stafford groups`: consumer groups, how far behind they are, and how to set them back."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stafford.cli.quantities import write_age
from stafford.jobs.groups import build
from stafford.settings import Settings
from stafford.transport.groups import Earliest, Latest, Move, Position, Target

app = typer.Typer(
    no_args_is_help=True,
    help="List consumer groups, show how far behind each is, and reset one.\n\n"
    "Stafford's own ingestion is no group: Spark keeps its offsets in its checkpoint.",
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
GroupName = Annotated[str, typer.Argument(help="The group.")]


def parse_target(text: str) -> Target:
    """Read "earliest", "latest" or an instant in ISO 8601; one without an offset is UTC."""
    if text in {"earliest", "latest"}:
        return Earliest() if text == "earliest" else Latest()
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as exc:
        raise typer.BadParameter(
            f"{text!r} is no position; write earliest, latest or an instant such as 2026-01-15T20:30:00Z"
        ) from exc
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


@app.command("list", epilog="Example: stafford groups list --json")
def list_command(as_json: Json = False) -> None:
    """List the groups that have members or have committed an offset."""
    with build(Settings()) as groups:
        found = groups.list_groups()
    if as_json:
        _print_json([{**asdict(group), "is_live": group.is_live} for group in found])
        return
    if not found:
        _console().print("No groups: nobody has committed an offset on this broker.")
        return
    table = _table("group", "state", "protocol", "members")
    for group in found:
        table.add_row(escape(group.group), group.state, group.protocol, str(len(group.members)))
    _console().print(table)


@app.command(epilog="Example: stafford groups lag dashboard")
def lag(group: GroupName, as_json: Json = False) -> None:
    """Show what a group has not read yet: records, and how long the oldest of them has been there.

    The time is that of the broker when it appended the record. It is found by reading one record of each
    partition that has a lag; nothing is committed.
    """
    with build(Settings()) as groups:
        found = groups.read_positions(group, with_time=True)
    total = sum(position.lag for position in found)
    if as_json:
        rows = [{**asdict(position), "lag": position.lag, "lost": position.lost} for position in found]
        _print_json({"group": group, "lag": total, "partitions": rows})
        return
    table = _table("topic", "partition", "committed", "end", "lag", "behind")
    for position in found:
        committed = "never" if position.committed is None else f"{position.committed:,}"
        behind = "" if not position.lag else _behind(position)
        place = (escape(position.topic), str(position.partition))
        table.add_row(*place, committed, f"{position.high:,}", f"{position.lag:,}", behind)
    table.add_row("total", "", "", "", f"{total:,}", "", style="bold")
    _console().print(table)
    for position in found:
        if position.lost:
            _console().print(
                f"[red]{escape(position.topic)} {position.partition}: {position.lost:,} offsets went before "
                "the group had read them[/]"
            )


@app.command(epilog="Example: stafford groups reset dashboard --to 2026-01-15T20:30:00Z --dry-run")
def reset(
    group: GroupName,
    to: Annotated[
        str,
        typer.Option(
            metavar="earliest|latest|TIMESTAMP",
            help="Where to: the first record, behind the last one, or the first that the broker got then or "
            "later (ISO 8601; UTC where it names no offset).",
        ),
    ],
    topic: Annotated[
        list[str] | None, typer.Option(help="Only this topic; may be repeated. Otherwise all it has read.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and stop.")] = False,
    as_json: Json = False,
) -> None:
    """Move a group to another place in its topics; it starts there when its members are back.

    A group with members is refused, also by --dry-run: they would commit over it. Records that are read
    again arrive twice, so its readers must be idempotent.
    """
    target = parse_target(to)
    with build(Settings()) as groups:
        moves = groups.plan_reset(group, target, topic or ())
        if not as_json:
            _show_moves(moves)
        if dry_run:
            groups.check_empty(group)
        else:
            groups.apply(group, moves)
    if as_json:
        _print_json({"group": group, "applied": not dry_run, "moves": [asdict(move) for move in moves]})
    elif moves:
        done = "would move" if dry_run else "moved"
        count = "1 partition" if len(moves) == 1 else f"{len(moves)} partitions"
        _console().print(f"\n{escape(group)} {done} in {count}.")


def _show_moves(moves: Sequence[Move]) -> None:
    if not moves:
        _console().print("Nothing to change: the group stands there already.")
        return
    table = _table("topic", "partition", "from", "to", "read again", "skipped")
    for move in moves:
        before = "never" if move.before is None else f"{move.before:,}"
        row = (escape(move.topic), str(move.partition), before, f"{move.after:,}")
        table.add_row(*row, f"{move.again:,}", f"{move.skipped:,}")
    _console().print(table)


def _behind(position: Position) -> str:
    return "" if position.behind_s is None else write_age(position.behind_s)


def _console() -> Console:
    return Console(soft_wrap=True, highlight=False)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        name = column in {"group", "topic", "state", "protocol"}
        table.add_column(column, justify="left" if name else "right", overflow="fold", no_wrap=not name)
    return table


def _print_json(document: object) -> None:
    typer.echo(json.dumps(document, indent=2))
