"""Which hours the report is about: an hour without an order is a zero, an hour without a shop is nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import pyarrow as pa

from stafford.report.data import ReportData

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Coverage:
    """The hours in which the shop was open, ascending, by the instants at which they begin."""

    hours: tuple[datetime, ...]

    @property
    def start(self) -> datetime:
        """When the first hour begins."""
        return self.hours[0]

    @property
    def end(self) -> datetime:
        """When the last hour ends."""
        return self.hours[-1] + HOUR

    @cached_property
    def hours_by_day(self) -> Mapping[date, int]:
        """How many of each day's hours are covered: 24 is a whole day."""
        return Counter(hour.date() for hour in self.hours)

    @cached_property
    def hours_by_hour_of_day(self) -> Mapping[int, int]:
        """How often each hour of the day is covered; those that never are, are left out."""
        return dict(sorted(Counter(hour.hour for hour in self.hours).items()))

    def spread(self, table: pa.Table, measure: str) -> tuple[int, ...]:
        """Line up a measure of a table with `hour` to the covered hours: zero where it has no row."""
        by_hour = dict(zip(table["hour"].to_pylist(), table[measure].to_pylist(), strict=True))
        return tuple(by_hour.get(hour, 0) for hour in self.hours)

    def left_out(self, table: pa.Table, measure: str) -> int:
        """How much of a measure lies in no covered hour: shoppers whose clocks are wrong."""
        everything: int = sum(table[measure].to_pylist())
        return everything - sum(self.spread(table, measure))


def cover(data: ReportData) -> Coverage | None:
    """Find the hours in which the generator's runs had the shop open.

    A run whose end nobody noted ends with the last row; without runs, the first row is the beginning.

    Returns:
        None when there is no hour at all.
    """
    seen = data.revenue["hour"].to_pylist() + data.traffic["hour"].to_pylist()
    last = max(seen) + HOUR if seen else None
    runs = data.reconciliation.runs if data.reconciliation is not None else ()
    spans = [(run.opens_at.astimezone(UTC), run.until.astimezone(UTC) if run.until else last) for run in runs]
    if not spans and seen:
        spans = [(min(seen), last)]
    hours = sorted({hour for start, end in spans if end for hour in _hours_between(start, end)})
    return Coverage(tuple(hours)) if hours else None


def _hours_between(start: datetime, end: datetime) -> Iterable[datetime]:
    hour = start.replace(minute=0, second=0, microsecond=0)
    while hour < end:
        yield hour
        hour += HOUR
