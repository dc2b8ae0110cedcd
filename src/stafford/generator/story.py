"""What happens in each session: one continuous story from the landing page to the cart and the checkout."""

from dataclasses import dataclass

import numpy as np

from stafford.generator.baskets import Baskets, is_sold_out
from stafford.generator.calendar import SECOND, WEEK
from stafford.generator.campaigns import PULL
from stafford.generator.catalogue import Shelf
from stafford.generator.compiled import kernel
from stafford.generator.distributions import accumulate_shares, interpolate_one, tabulate_weibull
from stafford.generator.draft import Draft
from stafford.generator.layout import (
    AMOUNT,
    COPY,
    DEFECT,
    EMITTED,
    KEY,
    KIND,
    LAYOUTS,
    NOTHING,
    OCCURRED,
)  # fmt: skip
from stafford.generator.mess_profile import DEFECTS, Defect
from stafford.generator.randomness import (
    Flags,
    Floats,
    Ints,
    Keys,
    below_one,
    choose_one,
    derive_one,
    draw_one,
    name_stream,
    to_unit_one,
)  # fmt: skip
from stafford.generator.sessions import BROWSES, CHECKS_OUT, CRAWLS, ORDERS, Sessions, share_of
from stafford.generator.sessions_profile import LOOKS, CartsProfile, SessionsProfile
from stafford.generator.vocabulary import CATEGORIES, PAGES, TERMS

_CLICKS = LAYOUTS["clickstream"]
_SESSION, _CUSTOMER, _SEQUENCE, _PAGE, _DEVICE, _CHANNEL, _COUNTRY = (
    _CLICKS.find(name) for name in ("session", "customer", "sequence", "page", "device", "channel", "country")
)
_PRODUCT, _QUANTITY, _PRICE, _TERM, _CAMPAIGN = (
    _CLICKS.find(name) for name in ("product", "quantity", "price", "term", "campaign")
)
_SEARCH, _PRODUCT_PAGE, _CART, _CHECKOUT = (PAGES.index(p) for p in ("search", "product", "cart", "checkout"))
_VIEWED, _SEARCHED, _PRODUCT_VIEWED, _ADDED, _REMOVED, _CHECKOUT_STARTED = range(6)
_LOOK = np.uint64(name_stream("look"))
_DWELL = np.uint64(name_stream("dwell"))
_CLICK = np.uint64(name_stream("click"))
_LANDINGS = ("home", "category", "product")
_TERM_GROUPS = np.array([1 + CATEGORIES.index(category) for _, category in TERMS], np.int64)
_OPENS_CART = 0.5  # share of visitors with a cart who look at it before they leave
_MOST_ITEMS = 20
_BOT, _MOST_BOT_MS = DEFECTS.index(Defect.BOT), 1000
assert PAGES[: len(LOOKS)] == LOOKS  # noqa: S101 - moves are between pages in this order


@dataclass(frozen=True, slots=True)
class Stories:
    """Clicks by session and then in time, when each session's last click was, and carts that wait.

    left: [product, quantity] by twos, a row for each session of which it was asked; NOTHING behind the last.
    """

    clicks: Draft
    ended_at: Ints
    left: Ints


