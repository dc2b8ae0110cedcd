"""Products end: they leave the shelf, are sold off, and are discontinued."""

from datetime import timedelta
from functools import cache

import numpy as np
import pytest

from stafford.generator import Shop
from stafford.generator.calendar import WEEK
from stafford.generator.catalogue import Catalogue
from stafford.generator.lifetimes import SELL_OFF, Lifetimes
from stafford.generator.profile_parts import Range
from stafford.generator.purchases import NEVER
from stafford.generator.randomness import Flags, Ints, derive, name_stream

from .builders import OPENS_AT, Event, agree, find_profile, join, read_clean, run
from .invariants import find_late_references

LENGTH = timedelta(days=30)
KEYS = derive(7, name_stream("a test of lifetimes"), np.arange(4000))


@cache
def open_fleeting_shop(seed: int = 7) -> Shop:
    """A small shop whose products are on the shelf for one to three weeks."""
    profile = find_profile(is_clean=True)
    catalogue = profile.catalogue.model_copy(update={"lifetime_weeks": Range(least=1, most=3)})
    return Shop(profile.model_copy(update={"catalogue": catalogue}), seed, OPENS_AT, 900)


def find_moments(events: list[Event], event_type: str) -> dict[str, list[Event]]:
    """Events of one type by product."""
    found: dict[str, list[Event]] = {}
    for event in events:
        if event.event_type == event_type:
            found.setdefault(event.body["product_id"], []).append(event)
    return found


def test_a_discontinued_product_is_left_alone() -> None:
    """Nobody looks at it, takes it or restocks it; what was bought before still comes back."""
    events = read_clean(run(open_fleeting_shop(), LENGTH))
    ends = find_moments(events, "product_discontinued")
    assert len(ends) > 20
    assert all(len(of_product) == 1 for of_product in ends.values())
    assert find_late_references(events) == []
    sell_off = timedelta(microseconds=SELL_OFF)
    for name, (end,) in ends.items():
        lots = find_moments(events, "stock_restocked").get(name, [])
        assert all(lot.at < end.at - sell_off for lot in lots if lot.at > OPENS_AT + timedelta(minutes=2))
    viewed = find_moments(events, "product_viewed")
    assert ends.keys() & viewed.keys()


def test_a_shop_that_ignores_ends_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: where discontinued products stay on the shelf, they are looked at, ordered and added."""

    def find_launched(self: Catalogue, products: Ints, week: int) -> Flags:
        return products < self.count(week)

    monkeypatch.setattr(Catalogue, "_find_on_sale", find_launched)
    problems = find_late_references(read_clean(run(open_fleeting_shop(), LENGTH)))
    assert {problem.split()[0] for problem in problems} >= {
        "product_viewed",
        "cart_item_added",
        "order_placed",
    }


def test_ends_do_not_depend_on_the_cut() -> None:
    """Days asked for one by one, windows that join and shards give the same events."""
    shop = open_fleeting_shop()
    whole = run(shop, LENGTH)
    assert agree(run(shop, *(timedelta(days=day) for day in range(3, 30, 3)), LENGTH), whole)
    middle = timedelta(days=17, hours=5)
    assert agree(join([run(shop, middle), run(shop, LENGTH, start=middle)]), whole)
    shards = [run(shop, LENGTH, shard=(index, 2)).records["event_id"].to_pylist() for index in range(2)]
    assert sorted(shards[0] + shards[1]) == sorted(whole.records["event_id"].to_pylist())


def test_lifetimes_are_those_of_the_profile() -> None:
    """Each number of weeks is as likely, and products that open the shop are of every age."""
    lifetimes = Lifetimes(Range(least=10, most=19), 0)
    first = np.full(len(KEYS), 5)
    launched = lifetimes.find_ends(KEYS, first, np.zeros(len(KEYS), np.bool_)) - first
    assert np.bincount(launched)[10:].tolist() == pytest.approx([400] * 10, abs=100)
    old = lifetimes.find_ends(KEYS, first, np.ones(len(KEYS), np.bool_)) - first
    assert (old.min(), old.max()) == (1, 19)
    # As many go in a week as a catalogue of this size must launch to keep it.
    assert np.bincount(old)[1:11].tolist() == pytest.approx([4000 / 14.5] * 10, abs=85)
    ends_at = lifetimes.discontinue(KEYS, first + launched)
    waits = ends_at - lifetimes.leave(first + launched)
    assert SELL_OFF <= waits.min() < waits.max() < SELL_OFF + WEEK


def test_without_lifetimes_nothing_ends() -> None:
    """A profile that names none has a catalogue that only grows."""
    lifetimes = Lifetimes(None, 0)
    ends = lifetimes.find_ends(KEYS, np.zeros(len(KEYS), np.int64), np.ones(len(KEYS), np.bool_))
    assert set(lifetimes.discontinue(KEYS, ends).tolist()) == {NEVER}
