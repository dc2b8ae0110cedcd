"""`stafford live`: the shop's numbers, as they are now."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live

from stafford.cli.live_view import Seen, describe, draw
from stafford.errors import LiveUnavailable
from stafford.jobs.live import LiveJob, build
from stafford.settings import Settings

REDRAW_S = 1.0
LINE_EVERY_S = 5.0


def live(
    once: Annotated[bool, typer.Option("--once", help="Show the numbers once, then stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object once, for scripts.")] = False,
) -> None:
    """Watch revenue, orders, sessions and top products, until Ctrl-C.

    Reads the Redis that STAFFORD_REDIS names; `stafford ingest --continuous` with the same setting writes
    the numbers there. Minutes are those of event time, and now is the newest event that silver has. Without
    a terminal it prints a line every five seconds. With --once or --json the exit code is 75 when Redis is
    away.

    Example: stafford live
    """
    settings = Settings()
    job, home = build(settings), settings.home_dir.name
    if as_json:
        reading = job.read()
        typer.echo(json.dumps(None if reading is None else asdict(reading), default=_to_text))
        return
    console = Console()
    if once:
        reading = job.read()
        console.print(draw(home, Seen(reading), console.width))
        return
    try:
        _follow(job, home, console)
    except KeyboardInterrupt:
        return


def _follow(job: LiveJob, home: str, console: Console) -> None:
    look = _look(job)
    if not console.is_terminal:
        for seen in look:
            console.print(describe(seen), soft_wrap=True, highlight=False, markup=False)
            time.sleep(LINE_EVERY_S)
    with Live(console=console, screen=True, auto_refresh=False) as screen:
        for seen in look:
            screen.update(draw(home, seen, console.width), refresh=True)
            time.sleep(REDRAW_S)


def _look(job: LiveJob) -> Iterator[Seen]:
    """Look again and again; while Redis is away, what was seen last stays, and says so."""
    last = None
    had_at = time.monotonic()
    while True:
        try:
            last = job.read()
            had_at = time.monotonic()
            yield Seen(last)
        except LiveUnavailable as exc:
            yield Seen(last, str(exc), time.monotonic() - had_at)


def _to_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no JSON form")
