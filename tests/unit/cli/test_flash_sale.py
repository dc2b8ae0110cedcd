"""How people write a flash sale, and what is refused."""

from datetime import timedelta

import pytest
import typer

from stafford.cli.simulate import parse_flash_sale
from stafford.jobs.simulate import PlannedSale

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("text", "sale"),
    [
        (
            "in 2m for 5m electronics -30% x8",
            PlannedSale(2 * MINUTE, 5 * MINUTE, "electronics", 30, 8.0),
        ),
        (
            "  in 30s for 1h beauty -1% x1 ",
            PlannedSale(MINUTE / 2, 60 * MINUTE, "beauty", 1, 1.0),
        ),
        (
            "in 1d for 2h apparel -90% x1.5",
            PlannedSale(1440 * MINUTE, 120 * MINUTE, "apparel", 90, 1.5),
        ),
        ("in 1m for 1m home -50% x50", PlannedSale(MINUTE, MINUTE, "home", 50, 50.0)),
    ],
)
def test_a_sale_is_read(text: str, sale: PlannedSale) -> None:
    """When, for how long, what, the discount and the rush, up to the bounds of each."""
    assert parse_flash_sale(text) == sale


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is no flash sale; write: in 2m"),
        ("in 2m for 5m electronics", "is no flash sale"),
        ("in 2m for 5m electronics -0% x8", "1 to 90%"),
        ("in 2m for 5m electronics -91% x8", "1 to 90%"),
        ("in 2m for 5m electronics 30% x8", "is no flash sale"),
        ("in 2m for 5m electronics -30% x0.5", "x1 to x50"),
        ("in 2m for 5m electronics -30% x51", "x1 to x50"),
        ("in 2m for 5m electronics -30% 8", "is no flash sale"),
        ("in 2m for 5m unicorns -30% x8", "'unicorns' is no category; there are "),
        ("in soon for 5m electronics -30% x8", "soon"),
        ("in 2m for ever electronics -30% x8", "ever"),
        ("in 2m for 5m electronics -30% x8 and more", "is no flash sale"),
    ],
)
def test_what_is_no_sale_is_refused(text: str, told: str) -> None:
    """The words that are wrong, and how to write it."""
    with pytest.raises(typer.BadParameter) as refused:
        parse_flash_sale(text)
    assert told in str(refused.value)
