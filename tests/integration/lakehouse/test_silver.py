"""Silver on a real Spark: what is kept, what is quarantined and why, and what a crash may not change."""

import shutil

import pyarrow as pa
import pytest

from stafford.lakehouse.bronze import Lander
from stafford.lakehouse.silver import stream

pytestmark = [pytest.mark.spark, pytest.mark.slow]

LINE = {
    "line_number": 1,
    "product_id": "p-00042",
    "quantity": 2,
    "unit_price_cents": 4999,
    "discount_cents": 0,
    "line_total_cents": 9998,
}


def test_every_defect_is_quarantined_for_its_own_reason(small_lake):
    """Each broken body is in quarantine once, with the reason that the contract's rules give it."""
    body = small_lake.body
    customers = {
        "required:email": [body("customers", 1, email=...), body("customers", 2, email=None)],
        "wrong_type:marketing_consent": [body("customers", 3, marketing_consent="yes")],
        "wrong_type:city": [body("customers", 4, city=5)],
        "wrong_type:occurred_at": [body("customers", 5, occurred_at=1767225600)],
        "not_in_enum:country": [body("customers", 6, country="XX")],
        "bad_format:occurred_at": [
            body("customers", 7, occurred_at="yesterday"),
            body("customers", 8, occurred_at="2026-01-15 20:31:07"),
            body("customers", 9, occurred_at="2026-02-30T00:00:00Z"),
        ],
        "bad_format:email": [body("customers", 10, email="nobody")],
        "bad_format:event_id": [body("customers", 11, event_id="N/A")],
        "out_of_range:occurred_at": [body("customers", 13, occurred_at="1970-01-01T00:00:00Z")],
        "too_far_ahead:occurred_at": [body("customers", 14, occurred_at="2036-01-01T00:00:00Z")],
        "malformed_json": [body("customers", 15)[:-9], b"[1, 2]", b"null", body("customers", 16) + b"x"],
        "empty_body": [None],
        "not_utf8": [b'{"event_id": "\xff\xfe"}'],
    }
    orders = {
        "out_of_range:lines": [body("orders", 20, lines=[])],
        "wrong_type:lines": [body("orders", 21, lines="none")],
        "required:lines.product_id": [body("orders", 22, lines=[{**LINE, "product_id": None}])],
        "wrong_type:lines.quantity": [body("orders", 23, lines=[{**LINE, "quantity": "two"}])],
        "out_of_range:lines.quantity": [body("orders", 24, lines=[LINE, {**LINE, "quantity": 0}])],
        "wrong_type:total_cents": [
            body("orders", 25, total_cents="10493"),
            body("orders", 26, total_cents=104.93),
        ],
        "out_of_range:total_cents": [body("orders", 27, total_cents=-1)],
    }
    for topic, cases in (("customers", customers), ("orders", orders)):
        small_lake.land(topic, *(value for values in cases.values() for value in values))
    small_lake.refine()

    found = [(row["topic"], row["reason"]) for row in small_lake.read(small_lake.lake.quarantine)]
    expected = [
        (topic, reason)
        for topic, cases in (("customers", customers), ("orders", orders))
        for reason, values in cases.items()
        for _ in values
    ]
    assert found == expected
    assert small_lake.read(small_lake.lake.silver("customers")) == []
    assert small_lake.read(small_lake.lake.silver("orders")) == []


