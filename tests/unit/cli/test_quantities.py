"""Quantities on the command line."""

from collections.abc import Callable

import pytest
import typer

from stafford.cli.quantities import (
    parse_bytes,
    parse_duration,
    parse_rate,
    parse_speed,
    write_age,
    write_bytes,
)


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parse_rate, "50/s", 50 * 86_400),
        (parse_rate, "0.5", 43_200),
        (parse_rate, "50k/s", 50_000 * 86_400),
        (parse_rate, "7000/day", 7000),
        (parse_rate, "60/min", 86_400),
        (parse_speed, "60x", 60),
        (parse_speed, "1", 1),
        (parse_duration, "30s", 30),
        (parse_duration, "5m", 300),
        (parse_duration, "1.5h", 5400),
        (parse_duration, "7", 7),
        (parse_duration, "7d", 604_800),
        (parse_bytes, "300B", 300),
        (parse_bytes, "1.5MB", 1_500_000),
        (parse_bytes, "1GiB", 1_073_741_824),
        (parse_bytes, "42", 42),
    ],
)
def test_quantities_carry_their_units(parse: Callable[[str], float], text: str, value: float) -> None:
    """Rates, speeds, times and sizes are read as people write them."""
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text"),
    [(parse_rate, "fast"), (parse_rate, "0/s"), (parse_rate, "-5/s"), (parse_rate, "5/week"),
     (parse_speed, "x"), (parse_speed, "0x"), (parse_duration, "soon"), (parse_duration, "-3s"),
     (parse_bytes, "much"), (parse_bytes, "0B"), (parse_bytes, "3 miles")],
)  # fmt: skip
def test_what_is_no_quantity_is_refused_with_an_example(parse: Callable[[str], float], text: str) -> None:
    """The message shows how it is written."""
    with pytest.raises(typer.BadParameter, match="write"):
        parse(text)


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 B"), (999, "999 B"), (15_500_000, "15.5 MB"), (2.81232e13, "28.1 TB")]
)
def test_sizes_are_written_short(number: float, text: str) -> None:
    """Three digits and a unit in powers of ten."""
    assert write_bytes(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (90, "90 s"), (180, "3 min"), (18_000, "5 h"), (200_000, "2 d")]
)
def test_an_age_is_written_in_the_largest_unit_of_which_there_are_two(seconds: float, text: str) -> None:
    """So that 90 seconds are not "2 min"."""
    assert write_age(seconds) == text
