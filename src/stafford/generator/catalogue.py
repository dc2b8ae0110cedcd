"""What is on sale: products from launch to end, their prices and promotions by week, and their popularity.

Everything is a function of (product, week), so a price in force at any instant needs no history beyond
the weeks since the shop opened, which are tabulated as they are asked for.
"""

from dataclasses import dataclass

import numpy as np

from stafford.generator.assortment import PRODUCT, Assortment
from stafford.generator.calendar import MINUTE, SECOND, WEEK
from stafford.generator.draft import Draft, concatenate, draft
from stafford.generator.lifetimes import Lifetimes
from stafford.generator.profile import CatalogueProfile
from stafford.generator.promotions import Promotions
from stafford.generator.randomness import (
    Flags,
    Floats,
    Ints,
    derive,
    draw_below,
    draw_unit,
    name_stream,
    raise_to,
)
from stafford.generator.vocabulary import CATEGORIES

_WEEKLY_PRICE = name_stream("weekly price")
_EVENT = name_stream("product event")
_LAUNCHED, _PRICE_CHANGED, _DISCONTINUED = 0, 1, 2
_ENDINGS = np.array([99, 95, 90], np.int64)
_PERCENT_OF_BASE = np.array([70, 80, 90, 100, 105], np.int64)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Tables by week since the opening, for compiled code.

    rankings: [week, group, rank], product numbers by popularity, of all categories in group 0 and of one in
    each other; counts: [week, group], how many are ranked; by_price: [week, place], those on sale, the
    cheapest first by what is asked; ranks: [week, product], in group 0; prices: [week, product], cents in
    force when the week ends; asked: [week, product], those less the promotion of the week; changed_at: [week,
    product], UTC microseconds, 0 where it did not change that week; categories: of each product, places among
    the words; leaves_at: when each leaves the shelf, UTC microseconds, or NEVER. Views fall as (head + x)^-2,
    x being the share of products ranked above.
    """

    rankings: Ints
    counts: Ints
    by_price: Ints
    ranks: Ints
    prices: Ints
    asked: Ints
    changed_at: Ints
    categories: Ints
    leaves_at: Ints
    head: float


class Catalogue:
    """Products of one shop. Numbers 0 to products-1 open with it; the rest launch week by week.

    A product is on the shelf in whole weeks: ranked, found by its price, promoted and restocked. It leaves it
    at the end of its lifetime, and is discontinued when no cart can hold it any more.
    """

    def __init__(self, profile: CatalogueProfile, root: int, opens_at: int, promotions: Promotions) -> None:
        self._profile = profile
        self._promotions = promotions
        self._root = root
        self._lifetimes = Lifetimes(profile.lifetime_weeks, opens_at)
        self.opens_at = opens_at
        self.assortment = Assortment(profile.categories, profile.variants, root)
        self.returned: Floats = np.array([c.returned for c in profile.categories.values()], np.float64)
        self._prices: Ints = np.zeros((0, 0), np.int64)  # in force at the end of [week, product]
        self._asked: Ints = np.zeros((0, 0), np.int64)
        self._changed_at: Ints = np.zeros((0, 0), np.int64)  # UTC microseconds; 0: not that week
        self._rankings: Ints = np.zeros((0, 1 + len(CATEGORIES), 0), np.int64)
        self._counts: Ints = np.zeros((0, 1 + len(CATEGORIES)), np.int64)
        self._by_price: Ints = np.zeros((0, 0), np.int64)
        self._ranks: Ints = np.zeros((0, 0), np.int64)
        self._of_product: Ints = np.zeros(0, np.int64)
        self._leaves_at: Ints = np.zeros(0, np.int64)

    def count(self, week: int) -> int:
        """Products that were launched before a week, those that are discontinued included."""
        return self._profile.products + self._profile.launches_per_week * max(week, 0)

    def find_week(self, micros: Ints) -> Ints:
        """Weeks since the shop opened."""
        return (micros - self.opens_at) // WEEK

    def draw_quality(self, products: Ints) -> Floats:
        """How good each product is, from 0 to below 1: the same for all who buy it."""
        return draw_unit(derive(self._root, PRODUCT, products), 6)

    def launch(self, products: Ints) -> Ints:
        """When each product is first on sale, in UTC microseconds."""
        initial = self._profile.products
        spread = self.opens_at + products * (MINUTE // 2) // initial
        later = products - initial
        week = later // max(self._profile.launches_per_week, 1)
        keys = derive(self._root, PRODUCT, products)
        in_week = draw_below(keys, 1, WEEK - 2 * SECOND)
        return np.where(later < 0, spread, self.opens_at + week * WEEK + in_week)

    def discontinue(self, products: Ints) -> Ints:
        """When each product is discontinued, in UTC microseconds, or NEVER."""
        return self._lifetimes.discontinue(derive(self._root, PRODUCT, products), self._find_ends(products))

    def _find_ends(self, products: Ints) -> Ints:
        """The first week in which each product is off the shelf."""
        later = products - self._profile.products
        first = np.where(later < 0, 0, later // max(self._profile.launches_per_week, 1) + 1)
        return self._lifetimes.find_ends(derive(self._root, PRODUCT, products), first, later < 0)

    def _find_on_sale(self, products: Ints, week: int) -> Flags:
        """Which products are on the shelf for the whole of a week."""
        return (products < self.count(week)) & (self._find_ends(products) > week)

    def tabulate(self, through: int) -> "Shelf":
        """What is on sale, at what price, from the opening to the week of an instant."""
        self._tabulate((through - self.opens_at) // WEEK)
        return Shelf(
            self._rankings, self._counts, self._by_price, self._ranks, self._prices, self._asked,
            self._changed_at, self._of_product, self._leaves_at, self._profile.popularity_head,
        )  # fmt: skip

    def price(self, products: Ints, micros: Ints) -> Ints:
        """Price in cents that is in force for each product at each instant."""
        if not len(products):
            return np.zeros(0, np.int64)
        weeks = self.find_week(micros)
        self._tabulate(int(weeks.max()))
        before_change = self._changed_at[weeks, products] > micros
        return self._prices[np.where(before_change, weeks - 1, weeks), products]

    def find_promotions(self, products: Ints, micros: Ints) -> Ints:
        """Percent off the price that is in force for each product at each instant, for whoever buys."""
        return self._promotions.find_percent(products, self.find_week(micros))

    def draft(self, start: int, end: int) -> Draft:
        """Launches, price changes and discontinuations in [start, end), in UTC microseconds."""
        first, last = (int(week) for week in self.find_week(np.array([start, end - 1], np.int64)))
        self._tabulate(last)
        products = np.arange(self.count(last + 1), dtype=np.int64)
        launched_at = self.launch(products)
        launches = self._draft(_LAUNCHED, products, launched_at)
        drafts = [launches.take((launched_at >= start) & (launched_at < end))]
        for week in range(max(first, 1), last + 1):
            changed_at = self._changed_at[week]
            rows = np.flatnonzero((changed_at >= max(start, 1)) & (changed_at < end))
            drafts.append(self._draft(_PRICE_CHANGED, rows, changed_at[rows]))
        ends_at = self.discontinue(products)
        ends = (ends_at >= start) & (ends_at < end)
        drafts.append(self._draft(_DISCONTINUED, products[ends], ends_at[ends]))
        return concatenate(drafts)

    def _draft(self, kind: int, products: Ints, occurred: Ints) -> Draft:
        keys = derive(self._root, PRODUCT, products)
        traits = self.assortment.describe(products)
        return draft(
            "products",
            kind=kind,
            occurred=occurred,
            emitted=occurred,
            key=derive(keys, _EVENT, occurred - self.opens_at),
            product=products,
            category=traits.category,
            name=draw_below(self.assortment.derive(products), 5, 1 << 40),
            price=self.price(products, occurred),
            launched_at=self.launch(products),
            subcategory=traits.subcategory,
            group=traits.group,
            color=traits.color,
            size=traits.size,
        )

    def _tabulate(self, week: int) -> None:
        for new in range(len(self._prices), week + 1):
            # One product column per product that will have launched when the week ends.
            products = np.arange(self.count(new + 1), dtype=np.int64)
            before = np.zeros(len(products), np.int64) if new == 0 else self._prices[new - 1, : len(products)]
            prices, changed_at = self._price_week(new, products, before)
            self._prices = _append_row(self._prices, prices)
            self._changed_at = _append_row(self._changed_at, changed_at)
            on_sale = self._find_on_sale(products, new)
            keys = derive(self._root, PRODUCT, products)
            ranking = np.argsort(keys, kind="stable").astype(np.int64)
            ranking = ranking[on_sale[ranking]]
            self._of_product = self.assortment.find_categories(products)
            groups = [ranking, *(ranking[self._of_product[ranking] == c] for c in range(len(CATEGORIES)))]
            self._rankings = np.stack(
                [
                    _append_row(self._rankings[:, place], group, len(ranking))
                    for place, group in enumerate(groups)
                ],
                axis=1,
            )
            self._counts = np.vstack([self._counts, [len(group) for group in groups]])
            percent = self._promotions.find_percent(products, np.full(len(products), new, np.int64))
            asked = prices * (100 - percent) // 100
            self._asked = _append_row(self._asked, asked)
            by_price = np.argsort(asked, kind="stable").astype(np.int64)
            self._by_price = _append_row(self._by_price, by_price[on_sale[by_price]])
            ranks = np.full(len(products), len(products), np.int64)
            ranks[ranking] = np.arange(len(ranking))
            self._ranks = _append_row(self._ranks, ranks)
            self._leaves_at = self._lifetimes.leave(self._find_ends(products))

    def _price_week(self, week: int, products: Ints, before: Ints) -> tuple[Ints, Ints]:
        base = self._price_base(products)
        known = np.zeros(len(products), np.int64)
        known[: len(before)] = before
        known = np.where(known == 0, base, known)
        keys = derive(derive(self._root, PRODUCT, products), _WEEKLY_PRICE, week)
        percent = _PERCENT_OF_BASE[draw_below(keys, 0, len(_PERCENT_OF_BASE))]
        offered = self._charm(products, base * percent // 100)
        changes: Flags = draw_unit(keys, 1) < self._profile.price_changes_per_week
        changes &= (offered != known) & (products < self.count(week - 1)) & (week > 0)
        changes &= self._find_ends(products) > week
        # Not in the first or last second, so that week and price always agree.
        moment = self.opens_at + week * WEEK + SECOND + draw_below(keys, 2, WEEK - 2 * SECOND)
        return np.where(changes, offered, known), np.where(changes, moment, 0)

    def _price_base(self, products: Ints) -> Ints:
        ranges = [c.price_cents for c in self._profile.categories.values()]
        category = self.assortment.categorise(products)
        least = np.array([r.least for r in ranges], np.int64)[category]
        most = np.array([r.most for r in ranges], np.int64)[category]
        units = raise_to(draw_unit(self.assortment.derive(products), 3), 2)
        return self._charm(products, least + (units * (most - least + 1)).astype(np.int64))

    def _charm(self, products: Ints, cents: Ints) -> Ints:
        endings = _ENDINGS[draw_below(self.assortment.derive(products), 4, len(_ENDINGS))]
        return cents // 100 * 100 + endings


def _append_row(table: Ints, row: Ints, width: int | None = None) -> Ints:
    # Fewer are on sale than a week before where more end than begin.
    wider: Ints = np.zeros((len(table) + 1, max(table.shape[1], width or len(row))), np.int64)
    wider[:-1, : table.shape[1]] = table
    wider[-1, : len(row)] = row
    return wider
