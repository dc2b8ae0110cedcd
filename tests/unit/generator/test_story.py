"""A shop's events tell one continuous story, whatever kind of shop it is."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stafford.domain.flash_sale import FlashSale
from stafford.domain.window import to_micros
from stafford.generator import Profile, Shop, load_profile
from stafford.generator.customers import MOST_INITIAL
from stafford.generator.promotions import Promotions
from stafford.generator.vocabulary import CATEGORIES

from .builders import (
    AS_FOUND,
    NAMES,
    OPENS_AT,
    PROFILES,
    Event,
    find_profile,
    make_scarce,
    open_shop,
    read_clean,
    run,
)
from .invariants import (
    find_broken_sessions,
    find_contradicting_details,
    find_early_references,
    find_late_references,
    find_orphans,
    find_repeated_ids,
    find_sold_out_goods,
    find_strange_campaigns,
    find_unbooked_sales,
    find_unequal_discounts,
    find_unwanted_mail,
    find_wrong_prices,
    find_wrong_promotions,
    find_wrong_stock,
    find_wrong_totals,
)
from .order_invariants import (
    find_unfulfilled_order,
    find_wrong_coupons,
    find_wrong_parcels,
    find_wrong_payments,
    find_wrong_refunds,
    find_wrong_shipping,
)
from .tampering import CONTROLS, Tamper

SALE = FlashSale(
    to_micros(OPENS_AT + timedelta(days=1, hours=9)),
    to_micros(OPENS_AT + timedelta(days=1, hours=21)),
    CATEGORIES.index("accessories"),  # which every profile sells
    35,  # a discount that none of them gives otherwise
    6.0,
)

WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class Story:
    """What happened in a shop, what kind of shop it is, and the key of all that it draws."""

    profile: Profile
    root: int
    events: list[Event]


Finder = Callable[[Story], list[str]]


def _find_wrong_promotions(story: Story) -> list[str]:
    orders = story.profile.orders
    promotions = Promotions(story.root, orders.discounted, orders.discount_percent)

    @cache
    def find_percent(number: int, week: int) -> int:
        return int(promotions.find_percent(np.array([number]), np.array([week]))[0])

    def promote(product_id: str, at: datetime) -> int:
        return find_percent(int(product_id.removeprefix("p-")), (at - OPENS_AT) // WEEK)

    return find_wrong_promotions(story.events, (SALE,), promote)


def _find_wrong_coupons(story: Story) -> list[str]:
    return find_wrong_coupons(story.events, story.profile.orders.coupons)


def _find_wrong_shipping(story: Story) -> list[str]:
    orders = story.profile.orders
    return find_wrong_shipping(story.events, orders.shipping_cents, orders.free_shipping_from_cents)


FINDERS: dict[str, Finder] = {
    "early reference": lambda story: find_early_references(story.events),
    "late reference": lambda story: find_late_references(story.events),
    "repeated id": lambda story: find_repeated_ids(story.events),
    "orphan": lambda story: find_orphans(story.events),
    "broken session": lambda story: find_broken_sessions(story.events),
    "wrong total": lambda story: find_wrong_totals(story.events),
    "wrong price": lambda story: find_wrong_prices(story.events),
    "wrong promotion": _find_wrong_promotions,
    "wrong stock": lambda story: find_wrong_stock(story.events),
    "unbooked sale": lambda story: find_unbooked_sales(story.events),
    "sold out": lambda story: find_sold_out_goods(story.events),
    "unfulfilled order": lambda story: find_unfulfilled_order(story.events),
    "wrong coupon": _find_wrong_coupons,
    "wrong shipping": _find_wrong_shipping,
    "wrong payment": lambda story: find_wrong_payments(story.events),
    "wrong refund": lambda story: find_wrong_refunds(story.events),
    "wrong parcel": lambda story: find_wrong_parcels(story.events),
    "unwanted mail": lambda story: find_unwanted_mail(story.events),
    "strange campaign": lambda story: find_strange_campaigns(story.events, story.profile.traffic.campaigns),
    "contradicting details": lambda story: find_contradicting_details(story.events),
}


def _tell(shop: Shop, length: timedelta) -> Story:
    return Story(shop.profile, shop.root, read_clean(run(shop, length)))


@pytest.fixture(scope="module", params=NAMES)
def story(request: pytest.FixtureRequest) -> Story:
    """Forty days of a shop without mess: returns come in, weeks pass, summer time begins, a sale is on."""
    shop = open_shop(events_per_day=2500, name=request.param, is_clean=True, sales=(SALE,))
    return _tell(shop, timedelta(days=40))


@pytest.fixture(scope="module")
def events(story: Story) -> list[Event]:
    """What happened in those days."""
    return story.events


@pytest.mark.parametrize("finder", FINDERS)
def test_invariant_holds(finder: str, story: Story) -> None:
    """Nothing breaks the invariant in forty days."""
    assert FINDERS[finder](story) == []


@settings(AS_FOUND, max_examples=5)
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 2**63), days=st.integers(1, 3))
@example(name="marketplace", seed=0, days=2)
@example(name="electronics", seed=0, days=2)
def test_invariants_hold_for_any_seed(name: str, seed: int, days: int) -> None:
    """Nothing breaks any invariant in the first days of any shop of any kind."""
    shop = open_shop(seed, 2000, name=name, is_clean=True, sales=(SALE,))
    told = _tell(shop, timedelta(days=days))
    assert [problem for find in FINDERS.values() for problem in find(told)] == []


@settings(AS_FOUND, max_examples=4)
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 2**63))
def test_a_scarce_shop_sells_only_what_it_has(name: str, seed: int) -> None:
    """Where goods run out for days, nothing is sold that is not there, and nothing goes below zero."""
    shop = Shop(make_scarce(find_profile(name, is_clean=True)), seed, OPENS_AT, 10_000, flash_sales=(SALE,))
    told = _tell(shop, timedelta(days=2))
    levels = [event.body["stock_units"] for event in told.events if event.topic == "inventory"]
    assert levels.count(0) >= 3
    assert [problem for find in FINDERS.values() for problem in find(told)] == []


@pytest.mark.parametrize(("finder", "tamper"), CONTROLS)
def test_finder_finds(finder: str, tamper: Tamper, story: Story) -> None:
    """Control: each finder sees the one event that was tampered with."""
    events = story.events
    row = next(row for row, event in enumerate(events) if tamper(event) is not None)
    changed = tamper(events[row])
    assert changed is not None
    assert FINDERS[finder](replace(story, events=[*events[:row], changed, *events[row + 1 :]]))


def test_every_finder_has_a_control() -> None:
    """Each is tried on something that it must find."""
    assert {finder for finder, _ in CONTROLS} == FINDERS.keys()


def test_a_second_event_of_one_id_is_found(story: Story) -> None:
    """Control: a click that is there twice."""
    click = next(event for event in story.events if event.topic == "clickstream")
    assert FINDERS["repeated id"](replace(story, events=[*story.events, click]))


def test_the_sale_was_on(story: Story) -> None:
    """Lines have the discount of the flash sale, so that the invariant is about something."""
    lines = [line for e in story.events if e.event_type == "order_placed" for line in e.body["lines"]]
    full = [line["quantity"] * line["unit_price_cents"] for line in lines]
    assert any(
        line["discount_cents"] == cents * SALE.discount_percent // 100
        for line, cents in zip(lines, full, strict=True)
    )


def test_whoever_buys_in_one_week_gets_one_discount(story: Story) -> None:
    """After the flash sale, a product has one percent off for everybody until the week is over."""
    events = [event for event in story.events if event.at >= OPENS_AT + WEEK]
    assert find_unequal_discounts(events, OPENS_AT) == []
    orders = [event for event in events if event.event_type == "order_placed"]
    # Control: two discounts of one product in one week, as a coin toss for each line gave them.
    of_week = [e for e in orders if (e.at - OPENS_AT) // WEEK == 2]
    bought = Counter(line["product_id"] for event in of_week for line in event.body["lines"])
    (product, times), *_ = bought.most_common(1)
    assert times > 1
    row, place = next(
        (row, place)
        for row, event in enumerate(of_week)
        for place, line in enumerate(event.body["lines"])
        if line["product_id"] == product
    )
    body = json.loads(json.dumps(of_week[row].body))
    line = body["lines"][place]
    line["discount_cents"] += line["quantity"] * line["unit_price_cents"] * 5 // 100
    changed = [*of_week[:row], replace(of_week[row], body=body), *of_week[row + 1 :]]
    assert find_unequal_discounts(changed, OPENS_AT) == [f"{product} in week 2"]


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
    assert len(types) == 24
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


@pytest.mark.parametrize("events_per_day", [4000, 5 * 86_400.0, 500 * 86_400.0])
def test_no_shop_opens_with_a_flood(events_per_day: float) -> None:
    """However busy a shop is to be, its first minute is its catalogue and a bounded base of customers."""
    shop = Shop(load_profile("fashion-retail", PROFILES), 7, OPENS_AT, events_per_day)
    first_minute = run(shop, timedelta(minutes=1)).labels.to_pylist()
    firsts = [label["event_type"] for label in first_minute if label["copy"] == 0]
    assert 0 < firsts.count("customer_registered") <= MOST_INITIAL
    assert len(firsts) <= 2 * MOST_INITIAL
