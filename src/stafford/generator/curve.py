"""When visitors come: hour by hour and day by day, on the shop's local clock.

The clock is Central European, with the summer time of Directive 2000/84/EC (last Sunday of March to last
Sunday of October, both at 01:00 UTC), computed rather than looked up so that no machine's time zone
database decides.
"""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from stafford.generator.distributions import Poisson
from stafford.generator.randomness import Floats, Ints

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

_HOURS_IN_WEEK = 168
_MARCH, _OCTOBER = 2, 9
_THURSDAY = 3  # 1970-01-01, with Monday as 0


def find_hour_of_week(micros: Ints) -> Ints:
    """Local hour of the week, 0 (Monday 00:00) to 167, of instants in UTC microseconds."""
    local_hours = micros // HOUR + 1 + _observe_summer_time(micros)
    return (local_hours + 24 * _THURSDAY) % _HOURS_IN_WEEK


def _observe_summer_time(micros: Ints) -> Ints:
    years = micros.astype("datetime64[us]").astype("datetime64[Y]")
    begins = _find_last_sunday(years, _MARCH) * DAY + HOUR
    ends = _find_last_sunday(years, _OCTOBER) * DAY + HOUR
    return ((micros >= begins) & (micros < ends)).astype(np.int64)


def _find_last_sunday(years: NDArray[np.datetime64], month: int) -> Ints:
    months = years.astype("datetime64[M]") + np.timedelta64(month + 1, "M")
    last_days = months.astype("datetime64[D]").astype(np.int64) - 1
    return last_days - (last_days + _THURSDAY + 1) % 7


class Curve:
    """Traffic by local hour and weekday, with mean 1.0 over a week."""

    def __init__(self, hours: Sequence[float], weekdays: Sequence[float]) -> None:
        products = [day * hour for day in weekdays for hour in hours]
        mean = list(accumulate(products))[-1] / len(products)
        self.multipliers: Floats = np.array([product / mean for product in products], np.float64)

    def multiply(self, micros: Ints) -> Floats:
        """How busy the shop is at each instant; 1.0 is its mean."""
        return self.multipliers[find_hour_of_week(micros)]


class Arrivals:
    """How many of something begin in each cell of one minute: Poisson, following a curve."""

    def __init__(self, curve: Curve, per_day: float) -> None:
        self._counts = [Poisson.from_mean(per_day * m / 1440) for m in curve.multipliers.tolist()]

    def count(self, cell_starts: Ints, units: Floats) -> Ints:
        """One count for each cell, from one uniform number each."""
        hours = find_hour_of_week(cell_starts)
        counts = np.zeros(len(hours), np.int64)
        for hour in np.unique(hours).tolist():
            here = hours == hour
            counts[here] = self._counts[hour].count(units[here])
        return counts
