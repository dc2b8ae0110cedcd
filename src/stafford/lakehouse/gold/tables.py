"""The gold tables: what each is made of, and how."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyspark.sql import DataFrame

from stafford.domain.lake import Lake
from stafford.errors import StorageError
from stafford.lakehouse.gold import daily, sessions
from stafford.lakehouse.gold.days import Days

DAY = "event_date"
"""The column that every gold table is partitioned by: a UTC day of event time."""


@dataclass(frozen=True, slots=True)
class GoldTable:
    """A table that is made of silver, a day at a time."""

    name: str
    topics: tuple[str, ...]
    columns: Mapping[str, pa.DataType]
    definition: Mapping[str, int]
    """Rows that were made by another one are not comparable. Raise its edition with the rules."""
    rebuild: Callable[..., tuple[Days | None, DataFrame]]
    """(silver, days, and_touched=): which days were made, and at least their rows, cached."""

    def create(self, lake: Lake) -> None:
        """Make the table, unless it is there.

        Raises:
            StorageError: the lake cannot be written.
        """
        try:
            DeltaTable.create(
                lake.gold(self.name), pa.schema(self.columns.items()), mode="ignore", partition_by=[DAY]
            )
        except (DeltaError, OSError) as exc:
            raise StorageError(
                f"cannot make {lake.gold(self.name)}: {exc}; free the disk or its rights"
            ) from exc


def sessions_table(gap_minutes: int) -> GoldTable:
    """Sessions by visitor. gap_minutes: a longer pause ends a session."""
    return GoldTable(
        "sessions",
        sessions.TOPICS,
        sessions.COLUMNS,
        {"edition": 1, "gap_minutes": gap_minutes},
        partial(sessions.rebuild_sessions, gap=timedelta(minutes=gap_minutes)),
    )


def daily_table(topics: tuple[str, ...]) -> GoldTable:
    """Numbers of each day. topics: all that the shop has."""
    return GoldTable("daily", topics, daily.COLUMNS, {"edition": 1}, daily.rebuild_daily)
