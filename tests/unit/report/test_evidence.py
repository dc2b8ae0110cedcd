"""Reading what a run left beside the warehouse."""

from pathlib import Path

import pytest

from stafford.errors import ContractViolation
from stafford.report.evidence import read_machinery, read_reconciliation

HERE = Path(__file__).parent


def test_absent_files_are_none(tmp_path: Path) -> None:
    """A run that left no file is not an error."""
    assert read_reconciliation(tmp_path / "reconciliation.json") is None
    assert read_machinery(tmp_path / "run.json") is None


def test_reconciliation_is_read_whole() -> None:
    """Totals, topics, reasons and money are as the ledger wrote them."""
    found = read_reconciliation(HERE / "reconciliation.json")
    assert found is not None
    assert found.is_clean
    assert (found.totals.sent, found.totals.acknowledged) == (203114, 203114)
    assert [topic.topic for topic in found.topics] == ["clickstream", "orders", "payments"]
    assert found.runs[0].seed == 7


def test_parts_of_the_machinery_may_be_unknown(tmp_path: Path) -> None:
    """What nobody measured is left out; what is there is read, and what is new is passed over."""
    path = tmp_path / "run.json"
    path.write_text('{"stages": [{"name": "bronze", "seconds": 2}], "mood": "calm"}', encoding="utf-8")
    found = read_machinery(path)
    assert found is not None
    assert found.stages[0].seconds == 2.0
    assert found.peak_memory_bytes is None


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", "\ufeff", '{"reconciled": "perhaps"}'])
def test_broken_file_is_refused(tmp_path: Path, text: str) -> None:
    """A file of another shape is an error that names the file and the command, never an empty report."""
    path = tmp_path / "reconciliation.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContractViolation, match=r"reconciliation\.json.*stafford reconcile"):
        read_reconciliation(path)
