"""What silver says of a body: every reason that the contracts foretell, and the fast way as the exact one."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stafford.contracts import Contract, Field, example_body, load_contracts
from stafford.contracts.reasons import reasons as foretold
from stafford.domain.record import UTC_MICROS
from stafford.lakehouse.silver.body import judge
from stafford.lakehouse.silver.columns import read_columns
from stafford.lakehouse.silver.judging import judge_rows
from stafford.lakehouse.tables import BRONZE

CONTRACTS = load_contracts(Path(__file__).parents[3] / "contracts")
ARRIVED_AT = datetime(2026, 2, 1, 12, tzinfo=UTC)
ABSENT = object()
OTHER_TYPES: dict[str, Any] = {"string": 5, "timestamp": 5, "integer": "5", "boolean": "true", "array": {}}


def write(body: dict[str, Any]) -> bytes:
    return json.dumps({name: value for name, value in body.items() if value is not ABSENT}).encode()


def broken(field: Field) -> Iterator[Any]:
    """Values that break the rules of a field, at least one for each rule that it has."""
    yield OTHER_TYPES[field.type]
    yield from ([ABSENT, None] if field.required else [])
    if field.type == "timestamp":
        yield from ("yesterday", "2026-02-30T00:00:00Z", "2026-01-15 20:31:07", "2026-01-15T20:31:07+00:00")
    if field.pattern is not None:
        yield from ("\u00e9 !", "\n")
    if field.max_length is not None:
        yield "x" * (field.max_length + 1)
    if field.enum:
        yield "none of them"
    for bound, step in ((field.minimum, -1), (field.maximum, 1)):
        if isinstance(bound, datetime):
            yield (bound + timedelta(days=step)).isoformat().replace("+00:00", "Z")
        elif bound is not None:
            yield bound + step
    if field.max_ahead_of_arrival is not None:
        late = ARRIVED_AT + field.max_ahead_of_arrival + timedelta(seconds=1)
        yield late.isoformat().replace("+00:00", "Z")


def spoil(contract: Contract) -> Iterator[dict[str, Any]]:
    """Bodies with one thing wrong with each."""
    whole = example_body(contract)
    for field in contract.fields:
        for value in broken(field):
            yield {**whole, field.name: value}
        if field.items:
            line = whole[field.name][0]
            for count in (0, (field.max_items or 0) + 1):
                yield {**whole, field.name: [line] * count}
            for item in field.items:
                for value in broken(item):
                    changed = {name: v for name, v in {**line, item.name: value}.items() if v is not ABSENT}
                    yield {**whole, field.name: [line, changed]}


@pytest.mark.parametrize("topic", CONTRACTS)
def test_silver_gives_exactly_the_reasons_that_the_reference_names(topic):
    """What the contracts' page promises and what can be said are the same set."""
    contract = CONTRACTS[topic]
    bodies = [b"", b"\xff", b"[]", *map(write, spoil(contract))]
    given_ = {reason for body in bodies for reason in judge(body, contract, ARRIVED_AT).reasons}
    assert given_ == set(foretold(contract))


@pytest.mark.parametrize("topic", CONTRACTS)
def test_what_is_spoilt_does_not_pass_at_a_glance(topic):
    """Of bodies with one thing wrong, the fast way lets none pass; a whole one passes."""
    contract = CONTRACTS[topic]
    bodies = [write(example_body(contract)), *map(write, spoil(contract))]
    arrived = pa.array([ARRIVED_AT] * len(bodies), UTC_MICROS)
    assert read_columns(contract, pa.array(bodies), arrived).rows.tolist() == [0]


def mutate(draw: st.DrawFn, body: dict[str, Any]) -> dict[str, Any]:
    anything = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
        st.datetimes().map(lambda when: when.isoformat() + "Z"),
        st.sampled_from(
            [" Ada@Example.ORG ", "\u00a0x", "", "2026-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "DE"]
        ),
        st.lists(
            st.dictionaries(st.sampled_from(["quantity", "product_id"]), st.integers(), max_size=2),
            max_size=2,
        ),
    )
    for name in draw(st.lists(st.sampled_from(list(body)), max_size=3, unique=True)):
        value = draw(anything)
        if isinstance(body[name], list) and draw(st.booleans()):
            line = dict(body[name][0])
            line[draw(st.sampled_from(list(line)))] = value
            value = [*body[name], line]
        body[name] = value
    return body


@given(st.data())
def test_the_fast_way_and_the_exact_one_agree(data):
    """Whoever passes at a glance is let pass by the rules too, with the same values."""
    contract = CONTRACTS[data.draw(st.sampled_from(list(CONTRACTS)))]
    bodies = [write(mutate(data.draw, example_body(contract))) for _ in range(4)]
    arrived = pa.array([ARRIVED_AT] * len(bodies), UTC_MICROS)
    columns = read_columns(contract, pa.array(bodies), arrived)
    rows = pa.table(columns.fields).to_pylist()
    for row, place in zip(rows, columns.rows, strict=True):
        verdict = judge(bodies[place], contract, ARRIVED_AT)
        assert verdict.reasons == ()
        assert row == verdict.values


@given(st.binary(max_size=60), st.sampled_from(list(CONTRACTS)))
def test_any_bytes_get_a_reason(body, topic):
    """Noise is refused, with its bytes, and never raises."""
    row = {
        "topic": topic,
        "partition": 0,
        "offset": 1,
        "timestamp": ARRIVED_AT,
        "key": b"k",
        "value": body,
        "headers": [{"key": "sent", "value": body}],
        "source": "kafka",
        "ingested_at": ARRIVED_AT,
    }
    judged = judge_rows(pa.Table.from_pylist([row], schema=pa.schema(BRONZE.items())), CONTRACTS)
    (refused,) = judged.refused.to_pylist()
    assert judged.passed == {}
    assert refused["value"] == body
    assert refused["reason"] in {"empty_body", "not_utf8", "malformed_json"}


@pytest.mark.parametrize(
    "twice",
    [
        b'{"event_id":"x",',
        b'{"event_id" : "x",',
        b'{"unknown":1,"unknown":2,',
        b'{"unknown":{"a":1,"a":2},',
        # what one name hides by a space, another brings twice
        b'{"unknown" :1,"sequence":1,',
    ],
)
def test_a_name_that_is_said_twice_is_refused(twice):
    """Which of the two was meant nobody can know; said once, the same body passes."""
    contract = CONTRACTS["clickstream"]
    whole = json.dumps(example_body(contract), separators=(",", ":")).encode()
    bodies = [whole, whole.replace(b'{"event_id"', b'{"unknown":1,"event_id"'), twice + whole[1:]]
    rows = read_columns(contract, pa.array(bodies), pa.array([ARRIVED_AT] * 3, UTC_MICROS)).rows
    assert rows.tolist() == [0]
    assert [judge(body, contract, ARRIVED_AT).reasons for body in bodies] == [(), (), ("malformed_json",)]
