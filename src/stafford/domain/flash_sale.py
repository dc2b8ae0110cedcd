"""A sale of minutes, as a person orders it and the shop lives it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FlashSale:
    """A sale of minutes: busy, and about one category.

    start, end: UTC microseconds; category: place among the words of the catalogue; factor: how much busier
    the shop is; discount_percent: off the price of each line of that category.
    """

    start: int
    end: int
    category: int
    discount_percent: int
    factor: float
