"""Reading what a dbt run left behind."""

import json
from pathlib import Path
from typing import Any

import pytest

from stafford.warehouse.dbt_results import Outcome, compiled_paths, read_outcomes


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a document into a folder that may not exist."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")


def result(unique_id: str, status: str, message: str | None = None) -> dict[str, Any]:
    """One entry of run_results.json."""
    return {"unique_id": unique_id, "status": status, "message": message}


def test_outcomes_are_read_with_names_and_causes(tmp_path: Path) -> None:
    """A test of a column loses its hash, and what was skipped is not a cause."""
    results = [
        result("model.stafford.fct_orders", "success", "OK"),
        result(
            "test.stafford.unique_fct_orders_order_id.0a1b2c3d4e",
            "fail",
            "Got 2 results,\n  configured to fail",
        ),
        result("unit_test.stafford.dim_customers.inferred", "pass"),
        result("model.stafford.dim_customers", "skipped"),
    ]
    write_json(tmp_path / "run_results.json", {"results": results, "elapsed_time": 1.5})
    outcomes, seconds = read_outcomes(tmp_path)
    assert seconds == 1.5
    assert [outcome.name for outcome in outcomes] == [
        "fct_orders",
        "unique_fct_orders_order_id",
        "dim_customers.inferred",
        "dim_customers",
    ]
    assert [outcome.is_test for outcome in outcomes] == [False, True, True, False]
    assert [outcome.name for outcome in outcomes if outcome.has_failed] == ["unique_fct_orders_order_id"]
    assert outcomes[1].message == "Got 2 results, configured to fail"


@pytest.mark.parametrize("status", ["error", "fail", "runtime error"])
def test_every_kind_of_failure_counts(status: str) -> None:
    """A model that broke and a test that failed are both failures."""
    assert Outcome("model.stafford.fct_orders", status, "").has_failed


@pytest.mark.parametrize("status", ["success", "pass", "warn", "skipped"])
def test_nothing_else_counts_as_failure(status: str) -> None:
    """Negative control: success, warnings and consequences are no causes."""
    assert not Outcome("model.stafford.fct_orders", status, "").has_failed


def test_no_results_when_dbt_stopped_early(tmp_path: Path) -> None:
    """A target folder without results has no outcomes and no paths."""
    assert read_outcomes(tmp_path) == ([], 0.0)
    assert compiled_paths(tmp_path) == {}


def test_compiled_sql_is_found(tmp_path: Path) -> None:
    """Models and tests are found where dbt compiles them; what it never compiled has no path."""
    nodes = {
        "model.stafford.fct_orders": ("model", "models/marts/fct_orders.sql", "marts/fct_orders.sql"),
        "test.stafford.unique_x.0a": ("test", "models/marts/fct_orders.yml", "unique_x.sql"),
        "model.stafford.never": ("model", "models/marts/never.sql", "marts/never.sql"),
    }
    manifest = {
        unique_id: {
            "resource_type": kind,
            "package_name": "stafford",
            "original_file_path": file,
            "path": path,
        }
        for unique_id, (kind, file, path) in nodes.items()
    }
    write_json(tmp_path / "manifest.json", {"nodes": manifest})
    compiled = tmp_path / "compiled" / "stafford" / "models" / "marts"
    expected = {
        "model.stafford.fct_orders": compiled / "fct_orders.sql",
        "test.stafford.unique_x.0a": compiled / "fct_orders.yml" / "unique_x.sql",
    }
    for path in expected.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("select 1", encoding="utf-8")
    assert compiled_paths(tmp_path) == expected