def test_text_is_what_stands_in_quotes(small_lake):
    """A field of text refuses every other kind of value, and takes a text that looks like one."""
    others = [5, -5, 1.5, 0, True, False, {"a": 1}, {}, ["a"], []]
    lookalikes = ["5", "-5", "+1", "1.5", "true", "false", "{}", "[]", '"', "/", "NaN", "null"]
    bodies = [small_lake.body("customers", n, city=city) for n, city in enumerate(others + lookalikes)]
    spaced = small_lake.body("customers", 50, city="7").replace(b'"city": "7"', b'"city"\t:\n "7"')
    unquoted = small_lake.body("customers", 51, city="7").replace(b'"city": "7"', b'"city"\t:\n 7')
    not_json = [b'"city": NaN', b"\"city\": '7'", b'"city": Infinity']
    bodies += [spaced, unquoted]
    bodies += [small_lake.body("customers", 60, city="7").replace(b'"city": "7"', text) for text in not_json]
    small_lake.land("customers", *bodies)
    small_lake.refine()

    cities = [row["city"] for row in small_lake.read(small_lake.lake.silver("customers"))]
    assert cities == [*lookalikes, "7"]
    reasons = [row["reason"] for row in small_lake.read(small_lake.lake.quarantine)]
    assert reasons == ["wrong_type:city"] * (len(others) + 1) + ["malformed_json"] * len(not_json)


def test_a_record_that_fits_is_typed_and_repaired(small_lake):
    """What the contract says must be repaired is repaired; late by years is no reason to refuse it."""
    small_lake.land(
        "customers",
        small_lake.body(
            "customers",
            1,
            email="  Ada@Example.ORG ",
            full_name="\u00a0Ada ",
            occurred_at="2019-03-01T00:00:00Z",
            unannounced="field",
        ),
    )
    small_lake.refine()
    (row,) = small_lake.read(small_lake.lake.silver("customers"))
    assert (row["email"], row["full_name"]) == ("ada@example.org", "Ada")
    assert row["occurred_at"].isoformat() == "2019-03-01T00:00:00+00:00"
    assert small_lake.read(small_lake.lake.quarantine) == []


def test_one_row_for_each_event_id_and_every_double_accounted_for(small_lake):
    """Doubles are removed within a batch and across batches, of good and of broken records alike."""
    good, broken = small_lake.body("customers", 1), small_lake.body("customers", 2, email=...)
    small_lake.land("customers", good, good, broken)
    small_lake.refine()
    small_lake.land("customers", broken, good, small_lake.body("customers", 3))
    small_lake.refine()

    assert [row["_offset"] for row in small_lake.read(small_lake.lake.silver("customers"))] == [0, 5]
    assert [row["_offset"] for row in small_lake.read(small_lake.lake.quarantine)] == [2]
    arrivals = small_lake.read(small_lake.lake.arrivals)
    assert [row["fate"] for row in arrivals] == [
        "silver",
        "duplicate",
        "quarantine",
        "duplicate",
        "duplicate",
        "silver",
    ]


def test_a_double_is_found_however_late(small_lake):
    """Ids of any time, and records without any id, are found again."""
    years = [
        f"{digits}-7c00-7d3a-9f10-000000000001" for digits in ("01700000", "019a3b5e", "00000000", "ffffffff")
    ]
    records = [small_lake.body("customers", 1, event_id=event_id) for event_id in years]
    records += [b"{", small_lake.body("customers", 9, event_id="N/A")]
    small_lake.land("customers", *records)
    small_lake.refine()
    small_lake.land("customers", *records)
    small_lake.refine()
    fates = [row["fate"] for row in small_lake.read(small_lake.lake.arrivals)]
    assert fates == ["silver"] * 4 + ["quarantine"] * 2 + ["duplicate"] * 6


def test_an_unreadable_body_keeps_the_id_of_its_header(small_lake):
    """The body is trusted first; where it cannot be, quarantine has the header's id for the ledger."""
    small_lake.land(
        "customers",
        b"{",
        small_lake.body("customers", 2, country="XX"),
        small_lake.body("customers", 3, event_id="N/A"),
        headers=[{"sent": f"header-{n} 2026-01-15T20:31:07.125000Z run"} for n in (1, 2, 3)],
    )
    small_lake.refine()
    rows = small_lake.read(small_lake.lake.quarantine)
    assert [row["event_id"] for row in rows] == [
        "header-1",
        "019a3b5e-7c00-7d3a-9f10-000000000002",
        "header-3",
    ]


