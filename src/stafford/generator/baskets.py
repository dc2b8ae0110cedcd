"""What each buyer takes, and what is left in the warehouse: decided order by order, as they come.

A buyer has a sum in mind (`purchases.find_spend`) and picks goods that add up to it: a price for each line,
then one of the goods nearest to that price that is in stock, the more popular one of two. A flash sale or a
campaign leads the first line to its category, and further lines keep to the category of the first with the
profile's affinity, where it has something at about that price. Goods
are set aside when the visit begins, so what is sold was there; when the last is gone, visitors find it sold
out until the next lot arrives. No lot is ordered that would arrive after its product left the shelf.
"""

from dataclasses import dataclass

import numpy as np

from stafford.generator.calendar import DAY, HOUR, SECOND, WEEK
from stafford.generator.campaigns import PULL
from stafford.generator.catalogue import Shelf
from stafford.generator.compiled import kernel
from stafford.generator.distributions import accumulate_shares
from stafford.generator.profile import Profile
from stafford.generator.purchases import NEVER, Tables, find_spend
from stafford.generator.randomness import (
    Flags,
    Floats,
    Ints,
    Keys,
    choose_one,
    derive_one,
    draw_one,
    name_stream,
)

OUTAGES = 8
"""Times at which a product was sold out that are remembered: more than fit into the longest span."""

AFTER_LAUNCH = SECOND // 1000
_BASKET = np.uint64(name_stream("basket"))
_LINE = np.uint64(name_stream("line of a basket"))
_LOT = np.uint64(name_stream("lot"))
_NEAR = 6  # goods on either side of the wanted price that are looked at
_ANY = -1
_BELONGS = 120  # goods around the wanted price among which one of the same category is looked for
_BELONGS_PERCENT = 20  # and none that costs more or less than this beside it: what an order costs is decided
MOST_LINES = 20
"""In one order."""


@dataclass(frozen=True, slots=True)
class Baskets:
    """Lines by buyer and then as they are put in. buyer: row of the buyers."""

    buyer: Ints
    product: Ints
    quantity: Ints

    def take(self, buyers: Flags) -> "Baskets":
        """What some of the buyers take; their rows move up."""
        places, rows = np.cumsum(buyers) - 1, buyers[self.buyer]
        return Baskets(places[self.buyer[rows]], self.product[rows], self.quantity[rows])


@dataclass(frozen=True, slots=True)
class Lots:
    """Deliveries to the warehouse. at: UTC microseconds."""

    product: Ints
    at: Ints
    units: Ints


class Warehouse:
    """Goods that are there and not set aside, and what was sold out when.

    Columns of `state`: units on hand; when the next lot arrives, or NEVER; its units; units sold since the
    last lot was ordered; when that was; how many outages there were.
    """

    def __init__(self, profile: Profile, root: int, opens_at: int, orders_per_day: float) -> None:
        stock = profile.catalogue.stock
        weights = profile.carts
        self._root = np.uint64(root)
        self._opens_at = opens_at
        self._items = accumulate_shares(weights.items)
        self._quantities = accumulate_shares(weights.quantities)
        self._affinity = weights.affinity
        units = mean_of(weights.items) * mean_of(weights.quantities)
        each = orders_per_day * units / profile.catalogue.products
        self.first_lot = max(stock.least_lot_units, int(each * stock.covers_days * 2))
        self._least = stock.least_lot_units
        self._covers, self._reorder = stock.covers_days, stock.reorder_days
        self._lead = (stock.lead_h.least * HOUR, stock.lead_h.most * HOUR)
        self.state: Ints = np.zeros((0, 6), np.int64)
        self.outages: Ints = np.zeros((0, OUTAGES, 2), np.int64)

    def stock_up(self, launched_at: Ints) -> None:
        """Give products that are new their first lot. launched_at: of every product, UTC microseconds."""
        new = len(launched_at) - len(self.state)
        if new > 0:
            fresh = np.zeros((new, 6), np.int64)
            fresh[:, 0], fresh[:, 1], fresh[:, 4] = self.first_lot, NEVER, launched_at[-new:]
            self.state = np.concatenate([self.state, fresh])
            self.outages = np.concatenate([self.outages, np.zeros((new, OUTAGES, 2), np.int64)])

    def fill(
        self,
        keys: Keys,
        starts: Ints,
        spenders: Floats,
        shelf: Shelf,
        tables: Tables,
        sales: Ints,
        pulls: Ints,
    ) -> tuple[Baskets, Lots]:
        """Fill the baskets of buyers, who are in order of (start, key).

        Args:
            keys: of the buyers' sessions.
            starts: of their sessions, UTC microseconds.
            spenders: how much each tends to spend: their uniform number.
            shelf: what is on sale.
            tables: of spending.
            sales: flash sales: [start, end, category, percent].
            pulls: the category to which a campaign leads each buyer, and 1, or 0 for none.
        """
        rows = np.empty((len(keys) * MOST_LINES, 3), np.int64)
        lots = np.empty((len(keys) * MOST_LINES, 3), np.int64)
        lines, arrived = _fill(
            self._root, keys, starts, spenders, self._opens_at, shelf.by_price, shelf.counts, shelf.ranks,
            shelf.prices, shelf.asked, shelf.categories, shelf.leaves_at, self._items, self._quantities,
            self._affinity, sales, pulls, tables.order_values, tables.order_shares, tables.spend_values,
            tables.spend_shares, tables.v,
            self.state, self.outages, self._least, self._covers, self._reorder, self._lead[0], self._lead[1],
            rows, lots,
        )  # fmt: skip
        rows, lots = rows[:lines], lots[:arrived]
        return Baskets(*rows.T), Lots(*lots.T)


