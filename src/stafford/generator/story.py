"""What happens in each session: one continuous story from the landing page to the cart and the checkout."""

from dataclasses import dataclass

import numpy as np

from stafford.generator.catalogue import Catalogue
from stafford.generator.compiled import kernel
from stafford.generator.curve import SECOND, WEEK
from stafford.generator.distributions import accumulate_shares, interpolate_one, tabulate_weibull
from stafford.generator.draft import Draft
from stafford.generator.layout import (
    AMOUNT, COPY, DEFECT, EMITTED, KEY, KIND, LAYOUTS, NOTHING, OCCURRED,
)  # fmt: skip
from stafford.generator.profile import CartsProfile, SessionsProfile
from stafford.generator.randomness import (
    Floats, Ints, Keys, below_one, choose_one, derive_one, draw_one, name_stream, to_unit_one,
)  # fmt: skip
from stafford.generator.sessions import BROWSES, CHECKS_OUT, ORDERS, Sessions
from stafford.generator.vocabulary import PAGES, SEARCH_TERMS

_CLICKS = LAYOUTS["clickstream"]
_SESSION, _CUSTOMER, _SEQUENCE, _PAGE, _DEVICE, _CHANNEL, _COUNTRY = (
    _CLICKS.find(name) for name in ("session", "customer", "sequence", "page", "device", "channel", "country")
)
_PRODUCT, _QUANTITY, _PRICE, _TERM = (
    _CLICKS.find(name) for name in ("product", "quantity", "price", "term")
)
_HOME, _CATEGORY, _SEARCH, _PRODUCT_PAGE, _CART, _CHECKOUT = range(len(PAGES))
_VIEWED, _SEARCHED, _PRODUCT_VIEWED, _ADDED, _REMOVED, _CHECKOUT_STARTED = range(6)
_LOOK = np.uint64(name_stream("look"))
_DWELL = np.uint64(name_stream("dwell"))
_CLICK = np.uint64(name_stream("click"))
_TERMS = len(SEARCH_TERMS)
_LANDS_AT_HOME = 0.4
_LEAVES_FROM_CART_PAGE = 0.5
_MOST_ITEMS = 20


@dataclass(frozen=True, slots=True)
class CartLines:
    """What is in the carts at checkout, by session and then as it was put in. session: row of Sessions."""

    session: Ints
    product: Ints
    quantity: Ints


@dataclass(frozen=True, slots=True)
class Stories:
    """Clicks by session and then in time; carts; and when each session's last click was."""

    clicks: Draft
    carts: CartLines
    ended_at: Ints


