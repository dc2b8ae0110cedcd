"""Every defect of the generator through the real silver: its labels are what becomes of the records."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stafford.domain.record import LANDED_SCHEMA
from stafford.generator import Batch, Defect, Shop, load_profile
from stafford.generator.mess_profile import MessProfile
from stafford.lakehouse.bronze import Lander
from stafford.ledger.journal import Journal, RunSpec
from stafford.ledger.reconciliation import reconcile
from stafford.transport.headers import nest_headers, stamp_records

pytestmark = [pytest.mark.spark, pytest.mark.slow]

PROFILES = Path(__file__).parents[3] / "config" / "profiles"
OPENS_AT = datetime(2026, 1, 5, tzinfo=UTC)
CLICKS = 6_000
WHOLE_MESS = MessProfile(
    every_topic={
        **{defect: 0.022 for defect in Defect if defect is not Defect.CLEAN},
        Defect.OVERSIZE: 0.002,
        Defect.OUT_OF_ORDER: 0.1,
        Defect.FRAUD: 0.15,
    },
    topics={
        topic: {Defect.OVERSIZE: 0.02}
        for topic in ("customers", "products", "payments", "returns", "reviews", "shipments")
    },
)


@pytest.fixture(scope="module")
def batch() -> Batch:
    """Three weeks of a small shop with every defect on; of its many clicks only the first."""
    profile = load_profile("fashion-retail", PROFILES)
    customers = profile.customers.model_copy(update={"history_weeks": 4})
    reviews = profile.reviews.model_copy(update={"share": 0.5})
    changes = {"mess": WHOLE_MESS, "customers": customers, "reviews": reviews}
    shop = Shop(profile.model_copy(update=changes), 11, OPENS_AT, 6_000)
    whole = shop.open().advance(OPENS_AT + timedelta(days=21))
    is_click = pc.equal(whole.records["topic"], "clickstream")
    kept = pc.or_(pc.invert(is_click), pc.less(pa.array(range(len(whole))), CLICKS))
    return Batch(whole.records.filter(kept), whole.labels.filter(kept))


def to_landed(records: pa.RecordBatch) -> pa.RecordBatch:
    """Records as Kafka would hold them, each arriving the moment it is emitted."""
    count = records.num_rows
    columns = {
        "topic": records["topic"],
        "partition": pa.repeat(pa.scalar(0, pa.int32()), count),
        "offset": pa.array(range(count), pa.int64()),
        "timestamp": records["emitted_at"],
        "key": records["key"],
        "value": records["value"],
        "headers": nest_headers(stamp_records(records, "run", OPENS_AT)),
        "source": pa.repeat("s1", count),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in LANDED_SCHEMA.names], schema=LANDED_SCHEMA)


def test_labels_are_what_becomes_of_the_records(small_lake, batch, tmp_path):
    """Quarantine has a precision and a recall of exactly 1, by reason, and exactly the labelled copies go."""
    labels = batch.labels.to_pylist()
    assert {label["defect"] for label in labels} == {defect.value for defect in Defect}
    # two portions, so that copies also meet what an earlier micro-batch kept
    landed = to_landed(batch.records)
    for start, end in ((0, len(batch) // 2), (len(batch) // 2, len(batch))):
        Lander(small_lake.lake).land([landed.slice(start, end - start)])
        small_lake.refine()

    def expect(outcome, *names):
        return Counter(
            tuple(label[name] for name in names) for label in labels if label["outcome"] == outcome
        )

    lake = small_lake.lake
    quarantined = small_lake.read(lake.quarantine)
    assert Counter((row["topic"], row["event_id"], row["reason"]) for row in quarantined) == expect(
        "quarantine", "topic", "event_id", "reason"
    )
    removed = [row for row in small_lake.read(lake.arrivals) if row["fate"] == "duplicate"]
    assert Counter((row["topic"], row["event_id"]) for row in removed) == expect(
        "duplicate", "topic", "event_id"
    )
    silver = {topic: small_lake.read(lake.silver(topic)) for topic in small_lake.contracts}
    assert Counter((topic, row["event_id"]) for topic, rows in silver.items() for row in rows) == expect(
        "silver", "topic", "event_id"
    )
    # the control of the comparison: there was much of everything
    assert min(len(quarantined), len(removed), *map(len, silver.values())) > 10
    check_what_passes(silver, batch)
    check_the_ledger(small_lake, batch, silver, tmp_path / "ledger")


def check_the_ledger(small_lake, batch, silver, directory):
    """The ledger reconciles, to the cent: an order that was submitted twice owes its total once."""
    with Journal.open(
        directory, RunSpec("run", "fashion-retail", 11, OPENS_AT.isoformat(), 6_000)
    ) as journal:
        journal.acknowledge(journal.intend(batch.labels), len(batch), 0)
    placed = {row["order_id"]: row["total_cents"] for row in silver["orders"] if is_of(row, "order_placed")}
    cents = {
        "orders": sum(placed.values()),
        "captured": sum(r["amount_cents"] for r in silver["payments"] if is_of(r, "payment_captured")),
        "refunded": sum(r["refund_cents"] for r in silver["returns"] if is_of(r, "refund_issued")),
    }
    found = reconcile(directory, small_lake.lake, small_lake.contracts, lambda _: cents, OPENS_AT)
    assert found.findings == []
    # control: counted as often as it was submitted, the money is too much
    cents["orders"] = sum(row["total_cents"] for row in silver["orders"] if is_of(row, "order_placed"))
    twice = reconcile(directory, small_lake.lake, small_lake.contracts, lambda _: cents, OPENS_AT)
    assert [finding.kind for finding in twice.findings] == ["money"]


def is_of(row, event_type):
    return row["event_type"] == event_type


def check_what_passes(silver, batch):
    """What is odd and valid is in silver as it was sent."""
    records = batch.records.to_pylist()
    sent = {}
    for record, label in zip(records, batch.labels.to_pylist(), strict=True):
        sent[label["topic"], label["event_id"], label["copy"]] = (record, label["defect"])
    seen = Counter()
    for topic, rows in silver.items():
        for row in rows:
            record, defect = sent[topic, row["event_id"], 0]
            seen[defect] += 1
            assert row["contract_version"] == ("0.9.0" if defect == Defect.OLD_VERSION else "1.0.0")
            assert row["occurred_at"] == record["occurred_at"]
            if defect in {Defect.MOJIBAKE, Defect.HOMOGLYPH, Defect.EMOJI}:
                name = row[{"customers": "full_name", "reviews": "title"}.get(topic, "name")]
                assert name in record["value"].decode()
                assert not name.isascii()
            if defect == Defect.CASING and topic == "clickstream":
                body = json.loads(record["value"])
                told = {name: row[name] for name in ("device", "search_term") if name in body}
                assert told == {name: body[name].lower() for name in told}
                assert told != {name: body[name] for name in told}
    assert {
        Defect.EMOJI, Defect.CASING, Defect.UNKNOWN_PRODUCT, Defect.DOUBLE_SUBMITTED, Defect.BOT,
    } <= seen.keys()  # fmt: skip
    placed = Counter(row["order_id"] for row in silver["orders"] if row["event_type"] == "order_placed")
    assert sum(count - 1 for count in placed.values()) == seen[Defect.DOUBLE_SUBMITTED] > 0
