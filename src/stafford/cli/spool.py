"""`stafford spool`: what was accepted while Kafka was away."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from stafford.cli.quantities import write_age, write_bytes
from stafford.cli.simulate import stop_on_signals
from stafford.errors import CorruptSegment
from stafford.jobs.spool import build
from stafford.settings import Settings
from stafford.transport.inspection import Inspection

app = typer.Typer(
    no_args_is_help=True,
    help="Look at, check and empty the spool: records that were accepted while Kafka was away.",
    epilog="Example: stafford spool verify && stafford spool drain",
)

_AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
_NOTHING = "Nothing waits in the spool."


@app.command("list", epilog="Example: stafford spool list --json")
def list_command(as_json: _AsJson = False) -> None:
    """List the segments, oldest first: records, how many Kafka has already, size, age and state.

    A segment is `writing` while a command adds to it, `waiting` when it is complete, `draining` when Kafka
    has a part of it, and `damaged` when bytes in it have changed.
    """
    found = build(Settings()).list_segments()
    _print_segments(found, as_json=as_json)
    if any(one.waiting for one in found) and not as_json:
        typer.echo("\nThey wait for Kafka. `stafford ingest` reads them here, and leaves them.")


@app.command(epilog="Example: stafford spool verify --json")
def verify(as_json: _AsJson = False) -> None:
    """Read every byte and check it. Exit code 0 when all is whole, 65 when a segment is damaged.

    The torn tail of a batch that was being written when its writer died is no damage: it was never accepted.
    """
    found = build(Settings()).verify()
    _print_segments(found, as_json=as_json)
    damaged = [one for one in found if one.damage]
    if damaged:
        more = f" ({len(damaged) - 1} more are damaged)" if len(damaged) > 1 else ""
        raise CorruptSegment(f"{damaged[0].damage}{more}")
    if found and not as_json:
        torn = sum(one.torn_bytes for one in found)
        tail = f" {torn:,} bytes at an end were never accepted." if torn else ""
        whole = "The segment is whole." if len(found) == 1 else f"All {len(found)} segments are whole."
        typer.echo(f"\n{whole}{tail}")


@app.command("drain", epilog="Example: stafford spool drain")
def drain_command(as_json: _AsJson = False) -> None:
    """Give Kafka everything that waits, in order, and remove what it has. Safe to stop and to repeat.

    A running `stafford simulate` does this by itself; so does the next one, before it sends anything new.
    """
    job = build(Settings())
    console = Console(stderr=True)
    columns = (
        TextColumn("draining"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} records"),
        TimeElapsedColumn(),
    )
    with stop_on_signals() as stop, Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("drain", total=sum(one.waiting for one in job.list_segments()))
        done = job.drain(lambda sent, left: bar.update(task, completed=sent, total=sent + left), stop)
    if as_json:
        facts = {"drained": done.records, "left": done.left, "segments_left": done.segments}
        typer.echo(json.dumps({**facts, "bootstrap": done.bootstrap or None}))
    elif not done.bootstrap:
        typer.echo(_NOTHING)
    else:
        rest = f" {done.left:,} are left; run it again." if done.left else ""
        typer.echo(f"Kafka at {done.bootstrap} has the {done.records:,} records that waited.{rest}")


def _print_segments(found: Iterable[Inspection], *, as_json: bool) -> None:
    now, found = datetime.now(UTC), list(found)
    if as_json:
        typer.echo(json.dumps([_to_json(one, now) for one in found], indent=2))
        return
    if not found:
        typer.echo(_NOTHING)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("segment", "records", "in Kafka", "size", "age", "state"):
        is_number = column in {"records", "in Kafka", "size", "age"}
        table.add_column(column, no_wrap=True, justify="right" if is_number else "left")
    for one in found:
        age = "" if one.began_at is None else write_age((now - one.began_at).total_seconds())
        state = f"[red]{_state(one)}[/]" if one.damage else _state(one)
        counts = (f"{one.records:,}", f"{one.drained:,}", write_bytes(one.segment.size_bytes))
        table.add_row(escape(one.segment.name), *counts, age, state)
    Console(soft_wrap=True, highlight=False).print(table)


def _state(one: Inspection) -> str:
    if one.damage:
        return "damaged"
    if not one.segment.is_sealed:
        return "writing"
    return "draining" if one.drained else "waiting"


def _to_json(one: Inspection, now: datetime) -> dict[str, object]:
    began_at = one.began_at
    return {
        "segment": one.segment.name,
        "path": str(one.segment.path),
        "state": _state(one),
        "records": one.records,
        "drained": one.drained,
        "size_bytes": one.segment.size_bytes,
        "torn_bytes": one.torn_bytes,
        "began_at": began_at.isoformat().replace("+00:00", "Z") if began_at else None,
        "age_s": round((now - began_at).total_seconds(), 1) if began_at else None,
        "damage": one.damage or None,
    }
