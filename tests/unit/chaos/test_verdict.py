"""What chaos makes of a reconciliation, above all where a fault deleted records."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from chaos.verdict import Arrived, judge
from deltalake import write_deltalake

from stafford.domain.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """One in which two events arrived."""
    lake = Lake(str(tmp_path))
    write_deltalake(lake.arrivals, pa.table({"topic": ["t", "t"], "event_id": ["a", "b"]}))
    return lake


def said(**kinds: list[str]) -> dict[str, Any]:
    """A verdict with findings: ids by kind."""
    findings = [
        {"kind": kind, "topic": "t", "event_id": name} for kind, names in kinds.items() for name in names
    ]
    totals = {"sent": 9, "lost": len(kinds.get("lost", ())), "doubled": len(kinds.get("doubled", ()))}
    by_kind = {kind: len(names) for kind, names in kinds.items()}
    return {"reconciled": not kinds, "totals": totals, "findings": findings, "findings_by_kind": by_kind}


def test_without_a_fault_that_deletes_the_ledger_is_believed(lake: Lake) -> None:
    """Good is good, and a loss is a loss."""
    assert judge(said(), set(), Arrived(lake)).reconciled
    verdict = judge(said(lost=["x"]), set(), Arrived(lake))
    assert (verdict.reconciled, verdict.lost) == (False, 1)


def test_what_was_deleted_must_be_named_event_by_event(lake: Lake) -> None:
    """An event that arrived by another record is not lost; a copy of it is missing."""
    deleted = {("t", "x"), ("t", "y"), ("t", "a")}
    verdict = judge(said(lost=["x", "y"], missing_copy=["a"]), deleted, Arrived(lake))
    assert (verdict.reconciled, verdict.lost, verdict.given_up) == (True, 0, 2)


@pytest.mark.parametrize(
    "wrong",
    [
        said(lost=["x"]),  # one that is gone is not named
        said(lost=["x", "y", "z"]),  # one more than was deleted
        said(lost=["x", "a"]),  # as many, and others
        said(lost=["x", "y"], missing_copy=["b"]),  # a copy that nobody deleted
        said(lost=["x", "y"], doubled=["a"]),  # something else besides
        said(),  # silence
    ],
)
def test_anything_else_is_no_reconciliation(lake: Lake, wrong: dict[str, Any]) -> None:
    """Negative controls."""
    verdict = judge(wrong, {("t", "x"), ("t", "y"), ("t", "a")}, Arrived(lake))
    assert not verdict.reconciled
    assert verdict.details
