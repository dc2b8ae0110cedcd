"""Gathers what the report is drawn from."""

from datetime import datetime
from pathlib import Path

from stafford.report.data import ReportData
from stafford.report.evidence import read_machinery, read_reconciliation
from stafford.report.marts import open_marts

PRODUCT_LIMIT = 10


def load(
    duckdb_path: Path, *, reconciliation_path: Path, machinery_path: Path, written_at: datetime
) -> ReportData:
    """Read marts, reconciliation and the record of the run. Read-only.

    Args:
        duckdb_path: the embedded warehouse, with its `marts` schema built.
        reconciliation_path: JSON of `Reconciliation`; may be absent.
        machinery_path: JSON of `Machinery`; may be absent.
        written_at: the instant that the page names as its own, in UTC.

    Raises:
        ConfigError: there is no warehouse yet, or it has no marts.
        ContractViolation: a mart or a file does not have the shape that the report reads.
        HomeInUse: another command holds the warehouse for writing.
        StorageError: a file is there but cannot be read.
    """
    reconciliation = read_reconciliation(reconciliation_path)
    machinery = read_machinery(machinery_path)
    with open_marts(duckdb_path) as marts:
        return ReportData(
            written_at=written_at,
            totals=marts.totals(),
            revenue=marts.revenue(),
            traffic=marts.traffic(),
            products=marts.products(PRODUCT_LIMIT),
            funnel=marts.funnel(),
            reconciliation=reconciliation,
            machinery=machinery,
        )
