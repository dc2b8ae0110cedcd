"""Keeping the lake's tables in shape; needs neither Spark nor a broker."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from stafford.contracts import load_contracts
from stafford.domain.lake import Lake
from stafford.lakehouse import maintenance
from stafford.lakehouse.maintenance import TableState
from stafford.runtime.home import HomeLock, lock_maintenance
from stafford.settings import Settings


@dataclass(frozen=True, slots=True)
class MaintainJob:
    """The lake's tables, and a lock that keeps other maintenance out; an ingestion may run beside it."""

    tables: Mapping[str, str]
    exclusive: Callable[[], HomeLock]

    def describe(self) -> list[TableState]:
        """What each table is made of now.

        Raises:
            StorageError: a table cannot be read.
        """
        return maintenance.describe(self.tables)

    def compact(self, progress: Callable[[str], None]) -> dict[str, int]:
        """Join small files; see maintenance.compact.

        Raises:
            HomeInUse: another maintenance of this home runs.
            NotReady: a table was written all the time.
            StorageError: a table cannot be read or written.
        """
        with self.exclusive():
            return maintenance.compact(self.tables, progress)

    def vacuum(self, retention: timedelta, *, dry_run: bool) -> dict[str, int]:
        """Delete files that no version needs; see maintenance.vacuum.

        Raises:
            HomeInUse: another maintenance of this home runs.
            ConfigError: the retention is too short.
            StorageError: a table cannot be read or written.
        """
        with self.exclusive():
            return maintenance.vacuum(self.tables, retention, dry_run=dry_run)


def build(settings: Settings) -> MaintainJob:
    """Wire the home's lake."""
    lake = Lake(settings.lake_uri)
    return MaintainJob(
        tables=maintenance.list_tables(lake, load_contracts(settings.contracts_dir)),
        exclusive=lambda: lock_maintenance(settings.home_dir),
    )
