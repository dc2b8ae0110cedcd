"""Who comes when: even processes on the operational clock, cut into cells of about sixteen arrivals.

What begins in a cell depends on the cell alone, so any stretch of time can be asked for, in any pieces.
"""

from dataclasses import dataclass

import numpy as np

from stafford.generator.compiled import kernel
from stafford.generator.distributions import Poisson
from stafford.generator.randomness import (
    Floats,
    Ints,
    Keys,
    choose_one,
    derive_one,
    draw_one,
    name_stream,
    to_unit_one,
)
from stafford.generator.traffic import UNITS_PER_WEEK, Stretch, to_calendar, to_operational

_PER_CELL = 16
_COUNTS = Poisson.from_mean(_PER_CELL)
_ARRIVAL = np.uint64(name_stream("arrival in a cell"))


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Arrivals of one kind in one zone, in no order. at: UTC microseconds."""

    key: Keys
    at: Ints


class ArrivalProcess:
    """A Poisson process on the operational clock of one zone.

    Args:
        root: of the shop.
        name: of the process; the zone is part of it.
        per_week: arrivals in a week of mean traffic; 0 for none.
    """

    def __init__(self, root: int, name: str, per_week: float) -> None:
        self._stream = np.uint64(name_stream(name))
        self._root = np.uint64(root)
        self._cell = int(UNITS_PER_WEEK * _PER_CELL / per_week) if per_week > 0 else 0

    def arrive(self, stretch: Stretch, start: int, end: int) -> Arrivals:
        """Those in [start, end), UTC microseconds."""
        if not self._cell or end <= start:
            return Arrivals(np.zeros(0, np.uint64), np.zeros(0, np.int64))
        key, at = _arrive(
            self._root, self._stream, self._cell, start, end, stretch.first, stretch.begins, _COUNTS.first,
            _COUNTS.bounds,
        )  # fmt: skip
        return Arrivals(key, at)


@kernel
def _arrive(
    root: np.uint64, stream: np.uint64, cell: int, start: int, end: int, first: int, begins: Ints,
    least: int, bounds: Floats,
) -> tuple[Keys, Ints]:  # fmt: skip
    first_cell = to_operational(start, first, begins) // cell
    last_cell = to_operational(end, first, begins) // cell
    cells = last_cell - first_cell + 1
    counts = np.empty(cells, np.int64)
    for place in range(cells):
        unit = to_unit_one(derive_one(root, stream, first_cell + place))
        counts[place] = least + choose_one(unit, bounds)
    keys, times = np.empty(counts.sum(), np.uint64), np.empty(counts.sum(), np.int64)
    found = 0
    for place in range(cells):
        parent = derive_one(root, stream, first_cell + place)
        for number in range(counts[place]):
            key = derive_one(parent, _ARRIVAL, number)
            operational = (first_cell + place) * cell + int(draw_one(key, 0) * cell)
            at = to_calendar(operational, first, begins)
            if start <= at < end:
                keys[found], times[found] = key, at
                found += 1
    return keys[:found], times[:found]
