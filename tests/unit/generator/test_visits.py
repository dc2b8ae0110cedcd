"""Campaigns bring visits, carts see their owners again, and mail brings back those who stayed away."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from stafford.generator import Profile, Shop
from stafford.generator.mess_profile import Defect
from stafford.generator.profile import WinBackProfile
from stafford.generator.traffic_profile import CampaignProfile
from stafford.generator.vocabulary import TERMS

from .builders import NAMES, OPENS_AT, Event, agree, find_profile, open_shop, read_clean, run
from .invariants import find_unwanted_mail

DAY = timedelta(days=1)
SALE = CampaignProfile(
    name="spring_sale",
    channel="social",
    first_day="04-03",
    last_day="04-06",
    lift=4.0,
    category="accessories",
)


def _change(profile: Profile, part: str, **changes: object) -> Profile:
    return profile.model_copy(update={part: getattr(profile, part).model_copy(update=changes)})


def _tell(profile: Profile, days: int, *, events_per_day: float = 6000) -> list[Event]:
    return read_clean(run(Shop(profile, 7, OPENS_AT, events_per_day), days * DAY))


def _find_sessions(events: list[Event]) -> dict[str, list[Event]]:
    """Clicks by session, each in order."""
    sessions: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.topic == "clickstream":
            sessions[event.body["session_id"]].append(event)
    return {name: sorted(clicks, key=lambda click: click.at) for name, clicks in sessions.items()}


def _find_firsts(events: list[Event]) -> list[Event]:
    return [clicks[0] for clicks in _find_sessions(events).values()]


def test_a_campaign_brings_visits_through_its_channel() -> None:
    """During it, visits through the channel are as many times the usual as the lift says; others stay."""
    quiet = _change(find_profile(is_clean=True), "traffic", campaigns=())
    loud = _change(quiet, "traffic", campaigns=(SALE,))
    counts = []
    for profile in (quiet, loud):
        # The same mean traffic: what a campaign brings comes on top.
        firsts = [e for e in _find_firsts(_tell(profile, 11)) if e.body["country"] in {"DE", "FR", "NL"}]
        begins, ends = datetime(2026, 4, 2, 22, tzinfo=UTC), datetime(2026, 4, 6, 22, tzinfo=UTC)
        counts.append(Counter(e.body["channel"] for e in firsts if begins <= e.at < ends))
        named = [e for e in firsts if e.body.get("campaign") == SALE.name]
        assert all(begins <= e.at < ends and e.body["channel"] == SALE.channel for e in named)
        # Beyond the usual ones, all of them carry its name: none of a shop without a campaign.
        assert len(named) == pytest.approx(counts[-1]["social"] * (0.75 if profile is loud else 0), rel=0.12)
    assert counts[1]["social"] == pytest.approx(4 * counts[0]["social"], rel=0.2)
    rest = [sum(count.values()) - count["social"] for count in counts]
    assert rest[1] == pytest.approx(rest[0], rel=0.1)


def test_a_campaign_leads_to_its_category() -> None:
    """Those whom it brings look at its category more than others do at that time."""
    events = _tell(_change(find_profile(is_clean=True), "traffic", campaigns=(SALE,)), 11)
    category = {e.body["product_id"]: e.body["category"] for e in events if e.topic == "products"}
    views = [e.body for e in events if e.event_type == "product_viewed"]
    shares = {
        is_named: [category[v["product_id"]] == SALE.category for v in views if ("campaign" in v) == is_named]
        for is_named in (True, False)
    }
    means = {name: sum(found) / len(found) for name, found in shares.items()}
    assert means[True] > 0.5 > 2 * means[False]


@pytest.mark.parametrize("name", NAMES)
def test_carts_see_their_owners_again(name: str) -> None:
    """As many carts as the profile says; in some the owner adds, takes out or begins a checkout."""
    profile = find_profile(name, is_clean=True)
    returning = profile.sessions.returning
    assert returning is not None
    events = _tell(profile, 40)
    sessions = _find_sessions(events)
    bought = {e.body["session_id"] for e in events if e.event_type == "order_placed"}
    kinds = {
        session: {click.event_type for click in clicks}
        for session, clicks in sessions.items()
        if clicks[0].body["page"] == "cart" and session not in bought
    }
    left = [
        session
        for session, clicks in sessions.items()
        if clicks[0].body["page"] != "cart" and session not in bought and "customer_id" in clicks[0].body
        if any(click.event_type == "cart_item_added" for click in clicks)
    ]
    assert returning.share * 0.7 < len(kinds) / len(left) < returning.share_reminded
    for kind in ("cart_item_added", "cart_item_removed", "checkout_started"):
        assert any(kind in found for found in kinds.values())
    mailed = {e.body.get("campaign") for s, (e, *_) in sessions.items() if s in kinds}
    assert mailed >= {None, "cart_reminder"}
    # Nobody is reminded who did not leave a cart.
    assert not any(
        clicks[0].body.get("campaign") == "cart_reminder"
        for clicks in sessions.values()
        if clicks[0].body["page"] != "cart"
    )


def test_no_cart_lasts_without_the_profile() -> None:
    """Control: without that part of the profile no session begins with the cart."""
    profile = _change(find_profile(is_clean=True), "sessions", returning=None)
    assert not any(first.body["page"] == "cart" for first in _find_firsts(_tell(profile, 10)))


def test_who_stayed_away_is_asked_back() -> None:
    """Customers with consent come by a win-back mail after the weeks of the profile, and nobody else does."""
    profile = find_profile(is_clean=True)
    asks = _change(profile, "customers", win_back=WinBackProfile(after_weeks=4, visits=1.0))
    events = _tell(asks, 70, events_per_day=3000)
    assert find_unwanted_mail(events) == []
    asked = [e for e in _find_firsts(events) if e.body.get("campaign") == "win_back"]
    orders: dict[str, list[datetime]] = defaultdict(list)
    for event in events:
        if event.event_type == "order_placed" and "customer_id" in event.body:
            orders[event.body["customer_id"]].append(event.at)
    waits = [
        (e.at - max(before)) / DAY
        for e in asked
        if (before := [at for at in orders[e.body["customer_id"]] if at < e.at])
    ]
    # Four to five weeks of mean traffic, from before the checkout on: spring is a little quieter.
    assert len(waits) > 20
    assert min(waits) > 24
    assert max(waits) < 45
    # Control: without it nobody comes by such a mail.
    never = _change(profile, "customers", win_back=None)
    assert all(e.body.get("campaign") != "win_back" for e in _find_firsts(_tell(never, 40)))


@pytest.mark.parametrize("name", NAMES)
def test_returns_do_not_depend_on_the_cut(name: str) -> None:
    """Streams that begin weeks later, and shards, have the same returns, however late records are."""
    profile = find_profile(name)
    profile = _change(profile, "mess", topics={**profile.mess.topics, "clickstream": {Defect.LATE_DAYS: 0.3}})
    shop = Shop(profile, 7, OPENS_AT, 3000)
    start, end = 18 * DAY, 20 * DAY
    whole = run(shop, end)
    wanted = [at >= OPENS_AT + start for at in whole.records["emitted_at"].to_pylist()]
    later = run(shop, end, start=start)
    assert later.records.to_pylist() == [
        row for row, is_wanted in zip(whole.records.to_pylist(), wanted, strict=True) if is_wanted
    ]
    keys = [set(run(shop, end, start=start, shard=(i, 3)).records["event_id"].to_pylist()) for i in range(3)]
    assert set.union(*keys) == set(later.records["event_id"].to_pylist())
    assert sum(map(len, keys)) == len(set.union(*keys))
    assert any(b'"sequence":1,"page":"cart"' in value for value in later.records["value"].to_pylist())


def test_what_is_searched_for_is_looked_at() -> None:
    """A product that is looked at right after a search is of the category that the term means."""
    events = _tell(find_profile(is_clean=True, products=180), 5)
    category = {e.body["product_id"]: e.body["category"] for e in events if e.topic == "products"}
    meant = dict(TERMS)
    found = [
        meant[before.body["search_term"]] == category[after.body["product_id"]]
        for clicks in _find_sessions(events).values()
        for before, after in pairwise(clicks)
        if before.event_type == "product_searched" and after.event_type == "product_viewed"
    ]
    assert len(found) > 500
    # A buyer's goods come among the others, whatever was searched for.
    assert sum(found) / len(found) > 0.85


def test_a_shop_without_any_of_it_is_still_whole() -> None:
    """Control: the same hours of a shop with and without these visits are not the same."""
    shop = open_shop()
    bare = _change(_change(shop.profile, "sessions", returning=None), "traffic", campaigns=())
    assert not agree(run(shop, 2 * DAY), run(Shop(bare, 7, OPENS_AT, 4000), 2 * DAY))
