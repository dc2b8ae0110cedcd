"""Labels say the truth about every record."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stafford.contracts import Contract, load_contracts
from stafford.domain.outcome import Outcome
from stafford.generator import Batch, Defect, Shop
from stafford.generator.defects import can_spoil, list_changes
from stafford.generator.layout import CONTRACT_VERSION, LAYOUTS, Form
from stafford.generator.mess_profile import MessProfile

from .builders import OPENS_AT, PROJECT_DIR, find_profile, open_shop, run
from .contract_judge import Judge

Row = dict[str, Any]
Pair = tuple[Row, Row]
SOME = 40


@pytest.fixture(scope="module")
def contracts() -> dict[str, Contract]:
    """The project's contracts."""
    return load_contracts(PROJECT_DIR / "contracts")


@pytest.fixture(scope="module")
def judges(contracts: dict[str, Contract]) -> dict[str, Judge]:
    """One judge for each topic."""
    return {topic: Judge(contract) for topic, contract in contracts.items()}


@pytest.fixture(scope="module")
def messy() -> Batch:
    """A month of a shop where most records are spoilt; of its many clicks only the first."""
    rates = {defect: 0.05 for defect in Defect if defect is not Defect.CLEAN}
    profile = find_profile().model_copy(update={"mess": MessProfile(every_topic=rates)})
    batch = run(Shop(profile, 11, OPENS_AT, 6000), timedelta(days=30))
    is_click = pc.equal(batch.records["topic"], "clickstream")
    kept = pc.or_(pc.invert(is_click), pc.less(pa.array(range(len(batch))), 15_000))
    return Batch(batch.records.filter(kept), batch.labels.filter(kept))


@pytest.fixture(scope="module")
def pairs(messy: Batch) -> list[Pair]:
    """Record and label, row by row."""
    return _pair(messy)


def _pair(batch: Batch) -> list[Pair]:
    return list(zip(batch.records.to_pylist(), batch.labels.to_pylist(), strict=True))


def _find_lies(pairs: list[Pair], judges: dict[str, Judge]) -> list[str]:
    """Labels that an independent judge of the contract does not agree with."""
    lies = []
    for record, label in pairs:
        found = judges[record["topic"]].find_reasons(record["value"], record["emitted_at"])
        expected = {label["reason"]} if label["outcome"] == Outcome.QUARANTINE else set()
        if found != expected:
            lies.append(f"{record['topic']} {label['defect']}: {label['reason']}, but {found}")
    return lies


def test_labels_agree_with_the_contract(pairs: list[Pair], judges: dict[str, Judge]) -> None:
    """What a label calls spoilt breaks exactly the rule it names; everything else breaks none."""
    seen: Counter[tuple[str, str]] = Counter()
    sample = []
    for pair in pairs:
        seen[pair[0]["topic"], pair[1]["defect"]] += 1
        if seen[pair[0]["topic"], pair[1]["defect"]] <= SOME:
            sample.append(pair)
    assert len(sample) > 2500
    assert _find_lies(sample, judges) == []


def test_judge_finds_a_lie(pairs: list[Pair], judges: dict[str, Judge]) -> None:
    """Control: one wrong reason, one spoilt body called clean and one clean body called spoilt are seen."""
    spoilt = next(p for p in pairs if p[1]["defect"] == Defect.MISSING_REQUIRED)
    clean = next(p for p in pairs if p[1]["defect"] == Defect.CLEAN)
    assert _find_lies([spoilt, clean], judges) == []
    wrong = [
        (spoilt[0], spoilt[1] | {"reason": "required:nothing"}),
        (spoilt[0], spoilt[1] | {"outcome": Outcome.SILVER}),
        (clean[0], clean[1] | {"outcome": Outcome.QUARANTINE, "reason": "malformed_json"}),
    ]
    assert len(_find_lies(wrong, judges)) == 3


def test_every_defect_on_every_topic(pairs: list[Pair]) -> None:
    """Each defect occurs on each topic that can have it, so that no way to spoil goes untested."""
    found = {(label["topic"], label["defect"]) for _, label in pairs}
    assert found == {(t, d.value) for t in LAYOUTS for d in Defect if can_spoil(d, t)}


def test_outcomes_and_reasons(pairs: list[Pair]) -> None:
    """Quarantine alone has a reason, and copies after the first alone are duplicates."""
    for _, label in pairs:
        assert (label["reason"] is not None) == (label["outcome"] == Outcome.QUARANTINE)
        assert (label["copy"] > 0) == (label["outcome"] == Outcome.DUPLICATE)


