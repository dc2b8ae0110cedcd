"""Inverse distribution functions as tables that every machine computes alike.

`exp`, `log` and `**` may differ in the last bit between C libraries, and one bit can turn one session
into two. So probabilities come from recurrences of single multiplications and divisions, and logarithms
from `decimal`, which computes in software. `sum` is avoided on floats: Python 3.12 made it more precise.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache
from itertools import accumulate
from typing import Any

import mpmath
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


@dataclass(frozen=True, slots=True)
class Cumulative:
    """A continuous distribution on (0, inf), as a table. shares[k]: of what is at most values[k]."""

    values: Floats
    shares: Floats


_STEPS = 640
_SPREAD = 60


@lru_cache(maxsize=32)
def tabulate_gamma(shape: float) -> Cumulative:
    """The gamma distribution with rate 1; divide by a rate for another. An exponential has shape 1."""
    return _tabulate(lambda x: mpmath.gammainc(shape, 0, x, regularized=True), shape + 40 + 8 * shape**0.5)


@lru_cache(maxsize=32)
def tabulate_beta(a: float, b: float) -> Cumulative:
    """The beta distribution."""
    return _tabulate(lambda x: mpmath.betainc(a, b, 0, min(x, 1), regularized=True), 1.0)


def _tabulate(share: Callable[[float], Any], most: float) -> Cumulative:
    """A table whose values lie ever closer together towards 0, where these densities may have a pole.

    mpmath computes in software, alike on every machine.
    """
    values = [most]
    for _ in range(_STEPS):
        values.append(values[-1] * (1 - _SPREAD / (_STEPS + _SPREAD * 20)))
    values.reverse()
    shares = [float(share(value)) for value in values]
    return Cumulative(np.array([0.0, *values]), np.array([0.0, *shares[:-1], 1.0]))


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


@kernel
def sample_one(unit: float, values: Floats, shares: Floats) -> float:
    """The value below which a share of `unit` lies, linear between the entries of a table."""
    low, high = 0, len(shares) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if shares[middle] <= unit:
            low = middle
        else:
            high = middle
    width = shares[high] - shares[low]
    if width <= 0.0:
        return values[high]
    return values[low] + (values[high] - values[low]) * ((unit - shares[low]) / width)
