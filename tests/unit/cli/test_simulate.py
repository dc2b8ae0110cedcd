"""What a person may write after `stafford simulate`, and what they see."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from stafford.cli.simulate_view import describe, draw, show_progress
from stafford.jobs.simulate import Progress

PROGRESS = Progress(
    sent=1234,
    spooled=0,
    events_per_s=51.2,
    elapsed_s=0.0,
    shop_time=datetime(2026, 1, 15, 20, 31, 7, tzinfo=UTC),
    behind=timedelta(seconds=3),
    transport="kafka",
    backlog=0,
    trouble="",
    traffic_multiplier=1.83,
    counts={"page_viewed": 1000, "order_placed": 1},
)


@pytest.mark.parametrize("width", [60, 120])
def test_the_view_fits_a_narrow_terminal(width: int) -> None:
    """Nothing is cut off at 60 columns; a step that happened once still has a bar."""
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(draw(PROGRESS))
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 60
    assert any("2026-01-15 20:31:07 UTC" in line for line in lines)
    assert any(line.startswith("order_placed") and line.rstrip().endswith("█") for line in lines)
    assert any(line.startswith("refund_issued") and "█" not in line for line in lines)


def test_the_view_says_that_kafka_is_away() -> None:
    """Where records go, how many wait and why stand there, in 60 columns; when all is well, none of it."""
    trouble = "Kafka at 127.0.0.1:9092 did not take a batch for clickstream, customers, orders within 3 s"
    away = replace(PROGRESS, transport="files", backlog=3412, trouble=trouble)
    console = Console(file=io.StringIO(), width=60, force_terminal=False)
    console.print(draw(away))
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= 60
    assert "3,412 records in the spool for Kafka" in text
    assert trouble in " ".join(line.strip() for line in text.splitlines())
    assert describe(away).endswith("to files · 3,412 wait for Kafka")
    console = Console(file=io.StringIO(), width=60, force_terminal=False)
    console.print(draw(PROGRESS))
    assert "waiting" not in console.file.getvalue()


def test_a_pipe_gets_a_line_now_and_then() -> None:
    """Without a terminal there is a plain line every few seconds, and no control characters."""
    console = Console(file=io.StringIO(), width=40, force_terminal=False)
    with show_progress(console) as watch:
        for tenth in range(100):
            watch(Progress(**{**_fields(PROGRESS), "elapsed_s": tenth / 10}))
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[0] == "shop time 2026-01-15 20:31:07Z · 1,234 sent · 51/s · traffic x1.83 · to kafka"


def _fields(progress: Progress) -> dict[str, object]:
    return {name: getattr(progress, name) for name in Progress.__slots__}
