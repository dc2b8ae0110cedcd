"""What happens in each session: one continuous story from the landing page to the cart and the checkout."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stafford.generator.catalogue import Catalogue
from stafford.generator.curve import SECOND
from stafford.generator.distributions import accumulate_shares, choose, interpolate, tabulate_weibull
from stafford.generator.draft import NOTHING
from stafford.generator.profile import CartsProfile, SessionsProfile
from stafford.generator.randomness import (
    Flags,
    Ints,
    derive,
    draw_below,
    draw_unit,
    name_stream,
    to_unit,
)
from stafford.generator.sessions import BROWSES, CHECKS_OUT, ORDERS, Sessions

PAGES = ("home", "category", "search", "product", "cart", "checkout")
_HOME, _CATEGORY, _SEARCH, _PRODUCT, _CART, _CHECKOUT = range(6)
_VIEWED, _SEARCHED, _PRODUCT_VIEWED, _ADDED, _REMOVED, _CHECKOUT_STARTED = range(6)
_LOOK = name_stream("look")
_DWELL = name_stream("dwell")
_TERMS = 1 << 20
_LANDS_AT_HOME = 0.4
_LEAVES_FROM_CART_PAGE = 0.5


@dataclass(frozen=True, slots=True)
class Clicks:
    """What visitors did, by session and then in time. session: row of Sessions; sequence from 1."""

    session: Ints
    sequence: Ints
    occurred: Ints
    kind: Ints
    page: Ints
    product: Ints
    quantity: Ints
    term: Ints


@dataclass(frozen=True, slots=True)
class CartLines:
    """What is in the carts at checkout, by session and then as it was put in."""

    session: Ints
    product: Ints
    quantity: Ints


class Storyteller:
    """Turns plans of sessions into clicks and carts."""

    def __init__(self, sessions: SessionsProfile, carts: CartsProfile, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._looks = tuple(sessions.looks)
        self._look_bounds = accumulate_shares(list(sessions.looks.values()))
        self._item_bounds = accumulate_shares(carts.items)
        self._quantity_bounds = accumulate_shares(carts.quantities)
        self._removed = carts.removed
        dwell = sessions.dwell
        self._dwell = tabulate_weibull(dwell.shape, round(dwell.scale_s * 1000), dwell.most_s * 1000)

    def tell(self, sessions: Sessions) -> tuple[Clicks, CartLines]:
        """All clicks of the sessions, and the carts as they are when the visitor is done."""
        looks = self._look_around(sessions)
        added = self._fill_carts(sessions, looks)
        lines, removed = self._settle_carts(sessions, looks, added)
        steps = [
            self._land(sessions),
            looks,
            _Steps(
                looks.session[added],
                looks.place[added] + 1,
                np.full(int(added.sum()), _ADDED),
                np.full(int(added.sum()), _PRODUCT),
                looks.product[added],
                looks.quantity[added],
                np.full(int(added.sum()), NOTHING),
            ),
            *self._leave(sessions, removed),
        ]
        return self._order(sessions, steps), lines

    def _land(self, sessions: Sessions) -> "_Steps":
        home = draw_unit(sessions.key, 20) < _LANDS_AT_HOME
        rows = np.arange(len(sessions))
        return _visit(rows, np.zeros(len(rows), np.int64), np.where(home, _HOME, _CATEGORY))

    def _look_around(self, sessions: Sessions) -> "_Steps":
        session = np.repeat(np.arange(len(sessions)), sessions.steps)
        place = np.arange(len(session)) - np.repeat(
            np.cumsum(sessions.steps) - sessions.steps, sessions.steps
        )
        keys = derive(sessions.key[session], _LOOK, place)
        pages = np.array([PAGES.index(look) for look in self._looks], np.int64)
        page = pages[choose(draw_unit(keys, 0), self._look_bounds)]
        # Whoever fills a cart has seen a product.
        page[(place == 0) & (sessions.depth[session] > BROWSES)] = _PRODUCT
        is_product = page == _PRODUCT
        product = np.full(len(session), NOTHING, np.int64)
        viewed = np.flatnonzero(is_product)
        product[viewed] = self._catalogue.pick(sessions.start[session[viewed]], draw_unit(keys[viewed], 1))
        quantity = 1 + choose(draw_unit(keys, 2), self._quantity_bounds)
        term = np.where(page == _SEARCH, draw_below(keys, 3, _TERMS), NOTHING)
        kind = np.where(is_product, _PRODUCT_VIEWED, np.where(page == _SEARCH, _SEARCHED, _VIEWED))
        return _Steps(session, 2 * place + 1, kind, page, product, quantity, term)

    def _fill_carts(self, sessions: Sessions, looks: "_Steps") -> Flags:
        """Spread the wanted items evenly over the products that were viewed."""
        viewed = looks.product >= 0
        views = np.bincount(looks.session[viewed], minlength=len(sessions)).astype(np.int64)
        wanted = 1 + choose(draw_unit(sessions.key, 21), self._item_bounds)
        wanted = np.where(sessions.depth > BROWSES, np.minimum(wanted, views), 0)
        phase = draw_below(sessions.key, 22, np.maximum(views, 1))
        running = np.cumsum(viewed)
        before = np.concatenate([[0], np.cumsum(views)])[:-1]
        session = looks.session
        ordinal = running - before[session]
        each = np.maximum(views[session], 1)
        share, start = wanted[session], phase[session]
        flags: Flags = viewed & ((ordinal * share + start) // each > ((ordinal - 1) * share + start) // each)
        return flags

    def _settle_carts(self, sessions: Sessions, looks: "_Steps", added: Flags) -> tuple[CartLines, CartLines]:
        """Merge equal products; some carts lose their first line again."""
        session, product = looks.session[added], looks.product[added]
        if not len(session):
            nothing = np.zeros(0, np.int64)
            return CartLines(nothing, nothing, nothing), CartLines(nothing, nothing, nothing)
        code = session * (int(product.max()) + 1) + product
        _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
        quantity = np.zeros(len(first), np.int64)
        np.add.at(quantity, inverse, looks.quantity[added])
        order = np.argsort(first, kind="stable")  # as they were put in; rows are by session already
        lines = CartLines(session[first[order]], product[first[order]], quantity[order])
        per_session = np.bincount(lines.session, minlength=len(sessions))
        loses = (per_session >= 2) & (draw_unit(sessions.key, 23) < self._removed)  # noqa: PLR2004
        is_first = np.concatenate([[True], lines.session[1:] != lines.session[:-1]])
        gone = is_first & loses[lines.session]
        return _take_lines(lines, ~gone), _take_lines(lines, gone)

    def _leave(self, sessions: Sessions, removed: CartLines) -> list["_Steps"]:
        """Cart page, second thoughts, checkout, payment page."""
        has_removed = np.zeros(len(sessions), np.bool_)
        has_removed[removed.session] = True
        looks_at_cart = draw_unit(sessions.key, 24) < _LEAVES_FROM_CART_PAGE
        carts = (sessions.depth > BROWSES) & (looks_at_cart | has_removed | (sessions.depth >= CHECKS_OUT))
        cart_rows = np.flatnonzero(carts)
        checkout_rows = np.flatnonzero(sessions.depth >= CHECKS_OUT)
        payment_rows = np.flatnonzero(sessions.depth >= ORDERS)
        end = 2 * sessions.steps + 1
        return [
            _visit(cart_rows, end[cart_rows], np.full(len(cart_rows), _CART)),
            _Steps(
                removed.session,
                end[removed.session] + 1,
                np.full(len(removed.session), _REMOVED),
                np.full(len(removed.session), _CART),
                removed.product,
                removed.quantity,
                np.full(len(removed.session), NOTHING),
            ),
            _visit(
                checkout_rows,
                end[checkout_rows] + 2,
                np.full(len(checkout_rows), _CHECKOUT),
                kind=_CHECKOUT_STARTED,
            ),
            _visit(payment_rows, end[payment_rows] + 3, np.full(len(payment_rows), _CHECKOUT)),
        ]

    def _order(self, sessions: Sessions, steps: list["_Steps"]) -> Clicks:
        session = np.concatenate([s.session for s in steps])
        place = np.concatenate([s.place for s in steps])
        stride = 2 * int(sessions.steps.max(initial=0)) + 8
        order = np.argsort(session * stride + place, kind="stable")
        session = session[order]
        lengths = np.bincount(session, minlength=len(sessions)).astype(np.int64)
        sequence = np.arange(len(session)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
        kind = np.concatenate([s.kind for s in steps])[order]
        quantity = np.concatenate([s.quantity for s in steps])[order]
        moves_cart = (kind == _ADDED) | (kind == _REMOVED)
        return Clicks(
            session,
            sequence,
            self._time(sessions, session, sequence),
            kind,
            np.concatenate([s.page for s in steps])[order],
            np.concatenate([s.product for s in steps])[order],
            np.where(moves_cart, quantity, NOTHING),
            np.concatenate([s.term for s in steps])[order],
        )

    def _time(self, sessions: Sessions, session: Ints, sequence: Ints) -> Ints:
        """Add up the time on each page; the first page is there at the start."""
        units = to_unit(derive(sessions.key[session], _DWELL, sequence))
        stays = np.maximum(interpolate(units, self._dwell), 1) * (SECOND // 1000)
        stays[sequence == 1] = 0
        elapsed = np.cumsum(stays)
        before: Ints = elapsed[np.flatnonzero(sequence == 1)][session]
        occurred: Ints = sessions.start[session] + elapsed - before
        return occurred


@dataclass(frozen=True, slots=True)
class _Steps:
    session: Ints
    place: Ints  # orders the steps of a session
    kind: Ints
    page: Ints
    product: Ints
    quantity: Ints
    term: Ints


def _visit(session: Ints, place: Ints, page: Ints, kind: int = _VIEWED) -> _Steps:
    nothing = np.full(len(session), NOTHING, np.int64)
    return _Steps(session, place, np.full(len(session), kind), page, nothing, nothing, nothing)


def _take_lines(lines: CartLines, rows: NDArray[np.bool_]) -> CartLines:
    return CartLines(lines.session[rows], lines.product[rows], lines.quantity[rows])
