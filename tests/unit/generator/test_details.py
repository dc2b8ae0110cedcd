"""Customers move, get other e-mail addresses, and change their mind about marketing mail."""

from collections import defaultdict
from datetime import timedelta

import pytest

from stafford.generator import Shop

from .builders import NAMES, OPENS_AT, Event, find_profile, read_clean, run
from .invariants import find_contradicting_details


def _live(name: str, **shares: float) -> list[Event]:
    """The customers' events of half a year of a shop where these shares of customers change something."""
    profile = find_profile(name, is_clean=True)
    customers = profile.customers.model_copy(update=shares)
    shop = Shop(profile.model_copy(update={"customers": customers}), 7, OPENS_AT, 1500)
    return [event for event in read_clean(run(shop, timedelta(days=180))) if event.topic == "customers"]


def _count_changes(events: list[Event]) -> dict[str, int]:
    """How many customers change each detail."""
    values: dict[tuple[str, str], set[object]] = defaultdict(set)
    for event in events:
        for name in ("email", "marketing_consent", "city", "full_name"):
            if name in event.body:
                values[name, event.body["customer_id"]].add(event.body[name])
    return {
        name: sum(len(found) > 1 for (field, _), found in values.items() if field == name)
        for name in ("email", "marketing_consent", "city", "full_name")
    }


@pytest.mark.parametrize("name", NAMES)
def test_details_change_and_names_stay(name: str) -> None:
    """With high shares each detail changes for many; each update repeats the rest, and nobody is renamed."""
    events = _live(name, moves=0.5, new_addresses=0.5, withdraws=0.5, gives=0.5)
    changes = _count_changes(events)
    customers = len({event.body["customer_id"] for event in events})
    assert all(changes[detail] > customers / 10 for detail in ("email", "marketing_consent", "city"))
    assert changes["full_name"] == 0
    assert find_contradicting_details(events) == []
    addresses = [(e.body["email"], e.body["customer_id"]) for e in events]
    assert len({address for address, _ in addresses}) == len(set(addresses))  # nobody has another's


def test_nobody_changes_what_the_profile_keeps() -> None:
    """Control: with shares of nothing no address and no consent ever changes."""
    changes = _count_changes(_live(NAMES[0], new_addresses=0.0, withdraws=0.0, gives=0.0))
    assert changes["email"] == changes["marketing_consent"] == 0
