"""Numbers and instants in words."""

from datetime import date, timedelta

import pytest

from stafford.report.wording import (
    say_amount,
    say_bytes,
    say_count,
    say_day,
    say_euros,
    say_length,
    say_seconds,
    say_share,
    shorten,
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (say_count(1_234_567), "1,234,567"),
        (say_count(1, "order"), "1 order"),
        (say_count(0, "order"), "0 orders"),
        (say_euros(9_999), "EUR 99.99"),
        (say_euros(1_234_567), "EUR 12,346"),
        (say_amount(-12_345), "-123.45"),
        (say_share(1, 3), "33 %"),
        (say_share(1, 30), "3.3 %"),
        (say_share(1, 10_000), "under 0.1 %"),
        (say_share(0, 5), "0 %"),
        (say_share(5, 0), "n/a"),
        (say_day(date(2026, 1, 17)), "Saturday 17 January"),
        (say_length(timedelta(days=7)), "7 days"),
        (say_length(timedelta(hours=36)), "36 hours"),
        (say_length(timedelta(hours=24)), "24 hours"),
        (say_length(timedelta(days=7, hours=4)), "7.2 days"),
        (say_length(timedelta(minutes=20)), "20 minutes"),
        (say_seconds(0.42), "0.4 s"),
        (say_seconds(59.7), "1 min 0 s"),
        (say_seconds(125), "2 min 5 s"),
        (say_bytes(512 << 20), "512 MiB"),
        (say_bytes(3_328_599_654), "3.1 GiB"),
        (shorten("short", 5), "short"),
        (shorten("two\nlines  here", 20), "two lines here"),
        (shorten("a longer name", 9), "a longer…"),
    ],
)
def test_words(said: str, expected: str) -> None:
    """People read what they expect to read."""
    assert said == expected
