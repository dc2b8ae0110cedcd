"""Sets of UTC days, and what they are to Spark and to Delta."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

ONE = timedelta(days=1)

Days = frozenset[date]


def days_between(first: date, last: date) -> Days:
    """Every day from the first to the last, both included."""
    return frozenset(first + ONE * number for number in range((last - first).days + 1))


def widen(days: Days, by: int) -> Days:
    """The days, and as many before and after each."""
    return frozenset(day + ONE * step for day in days for step in range(-by, by + 1))


def spans(days: Iterable[date]) -> list[tuple[date, date]]:
    """The days as stretches without a hole: first and last day of each, in their order."""
    found: list[tuple[date, date]] = []
    for day in sorted(days):
        if found and day - found[-1][1] <= ONE:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def happened_on(instant: Column, days: Days) -> Column:
    """Whether an instant is on one of the days.

    Stretches of instants rather than a set of dates: Parquet skips what is outside of them.
    """
    stretches = [(instant >= _start(first)) & (instant < _start(last + ONE)) for first, last in spans(days)]
    return reduce(or_, stretches, F.lit(False))


def on_date(column: str, days: Days) -> str:
    """The same for a column of dates, as SQL, such as Delta's replaceWhere."""
    stretches = [
        f"({column} >= DATE'{first.isoformat()}' AND {column} <= DATE'{last.isoformat()}')"
        for first, last in spans(days)
    ]
    return " OR ".join(stretches) or "FALSE"


def _start(day: date) -> Column:
    return F.lit(f"{datetime.combine(day, time())} UTC").cast("timestamp")
