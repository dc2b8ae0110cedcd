"""What `stafford live` shows: healthy, empty, stale, and without Redis, in a narrow and a wide terminal."""

from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console

from stafford.cli.big_digits import enlarge
from stafford.cli.live_view import STALE_AFTER_S, WIDE, Seen, describe, draw
from stafford.live.board import Reading
from stafford.live.numbers import Numbers, ProductSales, Sales

AT = datetime(2026, 2, 1, 21, 14, 7, tzinfo=UTC)
NUMBERS = Numbers(
    shop_time=AT,
    minute=Sales(3, 12_340),
    today=Sales(147, 1_702_693),
    active_sessions=412,
    revenue_by_minute_cents=(*(0,) * 27, 1, 20_000, 40_000),
    top_products=tuple(
        ProductSales(f"p-0000{number}", None if number == 3 else f"Linen Shirt {number}", 9, 90_000 - number)
        for number in range(9)
    ),
)
EMPTY = Numbers(None, Sales(), Sales(), 0, (0,) * 30, ())
HUGE = replace(NUMBERS, today=Sales(1_212_147, 998_170_269_300), active_sessions=4_120_000)

LARGE = replace(NUMBERS, today=Sales(12_147, 123_456_789))

HEALTHY = Seen(Reading(NUMBERS, AT, 1.2))
STALE = Seen(Reading(NUMBERS, AT, 45.0))
AWAY = Seen(Reading(NUMBERS, AT, 1.0), "Redis at 127.0.0.1:6379 does not answer", since_s=12.0)
NEVER = Seen(None, "Redis at 127.0.0.1:6379 does not answer", since_s=12.0)
NO_DATA = Seen(None)
NO_EVENTS = Seen(Reading(EMPTY, AT, 0.4))


def show(seen: Seen, width: int = 60, *, styled: bool = False) -> list[str]:
    console = Console(
        file=StringIO(), width=width, force_terminal=styled, color_system="standard" if styled else None
    )
    with console.capture() as captured:
        console.print(draw("demo", seen, width))
    return captured.get().splitlines()


def test_a_healthy_shop_is_shown_whole():
    """Both totals large, the minute, sessions, the chart with its scale, and products by name or id."""
    text = "\n".join(show(HEALTHY))
    for line in enlarge("17,026.93").splitlines():
        assert line in text
    for words in (
        "demo ",
        "shop time 2026-02-01 21:14:07Z ● 1 s ago",
        "EUR revenue today",
        "EUR 123.40 in 3 orders",
        "active sessions  412 in 30 minutes",
        "EUR 400.00 best",
        "EUR 600.01 in all",
        "Linen Shirt 0",
        "p-00003",
    ):
        assert words in text
    assert "OLD" not in text
    assert "ANSWER" not in text


def test_the_chart_shows_the_smallest_sale():
    """The best minute fills its column, half of it fills half, and one cent is not nothing."""
    shown = show(HEALTHY)
    first = next(number for number, line in enumerate(shown) if "revenue of the last" in line) + 1
    top, middle, bottom = (line[2:32] for line in shown[first : first + 3])
    assert top == " " * 29 + "█"
    assert middle == " " * 28 + "▄█"
    assert bottom == " " * 27 + "▁██"


def test_numbers_that_nobody_writes_are_loud():
    """Old numbers say how old they are and that nobody counts; numbers at the limit do not yet."""
    assert show(STALE)[1].strip() == "NOBODY COUNTS: THESE NUMBERS ARE 45 s OLD"
    at_limit = Seen(Reading(NUMBERS, AT, STALE_AFTER_S))
    assert at_limit.warning is None


def test_redis_away_is_loud_and_keeps_the_last_numbers():
    """It says why, and how old the picture is by now."""
    shown = show(AWAY)
    assert shown[1].strip() == "NO ANSWER FROM REDIS: THESE NUMBERS ARE 13 s OLD"
    assert shown[2].strip() == "Redis at 127.0.0.1:6379 does not answer"
    assert any("EUR 123.40 in 3 orders" in line for line in shown)


