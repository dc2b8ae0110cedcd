"""A hundred thousand hostile records: each has one fate, none is lost, and nothing falls over."""

import json
from collections.abc import Callable, Iterator
from random import Random

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from stafford.domain.record import HEADER_TYPE, SENT
from stafford.lakehouse.bronze import Lander

pytestmark = [pytest.mark.spark, pytest.mark.slow]

RECORDS = 100_000
WHOLE_EVERY = 50
"""One in so many is left as it is: the control that good records still pass among the others."""

_NUMBERS = (
    b"1e400",
    b"-1e400",
    b"99999999999999999999999999",
    b"-0",
    b"NaN",
    b"Infinity",
    b"0x1F",
    b"1_000",
    b"01",
)
_TEXTS = (
    b'"\\ud800"',
    b'"\\u0000"',
    b'"\xf0\x9f\x92\xa9"',
    b'"\xed\xa0\x80"',
    b'"' + b"A" * 40_000 + b'"',
    b'"\\"',
)
_VALUES = (b"null", b"true", b"{}", b"[]", b"[null]", b'{"a":{"b":[1,{"c":null}]}}', *_NUMBERS, *_TEXTS)

Mutator = Callable[[bytes, Random], bytes | None]


def _nothing(_body: bytes, dice: Random) -> bytes | None:
    return dice.choice((None, b"", b" ", b"\n", b"\x00"))


def _noise(_body: bytes, dice: Random) -> bytes:
    return dice.randbytes(dice.randrange(1, 200))


def _cut(body: bytes, dice: Random) -> bytes:
    return body[: dice.randrange(len(body))]


def _flip(body: bytes, dice: Random) -> bytes:
    mutable = bytearray(body)
    for _ in range(dice.randrange(1, 6)):
        mutable[dice.randrange(len(mutable))] = dice.randrange(256)
    return bytes(mutable)


def _replace_value(body: bytes, dice: Random) -> bytes:
    fields = list(json.loads(body).items())
    victim = dice.randrange(len(fields))
    parts = [
        json.dumps(name).encode()
        + b":"
        + (dice.choice(_VALUES) if place == victim else json.dumps(value).encode())
        for place, (name, value) in enumerate(fields)
    ]
    return b"{" + b",".join(parts) + b"}"


def _name_twice(body: bytes, dice: Random) -> bytes:
    name = dice.choice(list(json.loads(body)))
    return b"{" + json.dumps(name).encode() + b":" + dice.choice(_VALUES) + b"," + body[1:]


def _bury(body: bytes, dice: Random) -> bytes:
    depth = dice.choice((2, 50, 1200))
    return b'{"a":' * depth + body + b"}" * depth


def _wrap(body: bytes, dice: Random) -> bytes:
    return dice.choice((b"[" + body + b"]", json.dumps(body.decode()).encode(), body + body, body + b","))


MUTATORS: tuple[Mutator, ...] = (_nothing, _noise, _cut, _flip, _replace_value, _name_twice, _bury, _wrap)


def _make(small_lake, dice: Random) -> Iterator[tuple[str, bytes | None, bool]]:
    """Topic, body, and whether it is as it should be."""
    topics = list(small_lake.contracts)
    bodies = {topic: small_lake.body(topic, 1) for topic in topics}
    yield "orders", b'{"event_id":"' + b"x" * 10_000_000 + b'"}', False
    for number in range(1, RECORDS):
        topic = topics[number % len(topics)]
        if number % WHOLE_EVERY == 0:
            yield topic, small_lake.body(topic, number), True
        elif number % 11 == 0:
            yield topic, bodies[topics[(number + 1) % len(topics)]], False  # of another topic
        else:
            yield topic, dice.choice(MUTATORS)(bodies[topic], dice), False


def _make_headers(records: int, dice: Random) -> pa.Array:
    """None for most; for a third of the records ours with anything in it, also twice, and others beside."""
    values = (
        None, b"", b" ", b"  ", b"\xff\xfe", b"id", b"id 2026-01-15T20:31:07Z run", b"id -1 run more",
        b"id 9999-99-99T99:99:99Z run", b"\x00" * 3, "\U0001f600 \u202e ".encode(), dice.randbytes(3_000),
    )  # fmt: skip
    names = (SENT, SENT, "ce_id", "produced_at", "run_id", "", "\u0000", "traceparent")
    return pa.array(
        [
            [{"key": dice.choice(names), "value": dice.choice(values)} for _ in range(dice.randrange(4))]
            if number % 3 == 0
            else None
            for number in range(records)
        ],
        HEADER_TYPE,
    )


def test_every_hostile_record_has_one_fate(small_lake):
    """Silver, quarantine with the very bytes, or a double of one that is there; and good ones pass."""
    sent, good, landed = 0, [], {}
    by_topic: dict[str, list[bytes | None]] = {topic: [] for topic in small_lake.contracts}
    dice = Random(20261128)  # noqa: S311 - nothing secret
    for topic, body, is_good in _make(small_lake, dice):
        by_topic[topic].append(body)
        sent += 1
        if is_good:
            good.append((topic, json.loads(body or b"")["event_id"]))
    assert sent == RECORDS
    for topic, bodies in by_topic.items():
        # One source each: what is landed is told apart by source and position.
        rows = small_lake.build(topic, *bodies, source=topic)
        rows = rows.set_column(
            rows.schema.get_field_index("headers"), "headers", _make_headers(len(rows), dice)
        )
        Lander(small_lake.lake).land([rows])
        landed.update(((topic, row["offset"]), row["value"]) for row in rows.to_pylist())
    small_lake.refine()

    arrivals = (
        DeltaTable(small_lake.lake.arrivals)
        .to_pyarrow_table(columns=["_source", "_offset", "fate", "event_id"])
        .to_pylist()
    )
    assert len(arrivals) == len({(row["_source"], row["_offset"]) for row in arrivals}) == RECORDS
    fates = [row["fate"] for row in arrivals]
    quarantined = small_lake.read(small_lake.lake.quarantine)
    assert len(quarantined) == fates.count("quarantine") > RECORDS / 4
    for row in quarantined:
        assert row["value"] == landed[row["_source"], row["_offset"]]
        assert row["reason"]
    silver = {
        (topic, row["event_id"])
        for topic in small_lake.contracts
        for row in small_lake.read(small_lake.lake.silver(topic))
    }
    assert len(silver) == fates.count("silver")
    assert set(good) <= silver
    # A double is one of something: the same bytes are refused already, or its event is in silver.
    refused = {(row["topic"], row["value"]) for row in quarantined}
    doubles = [row for row in arrivals if row["fate"] == "duplicate"]
    assert doubles
    for row in doubles:
        topic = row["_source"]
        same_bytes = (topic, landed[topic, row["_offset"]]) in refused
        assert same_bytes or (topic, row["event_id"]) in silver
