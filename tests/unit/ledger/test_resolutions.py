"""The verdict on what replays resolved: each decision has its consequence, once, and nothing else has."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from stafford.contracts import load_contracts
from stafford.domain.lake import Lake
from stafford.domain.record import LABEL_SCHEMA
from stafford.lakehouse.tables import ARRIVALS, BRONZE, QUARANTINE, REPLAYS, create_tables, silver_columns
from stafford.lakehouse.tables import LINEAGE as LINEAGE_COLUMNS
from stafford.ledger.journal import Journal, RunSpec
from stafford.ledger.reconciliation import Reconciliation, reconcile

CONTRACTS = load_contracts(Path(__file__).parents[3] / "contracts")
AT = datetime(2026, 2, 1, 12, tzinfo=UTC)
NEEDED = {
    "bronze": BRONZE,
    "quarantine": QUARANTINE,
    "arrivals": ARRIVALS,
    "replays": REPLAYS,
    "silver/orders": {**silver_columns(CONTRACTS["orders"]), **LINEAGE_COLUMNS},
}


def place(offset: int) -> dict[str, Any]:
    return {"_source": "kafka", "_partition": 0, "_offset": offset, "_arrived_at": AT, "_run_id": "run"}


class SmallLedger:
    """Orders 1 to 3, all refused when they came: 1 is mended, 2 is given up, 3 stays refused."""

    def __init__(self, directory: Path) -> None:
        self.lake, self.ledger = Lake(str(directory / "lake")), directory / "ledger"
        create_tables(self.lake, CONTRACTS.values())
        for number in (1, 2, 3):
            coordinates = {"source": "kafka", "partition": 0, "offset": number, "topic": "orders"}
            self.add("bronze", coordinates)
            reasons = ["required:country"]
            row = {"topic": "orders", "event_id": f"e{number}", **place(number)}
            self.add(
                "quarantine", {"quarantine_id": f"q{number}", "reason": reasons[0], "reasons": reasons, **row}
            )
            self.add("arrivals", {"identity": f"q{number}", "fate": "quarantine", **row})

    def add(self, table: str, row: dict[str, Any]) -> None:
        """Append a row to a table of the lake."""
        schema = pa.schema(NEEDED[table].items())
        kept = {name: value for name, value in row.items() if name in schema.names}
        write_deltalake(
            f"{self.lake.uri}/{table}", pa.Table.from_pylist([kept], schema=schema), mode="append"
        )

    def decide(self, number: int, fate: str, *, batch: int = 0, reasons: tuple[str, ...] = ()) -> None:
        """What a replay commits first."""
        decision = {"quarantine_id": f"q{number}", "batch": batch, "fate": fate, "reasons": list(reasons)}
        self.add("replays", {"topic": "orders", "event_id": f"e{number}", **decision, **place(number)})

    def put_into_silver(self, number: int, cents: int = 500) -> None:
        """What follows from a decision."""
        order = {
            "event_type": "order_placed",
            "order_id": f"o{number}",
            "occurred_at": AT,
            "total_cents": cents,
        }
        self.add("silver/orders", {"event_id": f"e{number}", **order, **place(number)})

    def judge(self, *outcomes: tuple[str, str | None], marts: int = 500) -> Reconciliation:
        """The verdict, with the label of each order: its outcome and reason."""
        labels = [
            {"topic": "orders", "event_id": f"e{number}", "event_type": "order_placed", "copy": 0,
             "defect": "any", "outcome": outcome, "reason": reason, "amount_cents": 500}
            for number, (outcome, reason) in enumerate(outcomes, start=1)
        ]  # fmt: skip
        spec = RunSpec("run", "fashion-retail", 7, AT.isoformat(), 100)
        with Journal.open(self.ledger, spec) as journal:
            batch = pa.RecordBatch.from_pylist(labels, schema=LABEL_SCHEMA)
            journal.acknowledge(journal.intend(batch), len(labels), 0)
        money = {"orders": marts, "captured": 0, "refunded": 0}
        return reconcile(self.ledger, self.lake, ["orders"], lambda _: money, AT)


GOOD, REFUSED = ("silver", None), ("quarantine", "required:country")


@pytest.fixture
def ledger(tmp_path: Path) -> SmallLedger:
    return SmallLedger(tmp_path)


def test_a_replay_that_was_done_reconciles(ledger):
    """What the ledger knew to be good came back; what was given up is not lost, nor its money awaited."""
    ledger.decide(1, "silver")
    ledger.put_into_silver(1)
    ledger.decide(2, "dropped")
    verdict = ledger.judge(GOOD, GOOD, REFUSED)
    assert verdict.findings == []
    wanted = {
        "bronze": 3,
        "silver": 1,
        "quarantined": 1,
        "dropped": 1,
        "replayed": 1,
        "duplicates_removed": 0,
    }
    assert wanted.items() <= verdict.totals.items()


def test_before_any_replay_the_labels_are_the_judge(ledger):
    """What is good and refused is misjudged."""
    verdict = ledger.judge(GOOD, REFUSED, REFUSED, marts=0)
    assert verdict.findings_by_kind == {"misjudged": 1, "money": 1}


def test_a_decision_without_its_consequence_is_found(ledger):
    """A crash between the two is a loss for as long as nobody finishes it, and the event is named."""
    ledger.decide(1, "silver")
    verdict = ledger.judge(GOOD, REFUSED, REFUSED)
    assert verdict.findings_by_kind == {"lost": 1, "unaccounted": 1}
    assert {finding.event_id for finding in verdict.findings if finding.kind == "lost"} == {"e1"}


def test_a_consequence_without_a_decision_is_found(ledger):
    """A refused record in silver that nobody mended is there against the ledger, and in two places."""
    ledger.put_into_silver(1)
    verdict = ledger.judge(REFUSED, REFUSED, REFUSED, marts=0)
    assert verdict.findings_by_kind == {"misjudged": 1, "unaccounted": 1}


def test_a_consequence_that_came_twice_is_found(ledger):
    """As any other double."""
    ledger.decide(1, "silver")
    ledger.put_into_silver(1)
    ledger.put_into_silver(1)
    assert {"doubled", "unaccounted"} <= ledger.judge(GOOD, REFUSED, REFUSED).findings_by_kind.keys()


def test_a_rule_that_changes_the_money_of_a_good_event_is_found(ledger):
    """The ledger knows what the shop was owed; only of what it gave up does the mending decide."""
    ledger.decide(1, "silver")
    ledger.put_into_silver(1, cents=7)
    assert ledger.judge(GOOD, REFUSED, REFUSED).findings_by_kind == {"altered": 1}
    again = SmallLedger(ledger.ledger.parent / "again")
    again.decide(1, "silver")
    again.put_into_silver(1, cents=7)
    assert again.judge(REFUSED, REFUSED, REFUSED, marts=7).findings == []


def test_the_last_decision_counts(ledger):
    """Judged anew and still refused is open, by the reason of now or of then; resolved later, it is not."""
    ledger.decide(1, "quarantine", batch=0, reasons=("bad_format:order_id",))
    assert ledger.judge(("quarantine", "bad_format:order_id"), REFUSED, REFUSED, marts=0).findings == []
    other = SmallLedger(ledger.ledger.parent / "other")
    other.decide(1, "quarantine", batch=0, reasons=("bad_format:order_id",))
    assert other.judge(REFUSED, REFUSED, REFUSED, marts=0).findings == []
    third = SmallLedger(ledger.ledger.parent / "third")
    third.decide(1, "quarantine", batch=0, reasons=("bad_format:order_id",))
    found = third.judge(("quarantine", "empty_body"), REFUSED, REFUSED, marts=0)
    assert found.findings_by_kind == {"misjudged": 1}
    third.decide(1, "duplicate", batch=1)
    totals = third.judge(REFUSED, REFUSED, REFUSED).totals
    assert (totals["quarantined"], totals["duplicates_removed"]) == (2, 1)
