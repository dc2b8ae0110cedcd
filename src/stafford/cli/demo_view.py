"""How a running demo looks: one live picture in a terminal, a line a stage in a pipe."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from stafford.cli.simulate_view import describe, draw
from stafford.jobs.simulate import Progress
from stafford.lakehouse.counts import Counts

LINE_EVERY_S = 5.0


class DemoView:
    """Collects what the demo tells; draws it, or prints it line by line."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._done: list[tuple[str, float]] = []
        self._title = ""
        self._began = time.monotonic()
        self._said = ""
        self._traffic: Progress | None = None
        self._lake: Counts | None = None
        self._next_line = 0.0
        self.is_live = console.is_terminal

    def stage(self, title: str) -> None:
        """A stage begins, and the one before it has ended."""
        with self._lock:
            self.end_stage()
            self._title, self._began, self._said = title, time.monotonic(), ""
            self._traffic = None
        self._print(f"▸ {title}")

    def end_stage(self) -> None:
        """Note how long the running stage took."""
        if self._title:
            self._done.append((self._title, time.monotonic() - self._began))
            self._title = ""

    def say(self, text: str) -> None:
        """What is being done or waited for."""
        self._said = text
        self._print_now_and_then(f"  {text}")

    def warn(self, text: str) -> None:
        """Stays on the screen."""
        self._console.print(Text(f"! {text}", style="bold yellow"), soft_wrap=True)

    def traffic(self, progress: Progress) -> None:
        """Records were sent."""
        self._traffic = progress
        self._print_now_and_then(f"  {describe(progress)}")

    def lake(self, counts: Counts) -> None:
        """How far the lake is."""
        self._lake = counts
        self._print_now_and_then(f"  {_sentence(counts)}")

    def __rich__(self) -> RenderableType:
        """The picture now. Fits 60 columns."""
        parts: list[RenderableType] = []
        with self._lock:
            for title, seconds in self._done:
                parts.append(_row("[green]✔[/]", title, f"{seconds:.1f} s"))
            if self._title:
                elapsed = time.monotonic() - self._began
                parts.append(
                    _row(Spinner("dots", style="cyan"), f"[bold]{self._title}[/]", f"{elapsed:.0f} s")
                )
        if self._said:
            parts.append(
                Padding(Text(self._said, style="dim", overflow="ellipsis", no_wrap=True), (0, 0, 0, 2))
            )
        if self._traffic is not None:
            parts.append(Padding(draw(self._traffic), (1, 0, 0, 2)))
        if self._lake is not None and self._lake.bronze:
            parts.append(Padding(Text(_sentence(self._lake)), (0, 0, 0, 2)))
        return Group(*parts)

    def _print(self, line: str) -> None:
        if not self.is_live:
            self._console.print(line, soft_wrap=True, highlight=False, markup=False)

    def _print_now_and_then(self, line: str) -> None:
        if time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_EVERY_S
            self._print(line)


@contextmanager
def show_demo(console: Console) -> Iterator[DemoView]:
    """Give a watcher that draws on the console for as long as the `with` lasts."""
    view = DemoView(console)
    if not view.is_live:
        yield view
        return
    with Live(view, console=console, refresh_per_second=5):
        yield view
        view.end_stage()


def _row(sign: RenderableType, title: str, seconds: str) -> Table:
    row = Table.grid(padding=(0, 1))
    row.add_column(width=1)
    row.add_column(width=44)
    row.add_column(justify="right", width=8)
    row.add_row(sign, title, f"[dim]{seconds}[/]")
    return row


def _sentence(counts: Counts) -> str:
    return (
        f"bronze {counts.bronze:,} · silver {counts.silver:,} · quarantine {counts.quarantined:,} · "
        f"waiting {max(counts.backlog, 0):,}"
    )
