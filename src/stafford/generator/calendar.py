"""Local clocks and special days: what hour and what day it is where the visitors live.

Offsets and summer time are computed rather than looked up, so that no machine's time zone database decides.
Sources: Directive 2000/84/EC (last Sunday of March to last Sunday of October, both at 01:00 UTC; the United
Kingdom kept it), and the Energy Policy Act of 2005 (second Sunday of March to first Sunday of November, at
02:00 local time) for the eastern United States.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stafford.generator.randomness import Ints

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

_HOURS_IN_WEEK = 168
_MARCH, _OCTOBER, _NOVEMBER = 2, 9, 10
_THURSDAY = 3  # 1970-01-01, with Monday as 0


@dataclass(frozen=True, slots=True)
class Zone:
    """A clock: hours east of UTC in winter, and whose rule of summer time."""

    name: str
    offset_h: int
    is_european: bool

    def to_local(self, micros: Ints) -> Ints:
        """Local hours since 1970 of instants in UTC microseconds."""
        hours: Ints = micros // HOUR + self.offset_h + self._observe_summer_time(micros)
        return hours

    def find_instant(self, local: int) -> int:
        """UTC microseconds of an instant that the zone's clock shows; local: microseconds on that clock."""
        instant = local - self.offset_h * HOUR
        return instant - (int(self.to_local(np.array([instant]))[0]) - local // HOUR) * HOUR

    def _observe_summer_time(self, micros: Ints) -> Ints:
        years = micros.astype("datetime64[us]").astype("datetime64[Y]")
        if self.is_european:
            begins = _find_last_sunday(years, _MARCH) * DAY + HOUR
            ends = _find_last_sunday(years, _OCTOBER) * DAY + HOUR
        else:
            begins = (_find_first_sunday(years, _MARCH) + 7) * DAY + (2 - self.offset_h) * HOUR
            ends = _find_first_sunday(years, _NOVEMBER) * DAY + (1 - self.offset_h) * HOUR
        return ((micros >= begins) & (micros < ends)).astype(np.int64)


CENTRAL_EUROPEAN = Zone("Europe/Berlin", 1, is_european=True)
BRITISH = Zone("Europe/London", 0, is_european=True)
US_EASTERN = Zone("America/New_York", -5, is_european=False)
ZONES = (CENTRAL_EUROPEAN, BRITISH, US_EASTERN)
ZONE_OF_COUNTRY = {"DE": 0, "FR": 0, "NL": 0, "GB": 1, "US": 2}
"""Index into ZONES. The United States live on the clock of their most populous zone."""


def find_hour_of_week(local_hours: Ints) -> Ints:
    """Hour of the week, 0 (Monday 00:00) to 167, of local hours since 1970."""
    return (local_hours + 24 * _THURSDAY) % _HOURS_IN_WEEK


def find_date(local_hours: int) -> date:
    """The day of a local hour since 1970."""
    return date(1970, 1, 1) + timedelta(hours=local_hours)


def find_weekday_of_month(year: int, month: int, weekday: int, nth: int) -> date:
    """The nth Monday (0) to Sunday (6) of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _find_last_sunday(years: NDArray[np.datetime64], month: int) -> Ints:
    months = years.astype("datetime64[M]") + np.timedelta64(month + 1, "M")
    last_days: NDArray[Any] = months.astype("datetime64[D]").astype(np.int64) - 1
    return last_days - (last_days + _THURSDAY + 1) % 7


def _find_first_sunday(years: NDArray[np.datetime64], month: int) -> Ints:
    months = years.astype("datetime64[M]") + np.timedelta64(month, "M")
    first_days: NDArray[Any] = months.astype("datetime64[D]").astype(np.int64)
    return first_days + (6 - (first_days + _THURSDAY) % 7) % 7