class Storyteller:
    """Turns plans of sessions into clicks."""

    def __init__(
        self, sessions: SessionsProfile, carts: CartsProfile, moves: Floats, pulls: Ints, opens_at: int
    ) -> None:
        """Tabulate. pulls: by campaign, the group of products that its visitors look at most, or 0."""
        self._opens_at = opens_at
        self._pulls = pulls
        self._most_left = 2 * len(carts.items)
        self._moves = moves
        self._landings = accumulate_shares([share_of(sessions.landing, page) for page in _LANDINGS])
        self._landing_pages = np.array([PAGES.index(page) for page in _LANDINGS], np.int64)
        self._item_bounds = accumulate_shares(carts.items)
        self._quantity_bounds = accumulate_shares(carts.quantities)
        self._removed = carts.removed
        returning = sessions.returning
        self._adds, self._removes = (0.0, 0.0) if returning is None else (returning.adds, returning.removes)
        dwell = sessions.dwell
        self._dwell = tabulate_weibull(dwell.shape, round(dwell.scale_s * 1000), dwell.most_s * 1000)

    def tell(
        self,
        sessions: Sessions,
        shelf: Shelf,
        outages: Ints,
        sales: Ints,
        baskets: Baskets | None = None,
        carries: Flags | None = None,
        comes_back: Flags | None = None,
        wanted: Flags | None = None,
    ) -> Stories:
        """The clicks of sessions.

        Args:
            sessions: who comes.
            shelf: what is on sale.
            outages: what was sold out when, as in `baskets.Warehouse`.
            sales: flash sales: [start, end, category, percent].
            baskets: what they put into their carts, or have there; None for visitors who take what they see.
            carries: whose baskets lie in their carts from before, so they come to these; None for nobody's.
            comes_back: whose carts are to be kept, of visitors who fill one; None for nobody's.
            wanted: whose clicks; None for everybody's. Ends and carts are found for all.
        """
        first = np.zeros(len(sessions) + 1, np.int64)
        goods = np.zeros((0, 2), np.int64)
        if baskets is not None:
            np.cumsum(np.bincount(baskets.buyer, minlength=len(sessions)), out=first[1:])
            goods = np.stack([baskets.product, baskets.quantity], axis=1)
        most = int((2 * sessions.steps + 8).sum()) + 2 * len(goods)
        rows = np.empty((most, _CLICKS.width), np.int64)
        ended_at = np.empty(len(sessions), np.int64)
        if carries is None:
            carries = np.zeros(len(sessions), np.bool_)
        if comes_back is None:
            comes_back = np.zeros(len(sessions), np.bool_)
        if wanted is None:
            wanted = np.ones(len(sessions), np.bool_)
        left = np.full((int(comes_back.sum()), self._most_left), NOTHING, np.int64)
        # One kind of array, so that the loop is compiled once.
        depth, steps, path, customer, device, channel, campaign, country, delay = map(
            np.ascontiguousarray,
            (
                sessions.depth, sessions.steps, sessions.path, sessions.customer, sessions.device,
                sessions.channel, sessions.campaign, sessions.country, sessions.delay,
            ),
        )  # fmt: skip
        clicks = _tell(
            sessions.key, sessions.start, depth, steps, path, customer, device, channel, campaign, country,
            delay, carries, comes_back, wanted, first, goods, self._opens_at, self._pulls, shelf.rankings,
            shelf.counts, shelf.prices, shelf.changed_at, shelf.head, outages, sales, self._landings,
            self._landing_pages, self._moves, self._item_bounds, self._quantity_bounds, self._removed,
            self._adds, self._removes, self._dwell, rows, ended_at, left,
        )  # fmt: skip
        return Stories(Draft("clickstream", rows[:clicks]), ended_at, left)


@kernel
def _put(rows: Ints, count: int, kind: int, page: int, product: int, quantity: int, term: int) -> int:
    row = rows[count]
    row[KIND], row[_PAGE], row[_PRODUCT], row[_QUANTITY], row[_TERM] = kind, page, product, quantity, term
    return count + 1


@kernel
def _pick(look: np.uint64, week: int, group: int, rankings: Ints, counts: Ints, head: float) -> int:
    """A product by popularity, of a category's group or of all."""
    if counts[week, group] == 0:
        group = 0
    # The inverse of a density of 1 / (head + x)^2 for a share x of the ranks.
    unit = draw_one(look, 1)
    rank = head * unit / (1.0 + head - unit)
    return rankings[week, group, int(rank * counts[week, group])]


