"""Where a reset goes, as people write it."""

from datetime import UTC, datetime

import pytest
import typer

from stafford.cli.groups import parse_target
from stafford.transport.groups import Earliest, Latest

EVENING = datetime(2026, 1, 15, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("earliest", Earliest()),
        ("latest", Latest()),
        ("2026-01-15T20:30:00Z", EVENING),
        ("2026-01-15 21:30+01:00", EVENING),
        ("2026-01-15T20:30", EVENING),
    ],
)
def test_a_target_is_read(text: str, target: object) -> None:
    """The two ends by name, an instant by ISO 8601; one without an offset is UTC."""
    assert parse_target(text) == target


@pytest.mark.parametrize("text", ["", "yesterday", "Earliest", "1768509000", "2026-01-32"])
def test_what_is_no_target_is_refused(text: str) -> None:
    """With what could be written instead."""
    with pytest.raises(typer.BadParameter, match="write earliest, latest or an instant"):
        parse_target(text)
