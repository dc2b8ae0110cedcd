"""Lines of one order belong together as much as the profile says, and go where a sale leads them."""

from collections import Counter
from datetime import UTC, datetime
from itertools import combinations, groupby

import numpy as np
import pytest

from stafford.domain.window import to_micros
from stafford.generator import load_profile
from stafford.generator.baskets import Baskets, Warehouse
from stafford.generator.calendar import HOUR, SECOND
from stafford.generator.catalogue import Catalogue, Shelf
from stafford.generator.profile import Profile
from stafford.generator.promotions import Promotions
from stafford.generator.purchases import tabulate
from stafford.generator.randomness import Ints, derive, draw_unit, name_stream
from stafford.generator.vocabulary import CATEGORIES
from stafford.realism import load_targets
from stafford.settings import PROJECT_DIR

from .builders import NAMES, PROFILES

OPENS_AT = to_micros(datetime(2026, 1, 5, tzinfo=UTC))
ROOT = 20_260_105
BUYERS = 4_000


NO_SALES = np.zeros((0, 4), np.int64)
ELECTRONICS = CATEGORIES.index("electronics")


def fill(
    profile: Profile, affinity: float, buyers: int = BUYERS, sales: Ints = NO_SALES, pull: int = 0
) -> tuple[Baskets, Shelf]:
    """What the same people buy in a shop that is the same but for its affinity, and for what leads them."""
    carts = profile.carts.model_copy(update={"affinity": affinity})
    profile = profile.model_copy(update={"carts": carts})
    promotions = Promotions(ROOT, profile.orders.discounted, profile.orders.discount_percent)
    catalogue = Catalogue(profile.catalogue, ROOT, OPENS_AT, promotions)
    shelf = catalogue.tabulate(OPENS_AT)
    warehouse = Warehouse(profile, ROOT, OPENS_AT, orders_per_day=10 * buyers)
    warehouse.stock_up(catalogue.launch(np.arange(shelf.prices.shape[1])))
    keys = derive(ROOT, name_stream("buyers of a test"), np.arange(buyers))
    starts = OPENS_AT + HOUR + np.arange(buyers) * SECOND
    tables = tabulate(profile.customers.purchases, profile.customers.spend)
    pulls = np.full(buyers, pull)
    baskets, _ = warehouse.fill(keys, starts, draw_unit(keys, 40), shelf, tables, sales, pulls)
    return baskets, shelf


def measure_lift(baskets: Baskets, shelf: Shelf) -> float:
    """Pairs of lines of one category against those of lines dealt out by chance."""
    category = shelf.categories[baskets.product]
    orders = [
        [int(category[row]) for row in rows]
        for _, rows in groupby(range(len(category)), key=lambda row: int(baskets.buyer[row]))
    ]
    orders = [lines for lines in orders if len(lines) > 1]
    pairs = [one == other for lines in orders for one, other in combinations(lines, 2)]
    counts = Counter(line for lines in orders for line in lines)
    chance = sum(count**2 for count in counts.values()) / counts.total() ** 2
    return sum(pairs) / len(pairs) / chance


@pytest.mark.parametrize("name", NAMES)
def test_lines_of_an_order_belong_together(name: str) -> None:
    """Lift is within what realism wants; control: without affinity it is not, though prices are alike."""
    profile = load_profile(name, PROFILES)
    goal = load_targets(name, PROJECT_DIR / "config" / "realism").metrics["orders.affinity"]
    least, most = goal.bounds(None)
    buyers = BUYERS if name != "marketplace" else 10 * BUYERS  # of which few have two lines
    assert least <= measure_lift(*fill(profile, profile.carts.affinity, buyers)) <= most
    assert measure_lift(*fill(profile, 0.0, buyers)) < least


@pytest.mark.parametrize("name", NAMES)
def test_an_order_costs_what_it_would_have_cost(name: str) -> None:
    """Where every further line keeps to a category, what is spent hardly changes, nor how many lines."""
    profile = load_profile(name, PROFILES)
    spent, lines = [], []
    for affinity in (0.0, 1.0):
        baskets, shelf = fill(profile, affinity)
        cents = np.zeros(BUYERS)
        np.add.at(cents, baskets.buyer, baskets.quantity * shelf.asked[0, baskets.product])
        spent.append(cents)
        lines.append(len(baskets.product))
    assert lines[1] == pytest.approx(lines[0], rel=0.02)
    assert spent[1].mean() == pytest.approx(spent[0].mean(), rel=0.02)
    for percent in (10, 50, 90, 99):
        assert np.percentile(spent[1], percent) == pytest.approx(np.percentile(spent[0], percent), rel=0.05)


def test_nothing_is_bought_twice_in_an_order() -> None:
    """However much lines keep to a category, each is of another product."""
    profile = load_profile("fashion-retail", PROFILES)
    baskets, _ = fill(profile, 1.0)
    both = Counter(zip(baskets.buyer.tolist(), baskets.product.tolist(), strict=True))
    assert set(both.values()) == {1}


def sell(category: int, percent: int, *, ended: bool = False) -> Ints:
    """A flash sale as long as the test, or one that is over."""
    end = OPENS_AT + (HOUR if ended else BUYERS * HOUR)
    return np.array([[OPENS_AT, end, category, percent]], np.int64)


def share_of_first_lines(baskets: Baskets, shelf: Shelf) -> float:
    """How many orders have electronics first."""
    _, first = np.unique(baskets.buyer, return_index=True)
    return float((shelf.categories[baskets.product[first]] == ELECTRONICS).mean())


@pytest.mark.parametrize("name", NAMES)
def test_a_sale_and_a_campaign_sell_what_they_are_about(name: str) -> None:
    """Half of the orders and more begin with it where few did; a sale that is over leads nobody."""
    profile = load_profile(name, PROFILES)
    usual = share_of_first_lines(*fill(profile, profile.carts.affinity))
    for led in ({"sales": sell(ELECTRONICS, 30)}, {"pull": 1 + ELECTRONICS}):
        share = share_of_first_lines(*fill(profile, profile.carts.affinity, **led))
        assert share > usual + 0.3 * (1 - usual)
    over, _ = fill(profile, profile.carts.affinity, sales=sell(ELECTRONICS, 30, ended=True))
    assert np.array_equal(over.product, fill(profile, profile.carts.affinity)[0].product)


@pytest.mark.parametrize("name", NAMES)
def test_a_sale_does_not_change_what_people_spend(name: str) -> None:
    """For the same money they get what cost more before; only the dearest goods leave some of it.

    Control: at the old prices it is much more.
    """
    profile = load_profile(name, PROFILES)
    usual, shelf = fill(profile, profile.carts.affinity)
    spent = (usual.quantity * shelf.asked[0, usual.product]).sum()
    percent = 30
    baskets, _ = fill(profile, profile.carts.affinity, sales=sell(ELECTRONICS, percent))
    before = shelf.asked[0, baskets.product]
    reduced = np.minimum(before, shelf.prices[0, baskets.product] * (100 - percent) // 100)
    cents = np.where(shelf.categories[baskets.product] == ELECTRONICS, reduced, before)
    assert (baskets.quantity * cents).sum() == pytest.approx(spent, rel=0.08)
    assert (baskets.quantity * before).sum() > 1.1 * spent