@kernel
def _tell(  # noqa: C901, PLR0912, PLR0915 - a session is told from its beginning to its end
    keys: Keys, starts: Ints, depths: Ints, all_steps: Ints, paths: Ints, customers: Ints, devices: Ints,
    channels: Ints, campaigns: Ints, countries: Ints, delays: Ints, carries: Flags, comes_back: Flags,
    wanted_of: Flags, first_good: Ints, goods: Ints, opens_at: int, pulls: Ints, rankings: Ints,
    ranked: Ints, prices: Ints, changed_at: Ints, head: float, outages: Ints, sales: Ints,
    landings: Floats, landing_pages: Ints, moves: Floats, item_bounds: Floats, quantity_bounds: Floats,
    removed: float, adds: float, removes: float, dwell: Floats, rows: Ints, ended_at: Ints, left: Ints,
) -> int:  # fmt: skip
    count, kept = 0, 0
    most = 1
    for session in range(len(keys)):
        most = max(most, all_steps[session] + first_good[session + 1] - first_good[session] + 1)
    page_of, product_of, term_of = (
        np.empty(most, np.int64),
        np.empty(most, np.int64),
        np.empty(most, np.int64),
    )
    quantity_of = np.empty(most, np.int64)
    # What lay in it before, and what goes in now.
    cart_product, cart_quantity = np.empty(2 * _MOST_ITEMS, np.int64), np.empty(2 * _MOST_ITEMS, np.int64)
    for session in range(len(keys)):
        key, start, depth = keys[session], starts[session], depths[session]
        week = (start - opens_at) // WEEK
        taken = first_good[session + 1] - first_good[session]
        carried = taken if carries[session] else 0
        taken -= carried
        looks = all_steps[session] + taken
        path = moves[paths[session]]
        pull = pulls[campaigns[session]] if campaigns[session] >= 0 else 0
        for sale in range(len(sales)):
            if sales[sale, 0] <= start < sales[sale, 1]:
                pull = 1 + sales[sale, 2]

        # What the visitor looks at, from page to page. Buyers come by what they take, evenly among the rest.
        views, group = 0, 0
        page = landing_pages[choose_one(draw_one(key, 20), landings)]
        for place in range(looks + 1):
            look = derive_one(key, _LOOK, place)
            product, term, quantity = NOTHING, NOTHING, NOTHING
            good = -1
            if place == 0 and carried > 0:
                # They come to see their cart, and go on as if from the landing page.
                page_of[0], product_of[0], term_of[0], quantity_of[0] = _CART, product, term, quantity
                continue
            if place > 0:
                if place * taken // looks > (place - 1) * taken // looks:
                    good = first_good[session] + place * taken // looks - 1
                    page = _PRODUCT_PAGE
                elif place == 1 and depth > BROWSES and carried == 0:
                    page = _PRODUCT_PAGE  # whoever fills a cart has seen a product
                else:
                    page = choose_one(draw_one(look, 0), path[page])
            if good >= 0:
                product, quantity = goods[good, 0], goods[good, 1]
            elif page == _PRODUCT_PAGE:
                wish = pull if pull > 0 and draw_one(look, 2) < PULL else group
                product = _pick(look, week, wish, rankings, ranked, head)
            if page == _SEARCH:
                term = below_one(look, 3, len(_TERM_GROUPS))
                group = _TERM_GROUPS[term]
            elif page != _PRODUCT_PAGE:
                group = 0
            page_of[place], product_of[place], term_of[place], quantity_of[place] = (
                page,
                product,
                term,
                quantity,
            )
            if product >= 0:
                views += 1

        # How many of them go into the cart; who comes with a basket in mind has decided already.
        wanted = 0
        if BROWSES < depth < ORDERS and taken == 0 and (carried == 0 or draw_one(key, 25) < adds):
            wanted = min(1 + choose_one(draw_one(key, 21), item_bounds), views, _MOST_ITEMS)
        phase = below_one(key, 22, max(views, 1))
        regrets = taken > 0 and draw_one(key, 23) < removed
        first, in_cart, seen = count, 0, 0
        for good in range(first_good[session], first_good[session] + carried):
            cart_product[in_cart], cart_quantity[in_cart] = goods[good, 0], goods[good, 1]
            in_cart += 1
        for place in range(looks + 1):
            product, page, quantity = product_of[place], page_of[place], quantity_of[place]
            kind = _PRODUCT_VIEWED if product >= 0 else (_SEARCHED if page == _SEARCH else _VIEWED)
            count = _put(rows, count, kind, page, product, NOTHING, term_of[place])
            if product < 0:
                continue
            seen += 1
            if taken > 0:
                if quantity < 0:
                    # Something else goes in as well, and out again before the checkout.
                    if not regrets or in_cart > 0:
                        continue
                    is_wanted = False
                    for good in range(first_good[session], first_good[session + 1]):
                        is_wanted = is_wanted or goods[good, 0] == product
                    if is_wanted:
                        continue
                    quantity = 1
                    cart_product[0], cart_quantity[0], in_cart = product, 1, 1
                count = _put(rows, count, _ADDED, _PRODUCT_PAGE, product, quantity, NOTHING)
                continue
            if (seen * wanted + phase) // views == ((seen - 1) * wanted + phase) // views:
                continue
            # At least one goes in, also in a shop where everything is sold out: it can be ordered again.
            if is_sold_out(product, start, outages) and (in_cart > 0 or seen < views):
                phase -= wanted  # the next product that is looked at takes its place
                continue
            quantity = 1 + choose_one(draw_one(derive_one(key, _LOOK, place), 4), quantity_bounds)
            count = _put(rows, count, _ADDED, _PRODUCT_PAGE, product, quantity, NOTHING)
            slot = 0
            while slot < in_cart and cart_product[slot] != product:
                slot += 1
            if slot == in_cart:
                cart_product[slot], cart_quantity[slot] = product, 0
                in_cart += 1
            cart_quantity[slot] += quantity

        # Cart page, second thoughts, checkout, payment page.
        if taken > 0 or depth >= ORDERS:
            loses = taken > 0 and in_cart > 0
        elif carried > 0:  # nobody takes out everything and goes to pay
            loses = (in_cart >= 2 or depth < CHECKS_OUT) and draw_one(key, 23) < removes  # noqa: PLR2004
        else:
            loses = in_cart >= 2 and draw_one(key, 23) < removed  # noqa: PLR2004
        sees_it = carried > 0 and count == first + 1
        opens = loses or depth >= CHECKS_OUT or draw_one(key, 24) < _OPENS_CART
        if depth > BROWSES and opens and not sees_it:
            count = _put(rows, count, _VIEWED, _CART, NOTHING, NOTHING, NOTHING)
        if loses:
            count = _put(rows, count, _REMOVED, _CART, cart_product[0], cart_quantity[0], NOTHING)
        if depth >= CHECKS_OUT:
            count = _put(rows, count, _CHECKOUT_STARTED, _CHECKOUT, NOTHING, NOTHING, NOTHING)
        if depth >= ORDERS:
            count = _put(rows, count, _VIEWED, _CHECKOUT, NOTHING, NOTHING, NOTHING)

        if comes_back[session]:
            for slot in range(1 if loses else 0, in_cart):
                place = slot - (1 if loses else 0)
                left[kept, 2 * place], left[kept, 2 * place + 1] = cart_product[slot], cart_quantity[slot]
            kept += 1

        # When, by whom, at what price: the same for every kind of click. The first page is there at once.
        at = start
        for place in range(first, count):
            row, sequence = rows[place], place - first + 1
            if sequence > 1:
                unit = to_unit_one(derive_one(key, _DWELL, sequence))
                stay = int(unit * _MOST_BOT_MS) if depth == CRAWLS else interpolate_one(unit, dwell)
                at += max(stay, 1) * (SECOND // 1000)
            if not wanted_of[session]:
                continue
            row[OCCURRED], row[EMITTED] = at, at + delays[session]
            row[KEY] = np.int64(derive_one(key, _CLICK, sequence))
            row[DEFECT], row[COPY], row[AMOUNT] = _BOT if depth == CRAWLS else 0, 0, NOTHING
            row[_SESSION], row[_SEQUENCE], row[_CUSTOMER] = np.int64(key), sequence, customers[session]
            row[_DEVICE], row[_CHANNEL], row[_COUNTRY] = (
                devices[session],
                channels[session],
                countries[session],
            )
            row[_CAMPAIGN] = campaigns[session]
            row[_PRICE] = NOTHING
            product = row[_PRODUCT]
            if product >= 0 and row[KIND] != _REMOVED:
                then = (at - opens_at) // WEEK
                if changed_at[then, product] > at:
                    then -= 1
                row[_PRICE] = prices[then, product]
        ended_at[session] = at
        if not wanted_of[session]:
            count = first
    return count
