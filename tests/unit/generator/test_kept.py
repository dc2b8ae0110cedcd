"""What is left in a cart one day is ordered another day, by the same customer, at the price of that day."""

from collections import defaultdict
from datetime import timedelta

import pytest

from stafford.domain.window import to_micros
from stafford.generator import Profile, Shop
from stafford.generator.simulation import Simulation

from .builders import NAMES, OPENS_AT, Event, find_profile, make_scarce, read_clean, run
from .invariants import (
    find_broken_sessions,
    find_sold_out_goods,
    find_unbooked_sales,
    find_unwanted_mail,
    find_wrong_prices,
    find_wrong_stock,
    find_wrong_totals,
)

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAYS = 6


def change(profile: Profile, bought: float) -> Profile:
    """A shop with that share of orders from kept carts, of which few others come back."""
    returning = profile.sessions.returning
    assert returning is not None
    returning = returning.model_copy(update={"bought": bought, "share": 0.02, "share_reminded": 0.02})
    sessions = profile.sessions.model_copy(update={"returning": returning, "conversion": 0.1})
    purchases = profile.customers.purchases.model_copy(update={"r": 3.0, "alpha": 3.0})
    customers = profile.customers.model_copy(update={"history_weeks": 20, "purchases": purchases})
    return profile.model_copy(update={"sessions": sessions, "customers": customers})


def open_shop(name: str, bought: float, *, is_clean: bool = True, is_scarce: bool = False) -> Shop:
    """A small shop whose customers order often."""
    profile = find_profile(name, is_clean=is_clean)
    return Shop(change(make_scarce(profile) if is_scarce else profile, bought), 7, OPENS_AT, 3000)


def find_kept(events: list[Event]) -> dict[str, str]:
    """Sessions with an order that begin with the cart, and of whom."""
    bought = {e.body["session_id"] for e in events if e.event_type == "order_placed"}
    return {
        e.body["session_id"]: e.body["customer_id"]
        for e in events
        if e.topic == "clickstream" and e.body["sequence"] == 1 and e.body["page"] == "cart"
        if e.body["session_id"] in bought
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_cart_of_one_day_is_ordered_on_another(name: str) -> None:
    """The story goes on over both visits, nothing is added, and all that holds for orders holds for these."""
    events = read_clean(run(open_shop(name, 1.0), DAYS * DAY))
    kept = find_kept(events)
    assert len(kept) > 30
    kinds = {(e.body["session_id"], e.event_type) for e in events if e.topic == "clickstream"}
    assert not any((session, "cart_item_added") in kinds for session in kept)
    campaigns = {e.body.get("campaign") for e in events if e.body.get("session_id") in kept}
    assert campaigns >= {None, "cart_reminder"}
    for find in (
        find_broken_sessions, find_unwanted_mail, find_wrong_totals, find_wrong_prices, find_wrong_stock,
        find_unbooked_sales, find_sold_out_goods,
    ):  # fmt: skip
        assert find(events) == [], find.__name__


def test_without_the_first_visit_there_is_no_cart() -> None:
    """Control: the finder misses it. Nor is anything kept where the profile says none."""
    events = read_clean(run(open_shop("fashion-retail", 1.0), DAYS * DAY))
    session, customer = next(iter(find_kept(events).items()))
    begins = min(e.at for e in events if e.body.get("session_id") == session)
    adds: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.event_type == "cart_item_added" and event.body.get("customer_id") == customer:
            adds[event.body["session_id"]].append(event)
    before = {name for name, found in adds.items() if found[0].at < begins}
    assert before
    rest = [e for e in events if e.body.get("session_id") not in before]
    assert any(problem.startswith(session) for problem in find_broken_sessions(rest))
    assert find_kept(read_clean(run(open_shop("fashion-retail", 0.0), DAYS * DAY))) == {}


def test_orders_are_the_models_alone() -> None:
    """Where every cart is kept, and where none is, the same customers order at the same instants."""
    found = []
    for bought in (0.0, 1.0):
        profile = change(find_profile(is_clean=True), bought)
        opens_at, end = to_micros(OPENS_AT), to_micros(OPENS_AT + DAYS * DAY)
        simulation = Simulation(profile, 7, opens_at, weekly_sessions=2000, most_initial=1000)
        simulation.customers.open()
        reach = to_micros(OPENS_AT + 3 * DAYS * DAY)
        _, of_countries = simulation.clocks.reach(opens_at, reach)
        orders = simulation.customers.purchase(of_countries, end).orders
        due = orders.orders_at < end
        assert ((orders.at < orders.orders_at).mean() > 0.3) == (bought > 0)
        rows = zip(orders.customer[due], orders.ordinal[due], orders.orders_at[due], strict=True)
        found.append(sorted(tuple(map(int, row)) for row in rows))
    assert len(found[0]) > 50
    assert found[0] == found[1]


@pytest.mark.parametrize("is_scarce", [False, True])
def test_windows_and_shards_agree(is_scarce: bool) -> None:
    """Streams that begin between the visits, cuts between them, and shards give the same records."""
    shop = open_shop("fashion-retail", 1.0, is_clean=False, is_scarce=is_scarce)
    end, start = DAYS * DAY, 4 * DAY + 7 * HOUR
    whole = run(shop, end)
    cut = run(shop, *(HOUR * 5 * step for step in range(1, 28)), end)
    assert cut.records.equals(whole.records)
    assert cut.labels.equals(whole.labels)
    later = run(shop, end, start=start)
    emitted = whole.records["emitted_at"].to_pylist()
    assert later.records.to_pylist() == [
        row for row, at in zip(whole.records.to_pylist(), emitted, strict=True) if at >= OPENS_AT + start
    ]
    keys = [set(run(shop, end, start=start, shard=(i, 2)).records["event_id"].to_pylist()) for i in range(2)]
    assert set.union(*keys) == set(later.records["event_id"].to_pylist())
