"""Inverse distribution functions as tables that every machine computes alike.

`exp`, `log` and `**` may differ in the last bit between C libraries, and one bit can turn one session
into two. So probabilities come from recurrences of single multiplications and divisions, and logarithms
from `decimal`, which computes in software. `sum` is avoided on floats: Python 3.12 made it more precise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache
from itertools import accumulate

import numpy as np

from stafford.generator.compiled import kernel
from stafford.generator.randomness import Floats, Ints

_NEGLIGIBLE = 1e-18
_QUANTILES = 1024


def accumulate_shares(weights: Sequence[float]) -> Floats:
    """Upper bounds of each choice but the last in [0, 1), in proportion to the weights."""
    totals = list(accumulate(weights))
    return np.array([total / totals[-1] for total in totals[:-1]], np.float64)


def choose(units: Floats, bounds: Floats) -> Ints:
    """Index of the choice that each uniform number falls to."""
    return np.searchsorted(bounds, units, side="right").astype(np.int64)


@dataclass(frozen=True, slots=True)
class Poisson:
    """Counts with a given mean, by inversion of one uniform number each."""

    first: int
    bounds: Floats

    @classmethod
    def from_mean(cls, mean: float) -> "Poisson":
        """Tabulate the counts that matter; p(k+1) = p(k) * mean / (k+1) needs no exponential."""
        mode = int(mean)
        below, weight, count = [], 1.0, mode
        while count > 0 and weight > _NEGLIGIBLE:
            weight = weight * count / mean
            count -= 1
            below.append(weight)
        above, weight, upper = [1.0], 1.0, mode
        while weight > _NEGLIGIBLE:
            upper += 1
            weight = weight * mean / upper
            above.append(weight)
        return cls(count, accumulate_shares([*reversed(below), *above]))

    def count(self, units: Floats) -> Ints:
        """One count for each uniform number."""
        return self.first + choose(units, self.bounds)


@lru_cache(maxsize=32)
def tabulate_weibull(shape: float, scale_ms: int, most_ms: int) -> Floats:
    """Quantiles of a Weibull distribution in whole milliseconds, at most `most_ms`.

    A shape below 1 means: the longer someone has stayed, the less likely they leave.
    Source: C. Liu, R. White, S. Dumais, "Understanding web browsing behaviors through Weibull analysis of
    dwell time", SIGIR 2010.
    """
    with localcontext() as context:
        context.prec = 20
        power = 1 / Decimal(repr(shape))
        survivals = [1 - Decimal(2 * k + 1) / (2 * _QUANTILES + 2) for k in range(_QUANTILES + 1)]
        times = [int(scale_ms * (-survival.ln()) ** power) for survival in survivals]
    return np.clip(np.array(times, np.float64), 1, most_ms)


def interpolate(units: Floats, quantiles: Floats) -> Ints:
    """Read a table of quantiles at uniform numbers, linear between its entries."""
    place = units * (len(quantiles) - 1)
    index = place.astype(np.int64)
    low = quantiles[index]
    return (low + (quantiles[index + 1] - low) * (place - index)).astype(np.int64)


@kernel
def interpolate_one(unit: float, quantiles: Floats) -> int:
    """`interpolate` of one number."""
    place = unit * (len(quantiles) - 1)
    index = int(place)
    low = quantiles[index]
    return int(low + (quantiles[index + 1] - low) * (place - index))
