"""How far a run is: a bar in a terminal, a plain line now and then in a pipe."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

LINE_EVERY_S = 5.0
Watcher = Callable[[int, float], None]
"""Is told how many events are written, and what share of the window that is."""


@contextmanager
def show_progress(console: Console, clock: Callable[[], float] = time.monotonic) -> Iterator[Watcher]:
    """Give a watcher that shows on the console what it can show. clock: in seconds."""
    began, first, next_line = clock(), -1, clock() + LINE_EVERY_S

    def measure(rows: int) -> float:
        """Events per second since the first ones of this command, which may go on with another's run."""
        nonlocal began, first
        if first < 0:
            first, began = rows, clock()
        return (rows - first) / max(clock() - began, 1e-9)

    def print_line(rows: int, share: float) -> None:
        nonlocal next_line
        rate = measure(rows)
        if clock() >= next_line:
            next_line = clock() + LINE_EVERY_S
            line = f"{share:.0%} of the window · {rows:,} events · {rate:,.0f}/s"
            console.print(line, soft_wrap=True, highlight=False)

    if not console.is_terminal:
        yield print_line
        return
    columns = (BarColumn(None), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("opening the shop", total=1.0)

        def update(rows: int, share: float) -> None:
            bar.update(task, completed=share, description=f"{rows:,} events, {measure(rows):,.0f}/s")

        yield update
