"""A shop's events tell one continuous story."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stafford.generator import Shop, load_profile
from stafford.generator.customers import MOST_INITIAL

from .builders import OPENS_AT, PROFILES, Event, open_shop, read_clean, run
from .invariants import (
    find_broken_sessions,
    find_early_references,
    find_unfulfilled_order,
    find_wrong_prices,
    find_wrong_stock,
    find_wrong_totals,
)

Finder = Callable[[Iterable[Event]], list[str]]
FINDERS = (
    find_early_references,
    find_broken_sessions,
    find_wrong_totals,
    find_wrong_prices,
    find_wrong_stock,
    find_unfulfilled_order,
)


@pytest.fixture(scope="module")
def events() -> list[Event]:
    """Forty days of a shop without mess: returns come in, weeks pass, summer time begins."""
    return read_clean(run(open_shop(events_per_day=2500, is_clean=True), timedelta(days=40)))


@pytest.mark.parametrize("find", FINDERS)
def test_invariant_holds(find: Finder, events: list[Event]) -> None:
    """Nothing breaks the invariant in forty days."""
    assert find(events) == []


@settings(max_examples=5)
@given(seed=st.integers(0, 2**63))
def test_invariants_hold_for_any_seed(seed: int) -> None:
    """Nothing breaks any invariant in the first days of any shop, without the sessions still open."""
    found = read_clean(run(open_shop(seed, is_clean=True), timedelta(days=2)))
    assert [problem for find in FINDERS for problem in find(found)] == []


@pytest.mark.parametrize("find", FINDERS)
def test_finder_finds(find: Finder, events: list[Event]) -> None:
    """Control: each finder sees the one event that was tampered with."""
    tamper = _TAMPER[find]
    row = next(row for row, event in enumerate(events) if tamper(event) is not None)
    changed = tamper(events[row])
    assert changed is not None
    assert find([*events[:row], changed, *events[row + 1 :]])


def test_key_order_is_the_order_of_events(events: list[Event]) -> None:
    """Of one key, events without mess leave in the order in which they occurred."""
    last: dict[tuple[str, str], Event] = {}
    key = {"clickstream": "session_id", "inventory": "product_id", "products": "product_id"}
    for event in events:
        name = (
            event.topic,
            event.body[key.get(event.topic, "order_id" if event.topic != "customers" else "customer_id")],
        )
        assert name not in last or last[name].at <= event.at
        last[name] = event


def test_everything_happens(events: list[Event]) -> None:
    """Every event type of every contract occurs, guests and signed-in customers order, lots run out."""
    types = {event.event_type for event in events}
    assert len(types) == 20
    orders = [event.body for event in events if event.event_type == "order_placed"]
    assert {"customer_id" in body for body in orders} == {True, False}
    assert any(len(body["lines"]) > 1 for body in orders)
    lots = [event for event in events if event.event_type == "stock_restocked"]
    assert len(lots) > len({event.body["product_id"] for event in lots})


def test_names_are_people_s_names(events: list[Event]) -> None:
    """Names have letters beyond ASCII, and addresses are nobody's."""
    people = [event.body for event in events if event.topic == "customers"]
    assert any(not body["full_name"].isascii() for body in people)
    assert all(body["email"].isascii() for body in people)
    assert {body["email"].rpartition("@")[2] for body in people} <= {
        "example.org",
        "example.com",
        "example.net",
    }


def _change(event: Event, **fields: object) -> Event:
    return replace(event, body=json.loads(json.dumps(event.body)) | fields)


def _tamper_registration(event: Event) -> Event | None:
    if event.event_type == "customer_registered" and event.body["customer_id"] == "c-0000000":
        return _change(event, occurred_at="2027-01-01T00:00:00.000000Z")
    return None


def _tamper_checkout(event: Event) -> Event | None:
    return _change(event, sequence=900) if event.event_type == "checkout_started" else None


def _tamper_total(event: Event) -> Event | None:
    if event.topic == "orders":
        return _change(event, total_cents=event.body["total_cents"] + 1)
    return None


def _tamper_price(event: Event) -> Event | None:
    if event.event_type != "order_placed":
        return None
    changed = _change(event)
    changed.body["lines"][0]["unit_price_cents"] += 1
    return changed


def _tamper_stock(event: Event) -> Event | None:
    return _change(event, delta_units=-1) if event.event_type == "stock_restocked" else None


def _tamper_delivery(event: Event) -> Event | None:
    if event.event_type == "shipment_delivered":
        return _change(event, occurred_at="2026-03-27T00:00:00.000000Z")
    return None


_TAMPER: dict[Finder, Callable[[Event], Event | None]] = {
    find_early_references: _tamper_registration,
    find_broken_sessions: _tamper_checkout,
    find_wrong_totals: _tamper_total,
    find_wrong_prices: _tamper_price,
    find_wrong_stock: _tamper_stock,
    find_unfulfilled_order: _tamper_delivery,
}


@pytest.mark.parametrize("events_per_day", [4000, 5 * 86_400.0, 500 * 86_400.0])
def test_no_shop_opens_with_a_flood(events_per_day: float) -> None:
    """However busy a shop is to be, its first minute is its catalogue and a bounded base of customers."""
    shop = Shop(load_profile("fashion-retail", PROFILES), 7, OPENS_AT, events_per_day)
    first_minute = run(shop, timedelta(minutes=1)).labels.to_pylist()
    firsts = [label["event_type"] for label in first_minute if label["copy"] == 0]
    assert 0 < firsts.count("customer_registered") <= MOST_INITIAL
    assert len(firsts) <= 2 * MOST_INITIAL