def test_a_crash_between_the_writes_of_a_batch_doubles_nothing(small_lake, monkeypatch):
    """A batch that dies after some of its tables were written ends, repeated, as if it had not died."""
    good, broken = small_lake.body("customers", 1), small_lake.body("customers", 2, email=...)
    small_lake.land("customers", good, good, broken, broken)

    small_lake.refine_but_for_arrivals(monkeypatch)
    # both tables were written before the crash: what follows is a real replay
    assert len(small_lake.read(small_lake.lake.silver("customers"))) == 1
    assert len(small_lake.read(small_lake.lake.quarantine)) == 1
    assert small_lake.read(small_lake.lake.arrivals) == []
    small_lake.refine()

    assert [row["_offset"] for row in small_lake.read(small_lake.lake.silver("customers"))] == [0]
    assert [row["_offset"] for row in small_lake.read(small_lake.lake.quarantine)] == [2]
    fates = [row["fate"] for row in small_lake.read(small_lake.lake.arrivals)]
    assert fates == ["silver", "duplicate", "quarantine", "duplicate"]


def test_a_lost_checkpoint_doubles_nothing(small_lake):
    """Silver reads all of bronze again, and knows from arrivals that every record has its fate."""
    good, broken = small_lake.body("customers", 1), small_lake.body("customers", 2, email=...)
    small_lake.land("customers", good, good, broken)
    small_lake.refine()
    shutil.rmtree(small_lake.checkpoint)
    small_lake.land("customers", small_lake.body("customers", 3))
    small_lake.refine()
    assert [row["_offset"] for row in small_lake.read(small_lake.lake.silver("customers"))] == [0, 3]
    assert [row["_offset"] for row in small_lake.read(small_lake.lake.quarantine)] == [2]
    assert len(small_lake.read(small_lake.lake.arrivals)) == 4


def test_without_the_search_for_doubles_a_second_sending_stays(small_lake, monkeypatch):
    """Negative control: with deduplication switched off the same records do stand twice."""
    monkeypatch.setattr(
        stream,
        "decide_fates",
        lambda stands, _: stands,
    )
    good = small_lake.body("customers", 1)
    small_lake.land("customers", good, good)
    small_lake.refine()
    assert len(small_lake.read(small_lake.lake.silver("customers"))) == 2


def test_running_again_changes_nothing(small_lake):
    """Silver that is up to date gets no new version."""
    small_lake.land("customers", small_lake.body("customers", 1))
    small_lake.refine()
    before = small_lake.read(small_lake.lake.silver("customers"))
    small_lake.refine()
    assert small_lake.read(small_lake.lake.silver("customers")) == before


def test_landing_reads_past_an_empty_batch(small_lake):
    """Spark stops at the first empty chunk of an Arrow table; a segment that is known gives just that."""
    small_lake.land("customers", small_lake.body("customers", 1), source="s1")
    known = small_lake.landed
    small_lake.land("customers", small_lake.body("customers", 2), source="s2")
    fresh = small_lake.landed.set_column(
        small_lake.landed.schema.get_field_index("source"),
        small_lake.landed.schema.field("source"),
        pa.array(["s3"]),
    )
    assert Lander(small_lake.lake).land([known, fresh]) == 1
    assert sorted(row["source"] for row in small_lake.read(small_lake.lake.bronze)) == ["s1", "s2", "s3"]


def test_landing_a_segment_twice_appends_it_once(small_lake):
    """Positions that bronze has are left out; later positions of the same segment are not."""
    first = small_lake.body("customers", 1)
    small_lake.land("customers", first)
    small_lake._next = 0  # noqa: SLF001  # the same position again
    small_lake.land("customers", first, small_lake.body("customers", 2))
    assert [row["offset"] for row in small_lake.read(small_lake.lake.bronze)] == [0, 1]
