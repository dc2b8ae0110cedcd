"""Writes the report of a home."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stafford.report import load, render, write
from stafford.report.data import ReportData
from stafford.settings import Settings

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """Where the report is, its size in bytes, and what it says; None where nobody has reconciled yet."""

    path: Path
    size_bytes: int
    is_reconciled: bool | None


@dataclass(frozen=True, slots=True)
class ReportJob:
    """Reads, draws and publishes. Running it again replaces the page by an equal or a newer one."""

    read: Callable[[], ReportData]
    path: Path

    def run(self) -> WrittenReport:
        """Write the report.

        Raises:
            ConfigError: there is no warehouse yet, or it has no marts.
            ContractViolation: a mart or a file does not have the shape that the report reads.
            HomeInUse: another command holds the warehouse for writing.
            StorageError: something cannot be read or written.
        """
        data = self.read()
        size_bytes = write(render(data), self.path)
        verdict = None if data.reconciliation is None else data.reconciliation.is_clean
        return WrittenReport(self.path, size_bytes, verdict)


def build(settings: Settings, *, clock: Clock = lambda: datetime.now(UTC)) -> ReportJob:
    """Wire the report to the files of the home; tests pass a clock."""

    def read() -> ReportData:
        return load(
            settings.duckdb_path,
            reconciliation_path=settings.home_dir / "reconciliation.json",
            machinery_path=settings.home_dir / "run.json",
            written_at=clock(),
        )

    return ReportJob(read, settings.report_path)
