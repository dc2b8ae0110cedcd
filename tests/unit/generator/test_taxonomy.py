"""What the contracts say of each event type is true of what is generated."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from stafford.contracts import Contract, load_contracts

from .builders import PROJECT_DIR, open_shop, run

Event = Mapping[str, Any]
_SHARED = ("order_id", "session_id", "product_id", "customer_id")
"""What two events can be about together; the first that both have."""


@pytest.fixture(scope="module")
def contracts() -> dict[str, Contract]:
    return load_contracts(PROJECT_DIR / "contracts")


@pytest.fixture(scope="module")
def events() -> list[Event]:
    """Six weeks of a small shop since it opened."""
    batch = run(open_shop(is_clean=True), timedelta(days=42))
    return [json.loads(value) for value in batch.records["value"].to_pylist()]


def find_strays(contracts: Mapping[str, Contract], events: Sequence[Event]) -> Iterator[str]:
    """Fields that an event carries and should not, or should carry and does not."""
    fields = {t: c.fields for c in contracts.values() for t in c.event_types}
    for event in events:
        for field in fields[event["event_type"]]:
            expected = field.is_carried_by(event["event_type"])
            if expected is not None and expected != (field.name in event):
                yield f"{event['event_type']}.{field.name}"


def find_early(contracts: Mapping[str, Contract], events: Sequence[Event]) -> Iterator[str]:
    """Events before which none came of those that their contract asks for."""
    first: dict[tuple[str, str, str], str] = defaultdict(lambda: "9999")
    for event in events:
        for shared in _SHARED:
            if shared in event:
                about = (event["event_type"], shared, event[shared])
                first[about] = min(first[about], event["occurred_at"])
    known = {(kind, shared) for kind, shared, _ in first}
    after = {e.name: e.after for c in contracts.values() for e in c.events}
    for event in events:
        before = [
            min(
                first[name, shared, event[shared]]
                for shared in _find_shared(event, {s for s in _SHARED if (name, s) in known})
            )
            for name in after[event["event_type"]]
        ]
        if before and min(before) > event["occurred_at"]:
            yield event["event_type"]


def _find_shared(event: Event, known: Collection[str]) -> list[str]:
    """What an event and those before it are about: the first that both have, and a cart is a customer's."""
    first = next(shared for shared in _SHARED if shared in event and shared in known)
    is_kept = first == "session_id" and "customer_id" in event
    return [first, "customer_id"] if is_kept else [first]


def test_each_event_carries_the_fields_of_its_type(
    contracts: dict[str, Contract], events: list[Event]
) -> None:
    """A field that only some types carry is in all of their events, and in no other."""
    assert {event["event_type"] for event in events} == {t for c in contracts.values() for t in c.event_types}
    assert set(find_strays(contracts, events)) == set()


def test_each_event_comes_after_its_like(contracts: dict[str, Contract], events: list[Event]) -> None:
    """Before each event came one of those that its contract names, about the same thing."""
    assert list(find_early(contracts, events)) == []


def test_a_wrong_place_is_found(contracts: dict[str, Contract], events: list[Event]) -> None:
    """Negative controls: a field too many, and an event that comes after what it precedes."""
    orders = contracts["orders"]
    moved = [replace(e, after=("refund_issued",)) if e.name == "order_placed" else e for e in orders.events]
    assert "order_placed" in find_early({**contracts, "orders": replace(orders, events=tuple(moved))}, events)
    stray = {**next(e for e in events if e["event_type"] == "page_viewed"), "quantity": 1}
    assert list(find_strays(contracts, [stray])) == ["page_viewed.quantity"]
