"""Which products cost less in which week, for everybody: a function of (product, week), like the price."""

from collections.abc import Sequence

import numpy as np

from stafford.generator.randomness import Ints, derive, draw_below, draw_unit, name_stream

_PROMOTION = name_stream("promotion")
_IN_WEEK = name_stream("promotion of a week")


class Promotions:
    """The weekly promotions of a shop; weeks are counted from its opening."""

    def __init__(self, root: int, share: float, percents: Sequence[int]) -> None:
        """Take what decides. share: of products, each week; percents: off the price, each as likely."""
        self._root = root
        self._share = share
        self._percents: Ints = np.array(percents, np.int64)

    def find_percent(self, products: Ints, weeks: Ints) -> Ints:
        """Percent off the price of each product in each week; 0 where no promotion is on."""
        keys = derive(derive(self._root, _PROMOTION, products), _IN_WEEK, weeks)
        percents = self._percents[draw_below(keys, 1, len(self._percents))]
        return np.where(draw_unit(keys, 0) < self._share, percents, 0)
