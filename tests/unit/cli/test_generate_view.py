"""What a person sees of `stafford generate` while it writes."""

import io
import os

import pytest
from rich.console import Console

from stafford.cli.generate_view import show_progress


class Stopwatch:
    """Shows the seconds that it is set to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def _watch(console: Console, seconds: float) -> None:
    """A run of so many seconds that tells four times in each, at a thousand events a second."""
    clock = Stopwatch()
    with show_progress(console, clock) as watch:
        for quarter in range(round(seconds * 4) + 1):
            clock.seconds = quarter / 4
            watch(1_000_000 + quarter * 250, quarter / (seconds * 4))


@pytest.mark.skipif(os.name != "posix", reason="a pipe that one process both writes and reads")
def test_a_pipe_gets_a_plain_line_now_and_then() -> None:
    """Every five seconds one line without control characters, with the pace of this command alone."""
    read, write = os.pipe()
    with os.fdopen(read, encoding="utf-8") as reader, os.fdopen(write, "w", encoding="utf-8") as writer:
        _watch(Console(file=writer), 12.0)
        writer.close()
        lines = reader.read().split("\n")
    assert lines == [
        "42% of the window · 1,005,000 events · 1,000/s",
        "83% of the window · 1,010,000 events · 1,000/s",
        "",
    ]


def test_a_short_run_says_nothing_in_a_pipe() -> None:
    """What is done before the first line is due needs none."""
    console = Console(file=io.StringIO())
    _watch(console, 4.0)
    assert console.file.getvalue() == ""


def test_a_terminal_gets_a_bar_that_goes_away() -> None:
    """In a terminal the number of events stands beside a bar, on one line that is cleared at the end."""
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    _watch(console, 12.0)
    drawn = console.file.getvalue()
    assert "1,012,000 events, 1,000/s" in drawn
    assert drawn.endswith("\x1b[2K")