class Storyteller:
    """Turns plans of sessions into clicks and carts."""

    def __init__(self, sessions: SessionsProfile, carts: CartsProfile, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._look_pages = np.array([PAGES.index(look) for look in sessions.looks], np.int64)
        self._look_bounds = accumulate_shares(list(sessions.looks.values()))
        self._item_bounds = accumulate_shares(carts.items)
        self._quantity_bounds = accumulate_shares(carts.quantities)
        self._removed = carts.removed
        dwell = sessions.dwell
        self._dwell = tabulate_weibull(dwell.shape, round(dwell.scale_s * 1000), dwell.most_s * 1000)

    def tell(self, sessions: Sessions) -> Stories:
        """All clicks of the sessions, and the carts as they are when the visitor is done."""
        latest = int(sessions.start.max(initial=self._catalogue.opens_at)) + WEEK
        shelf = self._catalogue.tabulate(latest)
        most = int((2 * sessions.steps + 5 + _MOST_ITEMS).sum())
        rows = np.empty((most, _CLICKS.width), np.int64)
        lines = np.empty((int((sessions.depth >= ORDERS).sum()) * _MOST_ITEMS, 3), np.int64)
        ended_at = np.empty(len(sessions), np.int64)
        clicks, in_carts = _tell(
            sessions.key, sessions.start, sessions.depth, sessions.steps, sessions.customer, sessions.device,
            sessions.channel, sessions.country, sessions.delay, self._catalogue.opens_at,
            shelf.rankings, shelf.counts, shelf.prices, shelf.changed_at, shelf.power,
            self._look_pages, self._look_bounds, self._item_bounds, self._quantity_bounds, self._removed,
            self._dwell, rows, lines, ended_at,
        )  # fmt: skip
        lines = lines[:in_carts]
        carts = CartLines(lines[:, 0], lines[:, 1], lines[:, 2])
        return Stories(Draft("clickstream", rows[:clicks]), carts, ended_at)


@kernel
def _tell(  # noqa: C901, PLR0912, PLR0915 - a session is told from its beginning to its end
    keys: Keys, starts: Ints, depths: Ints, all_steps: Ints, customers: Ints, devices: Ints, channels: Ints,
    countries: Ints, delays: Ints, opens_at: int, rankings: Ints, ranked: Ints, prices: Ints, changed_at: Ints,
    power: int, look_pages: Ints, look_bounds: Floats, item_bounds: Floats, quantity_bounds: Floats,
    removed: float, dwell: Floats, rows: Ints, lines: Ints, ended_at: Ints,
) -> tuple[int, int]:  # fmt: skip
    count, in_carts = 0, 0
    most_steps = 1
    for session in range(len(keys)):
        most_steps = max(most_steps, all_steps[session])
    page_of = np.empty(most_steps, np.int64)
    product_of = np.empty(most_steps, np.int64)
    cart_product = np.empty(_MOST_ITEMS, np.int64)
    cart_quantity = np.empty(_MOST_ITEMS, np.int64)
    for session in range(len(keys)):
        key, start, depth, steps = keys[session], starts[session], depths[session], all_steps[session]
        week = (start - opens_at) // WEEK
        # What the visitor looks at, before it is known what of it goes into the cart.
        views = 0
        for place in range(steps):
            look = derive_one(key, _LOOK, place)
            page = look_pages[choose_one(draw_one(look, 0), look_bounds)]
            if place == 0 and depth > BROWSES:
                page = _PRODUCT_PAGE  # whoever fills a cart has seen a product
            page_of[place], product_of[place] = page, NOTHING
            if page == _PRODUCT_PAGE:
                unit = draw_one(look, 1)
                rank = unit
                for _ in range(power - 1):
                    rank *= unit
                product_of[place] = rankings[week, int(rank * ranked[week])]
                views += 1
        wanted = 0
        if depth > BROWSES:
            wanted = min(1 + choose_one(draw_one(key, 20), item_bounds), views, _MOST_ITEMS)
        phase = below_one(key, 21, max(views, 1))
        in_cart, seen, at, sequence = 0, 0, start, 0

        # Landing page, then each look, each perhaps with something put into the cart.
        first = count
        for place in range(-1, steps):
            page = page_of[place] if place >= 0 else (_HOME if draw_one(key, 22) < _LANDS_AT_HOME else _CATEGORY)
            product = product_of[place] if place >= 0 else NOTHING
            kind = _PRODUCT_VIEWED if product >= 0 else (_SEARCHED if page == _SEARCH else _VIEWED)
            row = rows[count]
            row[KIND], row[_PAGE], row[_PRODUCT], row[_QUANTITY], row[_TERM] = kind, page, product, NOTHING, NOTHING
            if page == _SEARCH:
                row[_TERM] = below_one(derive_one(key, _LOOK, place), 3, _TERMS)
            count += 1
            if product < 0:
                continue
            seen += 1
            if (seen * wanted + phase) // views == ((seen - 1) * wanted + phase) // views:
                continue
            quantity = 1 + choose_one(draw_one(derive_one(key, _LOOK, place), 2), quantity_bounds)
            row = rows[count]
            row[KIND], row[_PAGE], row[_PRODUCT], row[_QUANTITY], row[_TERM] = (
                _ADDED, _PRODUCT_PAGE, product, quantity, NOTHING,
            )  # fmt: skip
            count += 1
            slot = 0
            while slot < in_cart and cart_product[slot] != product:
                slot += 1
            if slot == in_cart:
                cart_product[slot], cart_quantity[slot] = product, 0
                in_cart += 1
            cart_quantity[slot] += quantity

        # Cart page, second thoughts, checkout, payment page.
        loses = in_cart >= 2 and draw_one(key, 23) < removed  # noqa: PLR2004
        if depth > BROWSES and (
            loses or depth >= CHECKS_OUT or draw_one(key, 24) < _LEAVES_FROM_CART_PAGE
        ):
            row = rows[count]
            row[KIND], row[_PAGE], row[_PRODUCT], row[_QUANTITY], row[_TERM] = (
                _VIEWED, _CART, NOTHING, NOTHING, NOTHING,
            )  # fmt: skip
            count += 1
        if loses:
            row = rows[count]
            row[KIND], row[_PAGE], row[_PRODUCT], row[_QUANTITY], row[_TERM] = (
                _REMOVED, _CART, cart_product[0], cart_quantity[0], NOTHING,
            )  # fmt: skip
            count += 1
        for gets_to, kind in ((CHECKS_OUT, _CHECKOUT_STARTED), (ORDERS, _VIEWED)):
            if depth >= gets_to:
                row = rows[count]
                row[KIND], row[_PAGE], row[_PRODUCT], row[_QUANTITY], row[_TERM] = (
                    kind, _CHECKOUT, NOTHING, NOTHING, NOTHING,
                )  # fmt: skip
                count += 1
        if depth >= ORDERS:
            for slot in range(1 if loses else 0, in_cart):
                lines[in_carts, 0], lines[in_carts, 1] = session, cart_product[slot]
                lines[in_carts, 2] = cart_quantity[slot]
                in_carts += 1

        # When, by whom, at what price: the same for every kind of click. The first page is there at once.
        for place in range(first, count):
            row = rows[place]
            sequence += 1
            if sequence > 1:
                stay = interpolate_one(to_unit_one(derive_one(key, _DWELL, sequence)), dwell)
                at += max(stay, 1) * (SECOND // 1000)
            row[OCCURRED], row[EMITTED] = at, at + delays[session]
            row[KEY] = np.int64(derive_one(key, _CLICK, sequence))
            row[DEFECT], row[COPY], row[AMOUNT] = 0, 0, NOTHING
            row[_SESSION], row[_SEQUENCE], row[_CUSTOMER] = np.int64(key), sequence, customers[session]
            row[_DEVICE], row[_CHANNEL], row[_COUNTRY] = devices[session], channels[session], countries[session]
            row[_PRICE] = NOTHING
            product = row[_PRODUCT]
            if product >= 0 and row[KIND] != _REMOVED:
                then = (at - opens_at) // WEEK
                if changed_at[then, product] > at:
                    then -= 1
                row[_PRICE] = prices[then, product]
        ended_at[session] = at
    return count, in_carts
