"""People live by their own clocks, also in the weeks in which these change."""

import math
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from stafford.domain.window import to_micros
from stafford.generator import Shop
from stafford.generator.randomness import Ints
from stafford.generator.vocabulary import COUNTRIES, DEVICES

from .builders import NAMES, find_profile

_CHANGES = {
    "Berlin": (
        ZoneInfo("Europe/Berlin"),
        datetime(2026, 3, 29, tzinfo=UTC),
        datetime(2026, 10, 25, tzinfo=UTC),
    ),
    "New York": (
        ZoneInfo("America/New_York"),
        datetime(2026, 3, 8, tzinfo=UTC),
        datetime(2026, 11, 1, tzinfo=UTC),
    ),
}
"""A clock, and the days on which it goes forward and back."""
_LIVE_BY = {"Berlin": ("DE", "FR", "NL"), "New York": ("US",)}

_HOUR = 3_600_000_000
_DAYS = 3  # on either side of the change


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", ["forward", "back"])
@pytest.mark.parametrize("clock", _CHANGES)
def test_visits_follow_the_local_hour(clock: str, change: str, name: str) -> None:
    """Before the change, on its day and after, no clock explains the visits as well as the local one."""
    zone, forward, back = _CHANGES[clock]
    day = forward if change == "forward" else back
    visits = _count_visits(name, day, clock)
    curve = find_profile(name, is_clean=True).traffic.curves["mobile"].hours
    for part in (range(-_DAYS, 0), range(1), range(1, _DAYS + 1)):
        of_shift = {
            shift: sum(_weigh(visits, day + timedelta(days=d), zone, curve, shift) for d in part)
            for shift in (-1, 0, 1)
        }
        assert max(of_shift, key=of_shift.__getitem__) == 0


def test_a_clock_that_does_not_change_is_found() -> None:
    """Control: by the clock of winter, visits of summer seem an hour early, and those of winter do not."""
    _, forward, _ = _CHANGES["Berlin"]
    visits = _count_visits(NAMES[0], forward, "Berlin")
    curve = find_profile(NAMES[0], is_clean=True).traffic.curves["mobile"].hours
    winter = ZoneInfo("Etc/GMT-1")
    for part, expected in ((range(-_DAYS, 0), 0), (range(1, _DAYS + 1), 1)):
        of_shift = {
            shift: sum(_weigh(visits, forward + timedelta(days=d), winter, curve, shift) for d in part)
            for shift in (-1, 0, 1)
        }
        assert max(of_shift, key=of_shift.__getitem__) == expected


def test_the_hour_that_is_not_there_has_no_visits() -> None:
    """An hour that comes twice has twice the visits that its neighbours imply; one left out has none."""
    zone, forward, back = _CHANGES["Berlin"]
    for day, times in ((forward, 0), (back, 2)):
        visits = _count_visits(NAMES[0], day, "Berlin")
        hours = _list_hours(day, zone)
        by_local = [sum(visits.get(hour, 0) for hour in hours if _read(hour, zone) == h) for h in (1, 2, 3)]
        curve = find_profile(NAMES[0], is_clean=True).traffic.curves["mobile"].hours
        expected = times * curve[2] * (by_local[0] + by_local[2]) / (curve[1] + curve[3])
        assert abs(by_local[1] - expected) <= 5 * math.sqrt(expected)


def _count_visits(name: str, day: datetime, clock: str) -> dict[int, int]:
    """Sessions on phones in the days around a change, by hour since 1970, from their first clicks."""
    hours, countries = _find_visits(name, day)
    live_here = np.isin(countries, [COUNTRIES.index(country) for country in _LIVE_BY[clock]])
    found, counts = np.unique(hours[live_here], return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


@cache
def _find_visits(name: str, day: datetime) -> tuple[Ints, Ints]:
    shop = Shop(find_profile(name, is_clean=True), 7, day - timedelta(days=_DAYS + 1), 100_000)
    clicks = shop.open().take(day + timedelta(days=_DAYS + 2))["clickstream"]
    first = (clicks.column("sequence") == 1) & (clicks.column("device") == DEVICES.index("mobile"))
    return clicks.column("occurred")[first] // _HOUR, clicks.column("country")[first]


def _list_hours(day: datetime, zone: ZoneInfo) -> list[int]:
    """Hours since 1970 of a local day: 23, 24 or 25."""
    begins, ends = (
        to_micros(datetime(d.year, d.month, d.day, tzinfo=zone).astimezone(UTC)) // _HOUR
        for d in (day, day + timedelta(days=1))
    )
    return list(range(begins, ends))


def _read(hour: int, zone: ZoneInfo) -> int:
    return datetime.fromtimestamp(hour * 3600, zone).hour


def _weigh(
    visits: dict[int, int], day: datetime, zone: ZoneInfo, curve: tuple[float, ...], shift: int
) -> float:
    """Log-likelihood of a local day's visits, if its clock were `shift` hours ahead of the zone's."""
    hours = _list_hours(day, zone)
    weights = [curve[(_read(hour, zone) + shift) % 24] for hour in hours]
    return sum(visits.get(h, 0) * math.log(w / sum(weights)) for h, w in zip(hours, weights, strict=True))