def test_redis_that_was_never_there_shows_no_numbers():
    """There is nothing to be old."""
    shown = show(NEVER)
    assert shown[1].strip() == "NO ANSWER FROM REDIS"
    assert len(shown) == 3


def test_no_numbers_yet_says_who_writes_them():
    """An empty place is no error, and the next step is named."""
    text = "\n".join(show(NO_DATA))
    assert "No numbers yet." in text
    assert "stafford ingest --continuous" in text


def test_a_shop_before_its_first_event_is_drawn():
    """Zeros, no bar, no product, no time."""
    text = "\n".join(show(NO_EVENTS))
    assert "shop time - ●" in text
    assert "nothing sold" in text
    assert "▁" not in text
    assert "█" not in text


@pytest.mark.parametrize(
    "seen", [HEALTHY, STALE, AWAY, NEVER, NO_DATA, NO_EVENTS, Seen(Reading(HUGE, AT, 9e6))]
)
@pytest.mark.parametrize("width", [60, 80, WIDE, 120])
def test_every_frame_fits(seen, width):
    """No line is longer than the terminal, and a healthy frame fits the lines that a terminal has."""
    shown = show(seen, width)
    assert max(len(line) for line in shown) <= width
    assert not any("…" in line for line in shown)
    assert len(shown) <= 26
    if seen is HEALTHY:
        assert len(shown) <= 23


def test_a_large_shop_is_shown_too():
    """Cents go first, and figures too long to be large are plain; none is cut."""
    assert enlarge("1,234,567").splitlines()[0] in "\n".join(show(Seen(Reading(LARGE, AT, 1))))
    text = "\n".join(show(Seen(Reading(HUGE, AT, 1))))
    assert "9,981,702,693.00 " in text
    assert "1,212,147 " in text


def test_a_wide_terminal_has_products_beside():
    """All products instead of five, in fewer lines."""
    narrow, wide = show(HEALTHY), show(HEALTHY, 120)
    assert sum("Linen Shirt" in line for line in narrow) == 4
    assert sum("Linen Shirt" in line for line in wide) == 8
    assert len(wide) < len(narrow)


@pytest.mark.parametrize("seen", [HEALTHY, STALE, AWAY])
def test_colours_are_read_on_dark_and_light(seen):
    """No white, black or yellow, which one of the two swallows; the warning is reversed."""
    text = "\n".join(show(seen, styled=True))
    for code in ("30m", "33m", "37m", "90m", "97m"):
        assert f"\x1b[{code}" not in text
        assert f";{code}" not in text
    assert ("\x1b[1;7;31m" in text) == (seen.warning is not None)


@pytest.mark.parametrize(
    ("seen", "starts"),
    [
        (
            HEALTHY,
            "shop time 2026-02-01 21:14:07Z · this minute EUR 123.40 in 3 orders · today EUR 17,026.93",
        ),
        (STALE, "NOBODY COUNTS: THESE NUMBERS ARE 45 s OLD · shop time"),
        (AWAY, "NO ANSWER FROM REDIS: THESE NUMBERS ARE 13 s OLD · Redis at 127.0.0.1:6379 does not answer"),
        (NEVER, "NO ANSWER FROM REDIS · Redis at 127.0.0.1:6379 does not answer"),
        (NO_DATA, "no numbers yet: `stafford ingest --continuous`"),
    ],
)
def test_a_line_for_a_log(seen, starts):
    """One line says the same, the loud part first."""
    line = describe(seen)
    assert line.startswith(starts)
    assert "\n" not in line


def test_large_figures_are_three_lines_of_one_length():
    """Each character keeps its width in all three lines."""
    lines = enlarge("0,123,456.789").splitlines()
    assert len(lines) == 3
    assert len({len(line) for line in lines}) == 1