def test_copies_are_exact(pairs: list[Pair]) -> None:
    """A copy is byte for byte the clean record before it, at the same time or later."""
    first = {label["event_id"]: record for record, label in pairs if label["copy"] == 0}
    defects = {label["event_id"]: label["defect"] for _, label in pairs if label["copy"] == 0}
    copies = [(record, label) for record, label in pairs if label["copy"] > 0]
    assert {label["defect"] for _, label in copies} == {"duplicate", "duplicate_later"}
    for record, label in copies:
        original = first[record["event_id"]]
        assert defects[record["event_id"]] == Defect.CLEAN
        assert record | {"emitted_at": None} == original | {"emitted_at": None}
        waited = record["emitted_at"] - original["emitted_at"]
        assert (waited > timedelta(0)) == (label["defect"] == "duplicate_later")


def test_late_records_are_late(pairs: list[Pair]) -> None:
    """Late records leave at least an hour after they occurred; clean ones within two seconds."""
    for record, label in pairs:
        waited = record["emitted_at"] - record["occurred_at"]
        if label["defect"] == Defect.LATE:
            assert timedelta(hours=1) <= waited < timedelta(hours=13)
        elif label["copy"] == 0:
            assert timedelta(0) <= waited <= timedelta(seconds=2)


def test_money_is_the_event_s(pairs: list[Pair]) -> None:
    """A label carries the cents of placed orders, captured payments and refunds, and of nothing else."""
    money = {
        "order_placed": "total_cents",
        "payment_captured": "amount_cents",
        "refund_issued": "refund_cents",
    }
    seen = set()
    for record, label in pairs:
        field = money.get(label["event_type"])
        assert (label["amount_cents"] is not None) == (field is not None)
        if field and label["defect"] in {Defect.CLEAN, Defect.LATE}:
            seen.add(label["event_type"])
            assert json.loads(record["value"])[field] == label["amount_cents"]
    assert seen == set(money)


def test_mess_changes_nothing_else() -> None:
    """Headers of a spoilt record tell the truth: id, type, instant and key are those of the event."""
    batch = run(open_shop(), timedelta(hours=8))
    key = {"clickstream": "session_id", "customers": "customer_id", "products": "product_id"}
    key["inventory"] = "product_id"
    for record, label in _pair(batch):
        if label["defect"] == Defect.CLEAN:
            body = json.loads(record["value"])
            assert body["event_id"] == record["event_id"]
            assert body["event_type"] == record["event_type"]
            assert body[key.get(record["topic"], "order_id")] == record["key"].decode()
        assert record["occurred_at"].year == 2026


def test_default_profile_has_every_defect() -> None:
    """The default rates give two to three percent of mess, and each kind often enough for 200,000 events."""
    mess = find_profile().mess
    rates = mess.rates("clickstream")
    assert set(rates) == set(Defect) - {Defect.CLEAN}
    assert min(rates.values()) * 200_000 > 20
    without_whitespace = sum(rates.values()) - rates[Defect.WHITESPACE]
    assert 0.02 <= without_whitespace <= 0.03


_FORMS = {
    "string": {Form.EVENT_ID, Form.WORD, Form.CODE, Form.NUMBER, Form.TEXT, Form.CONSTANT},
    "integer": {Form.INTEGER},
    "boolean": {Form.FLAG},
    "timestamp": {Form.INSTANT},
    "array": {Form.LINES},
}


def test_layouts_are_of_the_contracts(contracts: dict[str, Contract]) -> None:
    """Fields, their order, their types, their words, the key and the version are those of the contracts."""
    assert list(LAYOUTS) == sorted(contracts)
    for topic, contract in contracts.items():
        layout = LAYOUTS[topic]
        assert {contract.version} == {CONTRACT_VERSION}
        assert layout.key == contract.key
        assert [field.name for field in layout.fields] == [field.name for field in contract.fields]
        for field, promised in zip(layout.fields, contract.fields, strict=True):
            assert field.form in _FORMS[promised.type], field.name
            assert field.required == promised.required, field.name
            if promised.enum:
                assert field.words == promised.enum, field.name


def test_truncation_keeps_utf8(pairs: list[Pair]) -> None:
    """Bodies of many-byte characters are cut between characters, and never to nothing."""
    cut = [record["value"] for record, label in pairs if label["defect"] == Defect.TRUNCATED_JSON]
    assert len(cut) > 100
    assert all(body.decode() for body in cut)
    assert any(not body.isascii() for body in cut)


def test_defects_that_only_move_change_nothing() -> None:
    """Late and copied records are not spoilt."""
    untouched = {Defect.CLEAN, Defect.LATE, Defect.DUPLICATE, Defect.DUPLICATE_LATER}
    assert {d for d in Defect if not any(list_changes(d, topic) for topic in LAYOUTS)} == untouched
