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
    """Find the hours that the generator's runs cover, or without runs those between first and last row.

    Returns:
        None when there is no hour at all.
    """
    if data.reconciliation is not None and data.reconciliation.runs:
        runs = [(run.opens_at.astimezone(UTC), run.until.astimezone(UTC)) for run in data.reconciliation.runs]
    else:
        seen = data.revenue["hour"].to_pylist() + data.traffic["hour"].to_pylist()
        runs = [(min(seen), max(seen) + HOUR)] if seen else []
    hours = sorted({hour for opens_at, until in runs for hour in _hours_between(opens_at, until)})
    return Coverage(tuple(hours)) if hours else None


def _hours_between(start: datetime, end: datetime) -> Iterable[datetime]:
    hour = start.replace(minute=0, second=0, microsecond=0)
    while hour < end:
        yield hour
        hour += HOUR
