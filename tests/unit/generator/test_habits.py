"""How customers and prices of a shop behave, found in its events."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from stafford.domain.window import Window, to_micros
from stafford.generator import Profile
from stafford.generator.accounts import SECOND_ACCOUNTS
from stafford.generator.calendar import DAY
from stafford.generator.draft import Draft, concatenate
from stafford.generator.files import Format
from stafford.generator.layout import LAYOUTS, NOTHING
from stafford.generator.simulation import Simulation
from stafford.generator.vocabulary import SEGMENTS
from stafford.jobs.generate import build
from stafford.settings import Settings

from .builders import NAMES, OPENS_AT, find_profile, make_scarce

PLACED, ADDED = 0, 3
_PRODUCTS, _DAYS = 60, 6
Events = Mapping[str, Draft]


def _live(profile: Profile, days: int, weekly_sessions: float) -> Events:
    """Some days before the mess; a shop of one profile and of a changed one have the same visitors."""
    opens_at = to_micros(OPENS_AT)
    simulation = Simulation(profile, 11, opens_at, weekly_sessions, 4000)
    told: dict[str, list[Draft]] = defaultdict(list)
    for day in range(1, days + 1):
        for draft in simulation.advance(opens_at + day * DAY):
            told[draft.topic].append(draft)
    return {topic: concatenate(told[topic]) for topic in LAYOUTS}


def _find_kind(draft: Draft, kind: int) -> Draft:
    return draft.take(draft.column("kind") == kind)


@cache
def _stock(*, is_scarce: bool) -> Events:
    """Six days of a shop with few goods that take long to come, or with more than anybody buys."""
    profile = make_scarce(find_profile(is_clean=True))
    stock = profile.catalogue.stock
    if not is_scarce:
        stock = stock.model_copy(update={"least_lot_units": 1_000_000})
    # For ever: of what is about to end no lot is ordered any more.
    changes = {"products": _PRODUCTS, "stock": stock, "lifetime_weeks": None}
    catalogue = profile.catalogue.model_copy(update=changes)
    return _live(profile.model_copy(update={"catalogue": catalogue}), _DAYS, 30_000)


def _find_outages(events: Events) -> list[tuple[int, int, int]]:
    """Product, when its last unit was sold, and when the next lot came."""
    moves = events["inventory"]
    columns = [moves.column(name).tolist() for name in ("product", "occurred", "stock")]
    rows = sorted(zip(*columns, strict=True))
    return [
        (product, sold_out, restocked)
        for (product, sold_out, stock), (following, restocked, _) in pairwise(rows)
        if stock == 0 and following == product
    ]


def _find_starts(events: Events) -> dict[int, int]:
    clicks = events["clickstream"]
    firsts = clicks.take(clicks.column("sequence") == 1)
    return dict(zip(firsts.column("session").tolist(), firsts.column("occurred").tolist(), strict=True))


def _find_orders(events: Events) -> dict[int, set[int]]:
    """What each session bought."""
    placed = _find_kind(events["orders"], PLACED)
    goods = np.stack([placed.column(f"product_{line}") for line in range(20)], axis=1)
    return {
        session: {product for product in products if product != NOTHING}
        for session, products in zip(placed.column("session").tolist(), goods.tolist(), strict=True)
    }


def _find_carts(events: Events) -> dict[int, set[int]]:
    """What each session that bought nothing put into its cart."""
    added, buyers = _find_kind(events["clickstream"], ADDED), _find_orders(events)
    carts: dict[int, set[int]] = defaultdict(set)
    sessions, products = added.column("session").tolist(), added.column("product").tolist()
    for session, product in zip(sessions, products, strict=True):
        if session not in buyers:
            carts[session].add(product)
    return carts


def _find_missed(taken: Mapping[int, set[int]]) -> list[tuple[int, int]]:
    """Sessions, and what each took in the shop of plenty while it was sold out in the scarce one."""
    starts = _find_starts(_stock(is_scarce=False))
    return [
        (session, product)
        for product, sold_out, restocked in _find_outages(_stock(is_scarce=True))
        for session, products in taken.items()
        if product in products and sold_out <= starts[session] < restocked
    ]


def test_who_finds_it_sold_out_buys_something_else() -> None:
    """Of the same buyers who take a product where there is plenty, nearly all leave with other goods."""
    missed = _find_missed(_find_orders(_stock(is_scarce=False)))
    assert len(missed) > 500
    bought = _find_orders(_stock(is_scarce=True))
    assert not any(product in bought.get(session, ()) for session, product in missed)
    # Whoever finds nothing at all does not come.
    assert sum(session in bought for session, _ in missed) > 0.95 * len(missed)


def test_who_finds_it_sold_out_puts_something_else_into_the_cart() -> None:
    """Others leave it out of their carts as well, but for those to whom nothing else was there."""
    missed = _find_missed(_find_carts(_stock(is_scarce=False)))
    assert len(missed) > 500
    carts = _find_carts(_stock(is_scarce=True))
    assert sum(session in carts for session, _ in missed) > 0.95 * len(missed)
    still = [product in carts.get(session, ()) for session, product in missed]
    assert sum(still) < 0.3 * len(still)


def test_a_product_is_sold_again_when_it_is_back() -> None:
    """Nothing is booked between the last unit and the next lot; soon after that it is sold again."""
    events = _stock(is_scarce=True)
    moves, outages = events["inventory"], _find_outages(events)
    end = to_micros(OPENS_AT) + _DAYS * DAY
    assert len({product for product, _, _ in outages}) > _PRODUCTS / 2
    of_product = {p: np.sort(moves.column("occurred")[moves.column("product") == p]) for p, _, _ in outages}
    for product, sold_out, restocked in outages:
        at = of_product[product]
        assert not ((at > sold_out) & (at < restocked)).any()
        assert restocked > end - DAY or ((at > restocked) & (at < restocked + DAY)).any()


def test_there_is_no_outage_where_there_is_plenty() -> None:
    """Control: the shop that is compared with is never sold out, and sells all but some dear goods."""
    events = _stock(is_scarce=False)
    assert _find_outages(events) == []
    assert len(set().union(*_find_orders(events).values())) > 0.95 * _PRODUCTS


@pytest.mark.parametrize("name", NAMES)
def test_prices_end_in_a_charming_way(name: str) -> None:
    """Every price ends in 99, 95 or 90, also after a change; what is asked after a discount does not."""
    events = _live(find_profile(name, is_clean=True, products=180), 21, 1000)
    products, orders = events["products"], _find_kind(events["orders"], PLACED)
    for kind in (0, 1):
        assert set((_find_kind(products, kind).column("price") % 100).tolist()) == {99, 95, 90}
    assert set((orders.column("price_0") % 100).tolist()) <= {99, 95, 90}
    asked = orders.column("price_0") - orders.column("discount_0") // orders.column("quantity_0")
    assert not set((asked % 100).tolist()) <= {99, 95, 90}


@pytest.mark.parametrize("name", NAMES)
def test_segments_spend_in_their_order(name: str) -> None:
    """Premium customers' orders are dearer than regular ones', those dearer than bargain hunters'."""
    profile = find_profile(name, is_clean=True)
    events = _live(profile, 21, 15_000)
    people, orders = events["customers"], _find_kind(events["orders"], PLACED)
    segment = np.zeros(1 + int(people.column("customer").max()), np.int64)
    segment[people.column("customer")] = people.column("segment")
    known = orders.take(orders.column("customer") != NOTHING)
    spent, owner = known.column("subtotal"), segment[known.column("customer")]
    means = [float(spent[owner == SEGMENTS.index(s)].mean()) for s in ("bargain", "regular", "premium")]
    assert 1.2 * means[0] < means[1] < means[2] / 1.2
    # Control: sorted into the same shares by chance, the groups spend about the same.
    others = owner[np.argsort(known.column("order"))]
    shuffled = [float(spent[others == place].mean()) for place in range(3)]
    assert max(shuffled) < 1.2 * min(shuffled)
    weights = profile.customers.segments
    registered = _find_kind(people, 0).column("segment")
    for word, weight in weights.items():
        share = weight / sum(weights.values())
        found = int((registered == SEGMENTS.index(word)).sum())
        assert abs(found - share * len(registered)) <= 5 * sqrt(len(registered) * share * (1 - share))


@pytest.mark.parametrize(("customers", "weeks"), [(2000, 8), (6000, 2)])
def test_a_shop_has_the_customers_that_were_asked_for(customers: int, weeks: int) -> None:
    """When the window ends, as many distinct people have registered, within 3% (and not so many more)."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    window = Window(start, start + timedelta(weeks=weeks))
    counts = []
    for asked in (customers, customers + customers // 10):
        job = build(
            Settings(), window=window, opens_at=None, customers=asked, profile="fashion-retail", seed=7,
            file_format=Format.PARQUET, folder=Path("never-written"),
        )  # fmt: skip
        registered = _find_kind(job.shop.open().take(window.end)["customers"], 0).column("customer")
        counts.append(len(np.unique(registered[registered < SECOND_ACCOUNTS])))
    assert counts[0] == pytest.approx(customers, rel=0.03)
    assert counts[1] != pytest.approx(customers, rel=0.03)  # control: a tenth more were asked for