def mean_of(weights: tuple[float, ...]) -> float:
    """Mean of 1, 2, 3 ... by their weights."""
    weighted = everything = 0.0
    for place, weight in enumerate(weights, 1):
        weighted += place * weight
        everything += weight
    return weighted / everything


@kernel
def _fill(
    root: np.uint64, keys: Keys, starts: Ints, spenders: Floats, opens_at: int, by_price: Ints, counts: Ints,
    ranks: Ints, prices: Ints, asked: Ints, categories: Ints, leaves_at: Ints, items: Floats,
    quantities: Floats, affinity: float, sales: Ints, pulls: Ints, order_values: Floats, order_shares: Floats,
    spend_values: Floats, spend_shares: Floats, v: float, state: Ints, outages: Ints, least_lot: int,
    covers: float, reorder: float, lead_least: int, lead_most: int, rows: Ints, lots: Ints,
) -> tuple[int, int]:  # fmt: skip
    lines, arrived = 0, 0
    wanted = np.empty(MOST_LINES, np.int64)
    for buyer in range(len(keys)):
        start = starts[buyer]
        week = (start - opens_at) // WEEK
        on_sale = counts[week, 0]
        basket = derive_one(keys[buyer], _BASKET, 0)
        left = find_spend(
            basket, spenders[buyer], order_values, order_shares, spend_values, spend_shares, v
        ) * 100.0  # fmt: skip
        count = min(1 + choose_one(draw_one(basket, 0), items), MOST_LINES)
        units = 0
        for line in range(count):
            wanted[line] = 1 + choose_one(draw_one(derive_one(basket, _LINE, line), 0), quantities)
            units += wanted[line]
        # A sum that no such basket could cost makes it larger or smaller.
        cheapest, dearest = asked[week, by_price[week, 0]], asked[week, by_price[week, on_sale * 9 // 10]]
        while count > 1 and left < units * cheapest * 1.2:
            count -= 1
            units -= wanted[count]
        while count < MOST_LINES and left > units * dearest:
            wanted[count] = 1
            units += 1
            count += 1
        led, percent = _find_lead(start, pulls[buyer], sales)
        first = lines
        for line in range(count):
            of_line = derive_one(basket, _LINE, line)
            spread = 1.0 if line == count - 1 else 0.5 + draw_one(of_line, 3)
            target = left / units * spread
            if lines == first:
                belongs = led if draw_one(of_line, 7) < PULL else _ANY
            else:
                belongs = categories[rows[first, 1]] if draw_one(of_line, 6) < affinity else _ANY
            # For the same money a flash sale buys what costs more before it.
            before = target * 100.0 / (100 - percent) if belongs == led else target
            product = _choose(
                of_line, int(target), wanted[line], week, on_sale, by_price, ranks, asked, categories,
                belongs, int(before), state, start, rows, first, lines,
            )  # fmt: skip
            if product < 0:
                units -= wanted[line]
                continue
            rows[lines, 0], rows[lines, 1], rows[lines, 2] = buyer, product, wanted[line]
            lines += 1
            cents = asked[week, product]
            if categories[product] == led:
                cents = min(cents, prices[week, product] * (100 - percent) // 100)
            left = max(left - wanted[line] * float(cents), 0.0)
            units -= wanted[line]
            arrived = _take(
                root, product, wanted[line], start, leaves_at[product], state, outages, least_lot, covers,
                reorder, lead_least, lead_most, lots, arrived,
            )  # fmt: skip
    return lines, arrived


@kernel
def _find_lead(start: int, pull: int, sales: Ints) -> tuple[int, int]:
    """The category to which a flash sale or a campaign (pull) leads, or _ANY, and its percent off."""
    led, percent = pull - 1, 0
    for sale in range(len(sales)):
        if sales[sale, 0] <= start < sales[sale, 1]:
            led, percent = sales[sale, 2], sales[sale, 3]
    return led, percent


@kernel
def _choose(
    of_line: np.uint64, target: int, quantity: int, week: int, on_sale: int, by_price: Ints, ranks: Ints,
    asked: Ints, categories: Ints, belongs: int, before: int, state: Ints, start: int, rows: Ints, first: int,
    lines: int,
) -> int:  # fmt: skip
    """The more popular of two goods near a price, of those in stock and not in the basket; or -1.

    belongs: the category that it is to be of if there is something near the price `before`, or _ANY.
    """
    place = _find_place(target, week, on_sale, by_price, asked)
    place_before = place if before == target else _find_place(before, week, on_sale, by_price, asked)
    best = -1
    for draw in range(2):
        away = int(draw_one(of_line, 4 + draw) * (2 * _NEAR + 1)) - _NEAR
        product = -1
        if belongs != _ANY:
            wish, band = min(max(place_before + away, 0), on_sale - 1), before * _BELONGS_PERCENT // 100
            product = _find_near(
                wish, _BELONGS, quantity, week, on_sale, by_price, asked, before - band, before + band,
                categories, belongs, state, start, rows, first, lines,
            )  # fmt: skip
        if product < 0:
            wish = min(max(place + away, 0), on_sale - 1)
            product = _find_near(
                wish, 2 * on_sale, quantity, week, on_sale, by_price, asked, 0, NEVER, categories, _ANY,
                state, start, rows, first, lines,
            )  # fmt: skip
        if product >= 0 and (best < 0 or ranks[week, product] < ranks[week, best]):
            best = product
    return best


@kernel
def _find_place(target: int, week: int, on_sale: int, by_price: Ints, asked: Ints) -> int:
    """Of goods in the order of their price, the first that costs as much."""
    low, high = 0, on_sale
    while low < high:
        middle = (low + high) // 2
        if asked[week, by_price[week, middle]] < target:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _find_near(
    wish: int, steps: int, quantity: int, week: int, on_sale: int, by_price: Ints, asked: Ints, least: int,
    most: int, categories: Ints, belongs: int, state: Ints, start: int, rows: Ints, first: int, lines: int,
) -> int:  # fmt: skip
    """Goods from a place in the order of prices outwards, until something fits; or -1."""
    for step in range(steps):
        place = wish + (step // 2 + 1 if step % 2 else -(step // 2))
        if place < 0 or place >= on_sale:
            continue
        product = by_price[week, place]
        if belongs != _ANY and (
            categories[product] != belongs or asked[week, product] < least or asked[week, product] > most
        ):
            continue
        if state[product, 1] <= start:  # a lot has arrived
            state[product, 0] += state[product, 2]
            state[product, 1] = NEVER
        if state[product, 0] < quantity:
            continue
        is_taken = False
        for line in range(first, lines):
            is_taken = is_taken or rows[line, 1] == product
        if not is_taken:
            return product
    return -1


@kernel
def _take(
    root: np.uint64, product: int, quantity: int, start: int, leaves_at: int, state: Ints, outages: Ints,
    least_lot: int, covers: float, reorder: float, lead_least: int, lead_most: int, lots: Ints, arrived: int,
) -> int:  # fmt: skip
    """Set goods aside, and order a lot when they run low; returns how many lots are on their way."""
    state[product, 0] -= quantity
    state[product, 3] += quantity
    if state[product, 1] == NEVER:
        days = max((start - state[product, 4]) / DAY, 1.0)
        per_day = state[product, 3] / days
        if state[product, 0] <= per_day * reorder:
            dice = derive_one(derive_one(root, _LOT, product), _LOT, start)
            lead = lead_least + int(draw_one(dice, 0) * max(lead_most - lead_least, 1))
            units = max(least_lot, int(per_day * covers))
            if start + lead < leaves_at:
                state[product, 1], state[product, 2] = start + lead, units
                state[product, 3], state[product, 4] = 0, start
                lots[arrived, 0], lots[arrived, 1], lots[arrived, 2] = product, start + lead, units
                arrived += 1
    if state[product, 0] == 0:
        slot = state[product, 5] % OUTAGES
        outages[product, slot, 0], outages[product, slot, 1] = start, state[product, 1]
        state[product, 5] += 1
    return arrived


@kernel
def is_sold_out(product: int, at: int, outages: Ints) -> bool:
    """Whether a product was sold out at an instant."""
    if product >= len(outages):
        return False
    for slot in range(OUTAGES):  # noqa: SIM110 - compiled code has no generators
        if outages[product, slot, 0] <= at < outages[product, slot, 1]:
            return True
    return False
