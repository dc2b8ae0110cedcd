"""How what follows an order is drawn: stretches of time, and words of a field by their weights."""

from collections.abc import Iterable

import numpy as np

from stafford.generator.distributions import accumulate_shares, choose
from stafford.generator.profile_parts import Range
from stafford.generator.randomness import Floats, Ints, Keys, draw_below


def draw_span(keys: Keys, draw: int, span: Range, unit: int) -> Ints:
    """A stretch of time between least and most units, in microseconds."""
    return span.least * unit + draw_below(keys, draw, max((span.most - span.least) * unit, 1))


class Choice:
    """Chooses among the words of a field, by the weights that a profile gives to some of them."""

    def __init__(self, words: tuple[str, ...], weights: Iterable[tuple[str, float]]) -> None:
        shares = dict(weights)
        self._places = np.array([words.index(name) for name in shares], np.int64)
        self._bounds = accumulate_shares(list(shares.values()))

    def choose(self, units: Floats) -> Ints:
        """The place among the words that each uniform number falls to."""
        return self._places[choose(units, self._bounds)]
