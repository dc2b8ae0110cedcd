"""Days that one country has and its neighbours do not: who of those on one clock stays at home.

How busy a zone is on such a day is its traffic's (`traffic`); here is whose visits are missing, or more.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np

from stafford.generator.calendar import ZONE_OF_COUNTRY, ZONES, find_date
from stafford.generator.randomness import Floats, Ints
from stafford.generator.traffic_profile import SpecialDay
from stafford.generator.vocabulary import COUNTRIES

_USUAL: Floats = np.ones((1, len(COUNTRIES)), np.float64)


class Holidays:
    """How much people of each country come on a day, beside what all on their clock do."""

    def __init__(self, days: Sequence[SpecialDay] = ()) -> None:
        self._days = [day for day in days if day.countries is not None]
        self._known: dict[tuple[int, int], Floats | None] = {}

    def weigh(self, zone: int, at: Ints) -> tuple[Ints, Floats]:
        """Weights of countries at instants (UTC microseconds) on a zone's clock.

        Returns:
            For each instant a row, and rows of weights by place among COUNTRIES; row 0 is a usual day.
        """
        rows = np.zeros(len(at), np.int64)
        if not self._days or not len(at):
            return rows, _USUAL
        # Few stretches have such a day: only then is each instant's own day asked for.
        ends = ZONES[zone].to_local(np.array([at.min(), at.max()])) // 24
        table = [_USUAL[0]]
        for day in range(int(ends[0]), int(ends[1]) + 1):
            weights = self._find_weights(zone, day)
            if weights is not None:
                rows[ZONES[zone].to_local(at) // 24 == day] = len(table)
                table.append(weights)
        return rows, np.array(table, np.float64)

    def _find_weights(self, zone: int, day: int) -> Floats | None:
        if (zone, day) not in self._known:
            self._known[zone, day] = self._compute(zone, find_date(day * 24))
        return self._known[zone, day]

    def _compute(self, zone: int, day: date) -> Floats | None:
        """None where all on the clock are alike."""
        weights = {country: 1.0 for country in COUNTRIES if ZONE_OF_COUNTRY[country] == zone}
        for special in self._days:
            if special.falls_on(day):
                for country in weights.keys() & set(special.countries or ()):
                    weights[country] *= special.factor
        if len(set(weights.values())) == 1:
            return None
        return np.array([weights.get(country, 0.0) for country in COUNTRIES], np.float64)
