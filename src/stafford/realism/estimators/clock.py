"""Two clocks for purchases: the calendar, and one that runs as fast as the shop is busy.

A shop has seasons, and the models of purchase know none: their customers buy at a constant rate. Where the
rate of every customer rises and falls with the shop's traffic, the model is true in operational time, the
time that a clock shows that runs in proportion to that traffic (Lawless, "Statistical Models and Methods for
Lifetime Data", on time scales). On average both clocks run at the same speed.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

WEEK_DAYS = 7


@dataclass(frozen=True, slots=True)
class Clock:
    """Maps weeks since the data begin to weeks of its own, and back. Speeds are by day, of mean 1."""

    name: str
    speeds: Floats

    def read(self, weeks: Floats) -> Floats:
        """What this clock shows at a time of the calendar; both in weeks since the data begin."""
        return np.interp(weeks, *self._knots())

    def invert(self, shown: Floats) -> Floats:
        """When this clock shows that; infinite after the end of the data."""
        calendar, operational = self._knots()
        return np.interp(shown, operational, calendar, right=np.inf)

    def log_speed(self, weeks: Floats) -> Floats:
        """Logarithm of the speed at each time, for likelihoods of different clocks to compare."""
        days = np.clip((weeks * WEEK_DAYS).astype(np.int64), 0, len(self.speeds) - 1)
        return np.log(self.speeds[days])

    def _knots(self) -> tuple[Floats, Floats]:
        steps = np.concatenate(([0.0], np.cumsum(self.speeds))) / WEEK_DAYS
        return np.arange(len(self.speeds) + 1) / WEEK_DAYS, steps


def calendar_clock(days: int) -> Clock:
    """The clock on the wall, over that many days."""
    return Clock("calendar time", np.ones(max(days, 1)))


def traffic_clock(visits_by_day: Floats) -> Clock:
    """A clock as fast as each day is busy.

    Args:
        visits_by_day: visits of each day of the data, above zero for at least one day.
    """
    # A day without a visit, such as one that is hardly covered, must not stop the clock.
    speeds = np.maximum(visits_by_day / visits_by_day.mean(), 0.01)
    return Clock("operational time", speeds / speeds.mean())
