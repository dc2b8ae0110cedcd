"""Campaigns: days on which more visits come through one channel, and say which campaign brought them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from stafford.generator.calendar import HOUR, SECOND, ZONES, find_date
from stafford.generator.compiled import kernel
from stafford.generator.layout import NOTHING
from stafford.generator.profile_parts import Channel
from stafford.generator.randomness import Floats, Ints, choose_one
from stafford.generator.traffic_profile import CampaignProfile
from stafford.generator.vocabulary import CAMPAIGNS, CATEGORIES, CHANNELS

CART_REMINDER, WIN_BACK = CAMPAIGNS.index("cart_reminder"), CAMPAIGNS.index("win_back")
EMAIL = CHANNELS.index("email")
PULL = 0.6
"""Share of looks at products, and of baskets, that a campaign or a flash sale leads to its category."""
_YEARS = 30
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Running:
    """Campaigns of some stretch of time, as compiled code reads them.

    rows: [zone, start, end, channel, campaign]: place among ZONES, UTC microseconds twice, places among the
    words. extra: what each adds to the visits of its days, as a share of the usual ones.
    """

    rows: Ints
    extra: Floats


class Campaigns:
    """The campaigns that a shop has every year, by the clock of each zone, for as long as shops live.

    Args:
        profiles: which.
        channels: weights of the channels of usual visits.
        opens_at: UTC microseconds.
    """

    def __init__(
        self, profiles: Sequence[CampaignProfile], channels: Mapping[Channel, float], opens_at: int
    ) -> None:
        everything = 0.0
        for weight in channels.values():
            everything += weight
        self._profiles = [(p, (p.lift - 1) * channels.get(p.channel, 0.0) / everything) for p in profiles]
        self.pulls = np.zeros(len(CAMPAIGNS), np.int64)
        rows, extra = [], []
        first_year = find_date(opens_at // HOUR).year - 1
        for profile, share in self._profiles:
            campaign = CAMPAIGNS.index(profile.name)
            if profile.category is not None:
                self.pulls[campaign] = 1 + CATEGORIES.index(profile.category)
            for year in range(first_year, first_year + _YEARS):
                begins, ends = profile.find_days(year)
                for place, zone in enumerate(ZONES):
                    start, end = (zone.find_instant(_count_micros(day)) for day in (begins, ends + _DAY))
                    rows.append([place, start, end, CHANNELS.index(profile.channel), campaign])
                    extra.append(share)
        self._all = Running(np.array(rows, np.int64).reshape(len(rows), 5), np.array(extra, np.float64))

    def find_pulls(self, campaigns: Ints) -> Ints:
        """The category to which each visit's campaign leads: its place among the words and 1, or 0."""
        return np.where(campaigns >= 0, self.pulls[np.maximum(campaigns, 0)], 0)

    def find_factor(self, day: date) -> float:
        """How much busier the shop is on a day."""
        factor = 1.0
        for profile, share in self._profiles:
            if any(b <= day <= e for b, e in map(profile.find_days, (day.year - 1, day.year))):
                factor += share
        return factor

    def find_running(self, start: int, end: int) -> Running:
        """Those on at some instant of [start, end), UTC microseconds."""
        rows = self._all.rows
        wanted = (rows[:, 1] < end) & (rows[:, 2] > start)
        return Running(rows[wanted], self._all.extra[wanted])


@kernel
def choose_source(
    unit: float, zone: int, start: int, running: Ints, extra: Floats, channels: Ints, bounds: Floats
) -> tuple[int, int]:
    """The channel that a visit comes through, and the campaign that brought it, or NOTHING.

    Args:
        unit: a uniform number.
        zone: whose clock the visitor lives by.
        start: of the visit.
        running: as in `Running`.
        extra: as in `Running`.
        channels: of usual visits.
        bounds: of the choice among them.
    """
    everything = 1.0
    for place in range(len(running)):
        if running[place, 0] == zone and running[place, 1] <= start < running[place, 2]:
            everything += extra[place]
    unit *= everything
    if unit >= 1.0:
        rest = unit - 1.0
        for place in range(len(running)):
            if running[place, 0] == zone and running[place, 1] <= start < running[place, 2]:
                if rest < extra[place]:
                    return running[place, 3], running[place, 4]
                rest -= extra[place]
        unit = 0.0  # the sum was rounded
    return channels[choose_one(unit, bounds)], NOTHING


def _count_micros(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND
