"""How long products are on sale, and when each is discontinued."""

import numpy as np

from stafford.generator.calendar import DAY, WEEK
from stafford.generator.profile_parts import Range
from stafford.generator.purchases import NEVER
from stafford.generator.randomness import Flags, Ints, Keys, draw_below, draw_between

SELL_OFF = 8 * DAY
"""From leaving the shelf to being discontinued, at least: a visit that just began may take what it sees,
leave it in a cart and come back to it, and all of that is over by then."""

_LIFETIME, _PASSED, _MOMENT = 7, 8, 9


class Lifetimes:
    """Lifetimes of a shop's products. weeks: on the shelf, each number as likely; None: for ever."""

    def __init__(self, weeks: Range | None, opens_at: int) -> None:
        self._weeks = weeks
        self._opens_at = opens_at

    def find_ends(self, keys: Keys, first: Ints, opens_shop: Flags) -> Ints:
        """The first week in which each product is off the shelf, or NEVER.

        Args:
            keys: of the products.
            first: the first whole week in which each is on it.
            opens_shop: which of them are there from the opening on. They have lived for a while, each for
                another share of its lifetime, so that they do not all end together.
        """
        if self._weeks is None:
            return np.full(len(keys), NEVER)
        lifetime = draw_between(keys, _LIFETIME, self._weeks.least, self._weeks.most)
        left = 1 + draw_below(keys, _PASSED, lifetime)
        return first + np.where(opens_shop, left, lifetime)

    def leave(self, ends: Ints) -> Ints:
        """When products leave the shelf, in UTC microseconds, or NEVER. ends: as `find_ends` gives them."""
        leaves: Ints = np.full(len(ends), NEVER)
        leaves[ends != NEVER] = self._opens_at + ends[ends != NEVER] * WEEK
        return leaves

    def discontinue(self, keys: Keys, ends: Ints) -> Ints:
        """When products are discontinued, some time in a week, in UTC microseconds, or NEVER."""
        leaves = self.leave(ends)
        moment = SELL_OFF + draw_below(keys, _MOMENT, WEEK)
        return leaves + np.where(ends == NEVER, 0, moment)
