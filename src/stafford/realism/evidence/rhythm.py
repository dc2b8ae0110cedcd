"""When sessions begin and orders are placed, by local time."""

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np
import numpy.typing as npt

from stafford.realism.local_time import LOCAL_TIME, create_local_hours

Counts = npt.NDArray[np.int64]

HOURS, WEEKDAYS = 24, 7


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Sessions by device, local day and local hour: days x 24 each; orders and strangers by local day.

    Days run from `first_day` without a gap and are whole: a first or last day that the data cover in part,
    in the zone that is furthest behind or ahead, is left out. strangers: sessions without a customer id.
    """

    first_day: date
    sessions: dict[str, Counts]
    orders: Counts
    strangers: Counts

    @property
    def days(self) -> list[date]:
        """The local days, in order."""
        return [self.first_day + timedelta(days=index) for index in range(len(self.orders))]

    @property
    def sessions_by_day(self) -> Counts:
        """Sessions of each day, all devices."""
        total = np.zeros(len(self.orders), dtype=np.int64)
        for part in self.sessions.values():
            total += part.sum(axis=1)
        return total

    def by_hour(self, device: str) -> Counts:
        """Sessions of each local hour of the day."""
        hours: Counts = self.sessions[device].sum(axis=0)
        return hours

    def by_weekday(self, device: str) -> npt.NDArray[np.float64]:
        """Sessions of a Monday to a Sunday over those of a mean day, not a number where none is covered.

        Each day over the mean of the seven days around it, and of these the median: so neither growth nor
        season bends the curve, nor does the one Friday of the year that has three times the sessions.
        """
        daily = self.sessions[device].sum(axis=1).astype(np.float64)
        if len(daily) < WEEKDAYS:
            return np.full(WEEKDAYS, np.nan)
        around = np.convolve(daily, np.full(WEEKDAYS, 1 / WEEKDAYS), mode="valid")
        middle = daily[WEEKDAYS // 2 : WEEKDAYS // 2 + len(around)]
        weekday = (np.arange(len(around)) + WEEKDAYS // 2 + self.first_day.weekday()) % WEEKDAYS
        covered = around > 0
        return np.array(
            [
                np.median(middle[chosen] / around[chosen]) if np.any(chosen) else np.nan
                for chosen in (covered & (weekday == index) for index in range(WEEKDAYS))
            ]
        )


def read_rhythm(connection: duckdb.DuckDBPyConnection) -> Rhythm:
    """Count `visits` by local day and hour, and `placed` by local day."""
    cube = connection.execute("""
        SELECT local_at::DATE AS day, hour(local_at) AS hour, device, count(*),
            count(*) FILTER (WHERE NOT is_signed_in)
        FROM visits WHERE device IS NOT NULL GROUP BY ALL
    """).fetchall()
    create_local_hours(connection, "placed", "placed_at")
    ordered = connection.execute(f"""
        SELECT {LOCAL_TIME.format(instant="placed.placed_at")}::DATE AS day, count(*)
        FROM placed
        LEFT JOIN local_hours
            ON local_hours.country = placed.country
            AND local_hours.hour_index = epoch_us(placed.placed_at) // 3600000000
        GROUP BY day
    """).fetchall()
    seen = sorted({row[0] for row in cube})
    # Zones reach over both ends of the data, so the outermost local days are not whole.
    first, last = (seen[1], seen[-2]) if len(seen) > 2 else (date.min, date.min)  # noqa: PLR2004
    length = (last - first).days + 1 if len(seen) > 2 else 0  # noqa: PLR2004
    sessions: dict[str, Counts] = {
        device: np.zeros((length, HOURS), dtype=np.int64) for device in sorted({row[2] for row in cube})
    }
    orders, strangers = np.zeros(length, dtype=np.int64), np.zeros(length, dtype=np.int64)
    for day, hour, device, count, unknown in cube:
        if first <= day <= last:
            sessions[device][(day - first).days, hour] += count
            strangers[(day - first).days] += unknown
    for day, count in ordered:
        if first <= day <= last:
            orders[(day - first).days] += count
    return Rhythm(first, sessions, orders, strangers)
