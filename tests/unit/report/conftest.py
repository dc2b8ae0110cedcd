"""A fake warehouse with the marts that the report reads, and what a reconciliation left beside it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from stafford.report import ReportData, load
from stafford.report.evidence import RECONCILIATION

HERE = Path(__file__).parent
WRITTEN_AT = datetime(2026, 1, 19, 6, 5, tzinfo=UTC)


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """A warehouse with seven days and four hours of a shop."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute((HERE / "marts.sql").read_text(encoding="utf-8"))
    return path


@pytest.fixture
def data(warehouse: Path) -> ReportData:
    """What `load` reads from that warehouse, reconciled and with the record of its run."""
    return load(
        warehouse,
        reconciliation_path=HERE / "reconciliation.json",
        machinery_path=HERE / "run.json",
        written_at=WRITTEN_AT,
    )


@pytest.fixture
def spoil(data: ReportData) -> Callable[..., ReportData]:
    """The same data, with other values in the reconciliation: `spoil(totals={"lost": 1})`."""
    good = json.loads((HERE / "reconciliation.json").read_text(encoding="utf-8"))

    def change(**changes: Any) -> ReportData:
        totals = good["totals"] | changes.pop("totals", {})
        document = good | {"totals": totals} | changes
        return replace(data, reconciliation=RECONCILIATION.validate_json(json.dumps(document)))

    return change
