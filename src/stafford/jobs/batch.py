"""Batch jobs beside the streams: gold tables from silver, by whole days."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from pyspark.sql import SparkSession

from stafford.contracts import Contract, load_contracts
from stafford.domain.lake import Lake
from stafford.errors import ConfigError
from stafford.jobs.ingest import Progress, fetch_jars
from stafford.lakehouse.gold import rebuild
from stafford.lakehouse.gold.days import days_between
from stafford.lakehouse.gold.memory import Memory
from stafford.lakehouse.gold.rebuild import Rebuilt
from stafford.lakehouse.gold.sessions import GAP
from stafford.lakehouse.gold.tables import GoldTable, daily_table, sessions_table
from stafford.lakehouse.places import batch_settings_for
from stafford.lakehouse.session import open_session
from stafford.runtime.home import HomeLock, lock_maintenance
from stafford.settings import Settings


@dataclass(frozen=True, slots=True)
class BatchJob:
    """The lake, a Spark of its own, and a lock that keeps maintenance and other batch jobs out.

    An ingestion may run beside it: silver is read as it was when the job began.
    """

    lake: Lake
    contracts: Mapping[str, Contract]
    session: Callable[[Progress], SparkSession]
    exclusive: Callable[[], HomeLock]

    def refresh(
        self, names: Sequence[str], gap_minutes: int | None = None, progress: Progress = lambda _: None
    ) -> list[Rebuilt]:
        """Bring tables up to date with silver; see rebuild.refresh.

        Args:
            names: of GOLD.
            gap_minutes: what ends a session; None for what the table has. With another one than that all of
                its days are made anew.

        Raises:
            HomeInUse: maintenance, or another batch job, of this home runs.
            ConfigError: nothing was ingested yet.
            StaffordError: Spark or the disk failed.
        """
        with self.exclusive():
            tables = self._tables(names, gap_minutes)
            return [rebuild.refresh(self._starter(progress, table), self.lake, table) for table in tables]

    def backfill(
        self,
        names: Sequence[str],
        first: date,
        last: date,
        gap_minutes: int | None = None,
        progress: Progress = lambda _: None,
    ) -> list[Rebuilt]:
        """Make the days from first to last anew, both included; see rebuild.backfill.

        Raises:
            HomeInUse: maintenance, or another batch job, of this home runs.
            ConfigError: the days are none, nothing was ingested yet, or the gap is not the table's.
            StaffordError: Spark or the disk failed.
        """
        if last < first:
            raise ConfigError(f"there is no day from {first} to {last}; give the earlier one first")
        days = days_between(first, last)
        with self.exclusive():
            tables = self._tables(names, gap_minutes)
            return [
                rebuild.backfill(self._starter(progress, table), self.lake, table, days) for table in tables
            ]

    def _tables(self, names: Sequence[str], gap_minutes: int | None) -> list[GoldTable]:
        if gap_minutes is None:
            memory = Memory.of(self.lake.gold("sessions"))
            gap_minutes = GAP.seconds // 60 if memory is None else memory.definition["gap_minutes"]
        known = {"sessions": sessions_table(gap_minutes), "daily": daily_table(tuple(self.contracts))}
        return [known[name] for name in names]

    def _starter(self, progress: Progress, table: GoldTable) -> Callable[[], SparkSession]:
        @cache
        def start() -> SparkSession:
            spark = self.session(progress)
            progress(f"making days of {table.name}")
            return spark

        return start


def build(settings: Settings) -> BatchJob:
    """Wire the home's lake to a Spark that is told what a batch job needs."""

    def session(progress: Progress) -> SparkSession:
        java, jars = fetch_jars(settings, progress)
        progress("starting Spark")
        return open_session(
            jars,
            # Not the scratch of an ingestion that may run beside it.
            settings.home_dir / "spark" / "batch",
            master=settings.spark_master,
            driver_memory=settings.spark_driver_memory,
            java_home=java.home,
            conf={**batch_settings_for(settings.spark_master), **settings.spark_conf},
        )

    return BatchJob(
        lake=Lake(settings.lake_uri),
        contracts=load_contracts(settings.contracts_dir),
        session=session,
        exclusive=lambda: lock_maintenance(settings.home_dir),
    )
