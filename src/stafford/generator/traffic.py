"""How busy the shop is, minute by minute, and the clock that runs faster while it is busy.

Registrations, visits and purchases are even processes on an operational clock, which advances by one unit
for a millionth of a minute at mean traffic. Hours, weekdays, seasons, special days, campaigns and flash
sales bend that clock, and nothing else: no process needs to know of them.

Source: the time change of a non-homogeneous Poisson process, E. Çinlar, "Introduction to Stochastic
Processes", 1975, section 4.7.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from stafford.domain.flash_sale import FlashSale
from stafford.generator.calendar import HOUR, MINUTE, SECOND, Zone, find_date, find_hour_of_week
from stafford.generator.campaigns import Campaigns
from stafford.generator.compiled import kernel
from stafford.generator.randomness import Floats, Ints
from stafford.generator.traffic_profile import DeviceCurve, SpecialDay, TrafficProfile
from stafford.generator.vocabulary import CATEGORIES, COUNTRIES

UNITS = 1_000_000
"""Operational units of a minute at mean traffic."""

UNITS_PER_WEEK = 7 * 24 * 60 * UNITS
_MINUTES_PER_DAY = 1440
_YEARS = 30
_KEPT_MINUTES = 3 * _MINUTES_PER_DAY
_LEAST_UNITS = 100  # a minute never stands still, so that every instant has one operational time


def list_sales(profile: TrafficProfile, zone: Zone, opens_at: int) -> list[FlashSale]:
    """The sales that a profile has every year, by a zone's clock, for as long as shops live."""
    first = find_date(opens_at // HOUR).year
    sales = []
    for year in range(first, first + _YEARS):
        for sale in profile.flash_sales:
            local = datetime.fromisoformat(f"{year}-{sale.at}:00+00:00")
            start = zone.find_instant(int(local.timestamp()) * SECOND)
            end = start + sale.minutes * MINUTE
            place = CATEGORIES.index(sale.category)
            if end > opens_at:
                sales.append(FlashSale(start, end, place, sale.discount_percent, sale.factor))
    return sales


@dataclass(frozen=True, slots=True)
class Stretch:
    """Minutes of one zone, as compiled code reads them.

    first: minute since 1970 of entry 0; begins: operational time at which each minute begins, one entry
    more than minutes; hours: local hour of the week of each minute.
    """

    first: int
    begins: Ints
    hours: Ints


class Traffic:
    """The operational clock of one zone; it shows 0 when the shop opens.

    Args:
        profile: curves, seasons and special days.
        device_shares: of sessions, in the order of DEVICES.
        zone: whose clock.
        countries: who lives there, places among COUNTRIES; only their holidays count, each by its weight.
        opens_at: UTC microseconds, a whole minute.
        sales: flash sales.
        campaigns: what brings more visits for days.
    """

    def __init__(
        self,
        profile: TrafficProfile,
        device_shares: Sequence[float],
        zone: Zone,
        countries: Sequence[tuple[int, float]],
        opens_at: int,
        sales: Sequence[FlashSale],
        campaigns: Campaigns,
    ) -> None:
        self._profile = profile
        self._zone = zone
        self._sales = sales
        self._campaigns = campaigns
        self._weights = {COUNTRIES[country]: weight for country, weight in countries}
        self._curve = mix_curves(profile, device_shares)
        self._first = opens_at // MINUTE
        self._begins: Ints = np.zeros(1, np.int64)
        self._hours: Ints = np.zeros(0, np.int64)

    def reach(self, start: int, end: int) -> Stretch:
        """Minutes that hold [start, end) and the days around it, UTC microseconds; start never goes back."""
        self._reach(end)
        spare = start // MINUTE - _KEPT_MINUTES - self._first
        if spare > 0:
            self._first += spare
            self._begins, self._hours = self._begins[spare:], self._hours[spare:]
        return Stretch(self._first, self._begins, self._hours)

    def multiply(self, micros: int) -> float:
        """How busy the zone is at an instant that was not reached long ago; 1.0 is its mean."""
        self._reach(micros)
        place = micros // MINUTE - self._first
        return float(self._begins[place + 1] - self._begins[place]) / UNITS

    def _reach(self, micros: int) -> None:
        missing = micros // MINUTE + 2 - (self._first + len(self._hours))
        if missing > 0:
            self._extend(-(-missing // _MINUTES_PER_DAY) * _MINUTES_PER_DAY)

    def _extend(self, minutes: int) -> None:
        start = (self._first + len(self._hours)) * MINUTE
        starts = start + MINUTE * np.arange(minutes, dtype=np.int64)
        local = self._zone.to_local(starts)
        hours = find_hour_of_week(local)
        days, which = np.unique(local // 24, return_inverse=True)
        factors = np.array([self._find_factor(find_date(day * 24)) for day in days.tolist()], np.float64)
        units = (self._curve[hours] * factors[which] * UNITS).astype(np.int64)
        for sale in self._sales:
            during = (starts >= sale.start) & (starts < sale.end)
            units[during] = (units[during] * sale.factor).astype(np.int64)
        units = np.maximum(units, _LEAST_UNITS)
        self._begins = np.concatenate([self._begins, self._begins[-1] + np.cumsum(units)])
        self._hours = np.concatenate([self._hours, hours])

    def _find_factor(self, day: date) -> float:
        factor = self._profile.months[day.month - 1] * 12 / total(self._profile.months)
        factor *= self._campaigns.find_factor(day)
        for special in self._profile.days:
            if special.falls_on(day):
                factor *= 1 + (special.factor - 1) * self._find_share(special)
        return factor

    def _find_share(self, special: SpecialDay) -> float:
        if special.countries is None:
            return 1.0
        here = total([w for name, w in self._weights.items() if name in special.countries])
        return here / total(list(self._weights.values()))


def mix_curves(profile: TrafficProfile, device_shares: Sequence[float]) -> Floats:
    """Traffic by local hour of the week, over all devices; its mean is 1."""
    mixed = np.zeros(168, np.float64)
    for share, curve in zip(device_shares, profile.curves.values(), strict=True):
        mixed += share * normalise(curve)
    return mixed / (total(mixed.tolist()) / 168)


def normalise(curve: DeviceCurve) -> Floats:
    """A device's traffic by local hour of the week; its mean is 1."""
    products = [day * hour for day in curve.weekdays for hour in curve.hours]
    mean = total(products) / len(products)
    return np.array([product / mean for product in products], np.float64)


def total(values: Sequence[float]) -> float:
    """A sum that every Python rounds alike: `sum` became more precise with 3.12."""
    result = 0.0
    for value in values:
        result += value
    return result


@kernel
def to_operational(micros: int, first: int, begins: Ints) -> int:
    """Operational time of an instant within a stretch."""
    place = micros // 60_000_000 - first
    into = micros - (place + first) * 60_000_000
    return begins[place] + (begins[place + 1] - begins[place]) * into // 60_000_000


@kernel
def to_calendar(operational: int, first: int, begins: Ints) -> int:
    """The first instant, in UTC microseconds, at which the operational clock of a stretch shows a time."""
    low, high = 0, len(begins) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if begins[middle] <= operational:
            low = middle
        else:
            high = middle
    units = begins[low + 1] - begins[low]
    return (first + low) * 60_000_000 + ((operational - begins[low]) * 60_000_000 + units - 1) // units
