"""Goods that were put into the cart in one visit and are ordered in a later one.

Who orders so, and when, is decided by `customers`: the order is the model's, and the visit that fills the
cart is put before it. What lies in the cart is decided, and set aside, when it is filled. It waits here for
the order.
"""

from dataclasses import dataclass

import numpy as np

from stafford.generator.baskets import MOST_LINES, Baskets
from stafford.generator.layout import NOTHING
from stafford.generator.randomness import Flags, Ints, Keys, derive, name_stream

_FILLS = name_stream("visit that fills a kept cart")
_KEY, _START, _CUSTOMER, _IS_FILLED, _GOODS = range(5)


@dataclass(frozen=True, slots=True)
class Kept:
    """Customers who come to order, in order of (start, key). is_filled: whether the goods are in the cart."""

    key: Keys
    start: Ints
    customer: Ints
    is_filled: Flags
    baskets: Baskets


class KeptBaskets:
    """Baskets of one shop that wait for their orders."""

    def __init__(self) -> None:
        self._waiting: Ints = np.zeros((0, _GOODS + 2 * MOST_LINES), np.int64)

    def find_fillings(self, keys: Keys) -> Keys:
        """The key of the visit that fills the cart for each visit with an order."""
        return derive(keys, _FILLS, 0)

    def keep(self, keys: Keys, starts: Ints, customer: Ints, is_filled: Flags, baskets: Baskets) -> None:
        """Let baskets wait. keys, starts, customer: of the visits with an order, in the order of baskets."""
        rows = np.full((len(keys), _GOODS + 2 * MOST_LINES), NOTHING, np.int64)
        rows[:, _KEY], rows[:, _START] = keys.view(np.int64), starts
        rows[:, _CUSTOMER], rows[:, _IS_FILLED] = customer, is_filled
        counts = np.bincount(baskets.buyer, minlength=len(keys))
        place = np.arange(len(baskets.buyer)) - (np.cumsum(counts) - counts)[baskets.buyer]
        rows[baskets.buyer, _GOODS + 2 * place] = baskets.product
        rows[baskets.buyer, _GOODS + 2 * place + 1] = baskets.quantity
        self._waiting = np.concatenate([self._waiting, rows])

    def take(self, end: int) -> Kept:
        """Those who come before `end`, UTC microseconds, and were not taken yet."""
        due = self._waiting[:, _START] < end
        rows, self._waiting = self._waiting[due], self._waiting[~due]
        key = np.ascontiguousarray(rows[:, _KEY]).view(np.uint64)
        order = np.lexsort((key, rows[:, _START]))
        rows, key = rows[order], key[order]
        products, quantities = rows[:, _GOODS::2], rows[:, _GOODS + 1 :: 2]
        buyer, slot = np.nonzero(products != NOTHING)
        baskets = Baskets(buyer, products[buyer, slot], quantities[buyer, slot])
        start, customer = (np.ascontiguousarray(rows[:, column]) for column in (_START, _CUSTOMER))
        return Kept(key, start, customer, rows[:, _IS_FILLED] == 1, baskets)
