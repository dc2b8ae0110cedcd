"""Orders: a cart whose visitor went through the checkout, at the prices in force at that instant."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stafford.generator.baskets import Baskets
from stafford.generator.calendar import SECOND
from stafford.generator.catalogue import Catalogue
from stafford.generator.draft import Draft, draft
from stafford.generator.layout import DEFECT, LINE_COLUMNS, NOTHING
from stafford.generator.mess_profile import DEFECTS, Defect
from stafford.generator.pricing import Coupons, find_tax
from stafford.generator.profile import OrdersProfile
from stafford.generator.purchases import NEVER
from stafford.generator.randomness import Flags, Ints, Keys, derive, draw_below, draw_unit, name_stream
from stafford.generator.sessions import Sessions

PLACED, CANCELLED = 0, 1
_ORDER = name_stream("order")
_LINE = name_stream("order line")
_EVENT = name_stream("order event")
_FRAUD = name_stream("stolen card")
STOLEN_CARD = DEFECTS.index(Defect.FRAUD)
"""In the column DEFECT of whatever concerns an order that is tried with stolen cards."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Order lines, by order and number. order: row of Orders; money in cents."""

    key: Keys
    order: Ints
    number: Ints
    product: Ints
    quantity: Ints
    unit_price: Ints
    discount: Ints
    total: Ints

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders, by session. placed_at, delay: microseconds; money in cents; lines: how many.

    coupon: the place of its code among COUPONS, or NOTHING; is_fraud: somebody tries stolen cards.
    goods: [order, LINE_COLUMNS * lines], as `layout.Layout` of orders ends.
    """

    key: Keys
    session_key: Keys
    placed_at: Ints
    delay: Ints
    customer: Ints
    country: Ints
    subtotal: Ints
    shipping: Ints
    coupon: Ints
    coupon_cents: Ints
    is_fraud: Flags
    lines: Ints
    goods: Ints

    def __len__(self) -> int:
        return len(self.key)

    @property
    def total(self) -> Ints:
        """What the customer pays."""
        return self.subtotal + self.shipping - self.coupon_cents

    def take(self, rows: NDArray[Any]) -> "Orders":
        """The orders that a mask or an array of positions names."""
        return Orders(*(getattr(self, field.name)[rows] for field in fields(self)))


class OrderDesk:
    """Takes orders from sessions. fraud: share of the orders by guests that try stolen cards."""

    def __init__(self, profile: OrdersProfile, catalogue: Catalogue, fraud: float = 0.0) -> None:
        self._profile = profile
        self._catalogue = catalogue
        self._coupons = Coupons(profile.coupons)
        self._fraud = fraud

    def take(
        self, sessions: Sessions, ended_at: Ints, baskets: Baskets, sales: Ints, is_first: Flags
    ) -> tuple[Orders, Lines]:
        """The orders of buyers, and their lines.

        Args:
            sessions: of the buyers; each has something in the basket.
            ended_at: when each of them made the last click, UTC microseconds.
            baskets: what they take.
            sales: flash sales: [start, end, category, percent].
            is_first: whether it is a customer's first order.
        """
        keys = derive(sessions.key, _ORDER, 0)
        placed_at = ended_at + draw_below(keys, 0, 45 * SECOND) + 3 * SECOND
        lines = self._price(keys, placed_at, baskets, sales)
        subtotal = np.zeros(len(keys), np.int64)
        np.add.at(subtotal, lines.order, lines.total)
        free = subtotal >= self._profile.free_shipping_from_cents  # before any coupon
        coupon = self._coupons.grant(keys, placed_at, is_first)
        orders = Orders(
            keys,
            sessions.key,
            placed_at,
            sessions.delay,
            sessions.customer,
            sessions.country,
            subtotal,
            np.where(free, 0, self._profile.shipping_cents),
            coupon,
            self._coupons.take_off(coupon, subtotal),
            (sessions.customer == NOTHING) & (draw_unit(derive(keys, _FRAUD, 0), 0) < self._fraud),
            np.bincount(lines.order, minlength=len(keys)).astype(np.int64),
            _spread(len(keys), lines),
        )
        return orders, lines

    def _price(self, keys: Keys, placed_at: Ints, baskets: Baskets, sales: Ints) -> Lines:
        order, product, quantity = baskets.buyer, baskets.product, baskets.quantity
        counts = np.bincount(order, minlength=len(keys)).astype(np.int64)
        number = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
        line_keys = derive(keys[order], _LINE, number)
        unit_price = self._catalogue.price(product, placed_at[order])
        percent = self._find_percent(product, placed_at[order], sales)
        discount = quantity * unit_price * percent // 100
        total = quantity * unit_price - discount
        return Lines(line_keys, order, number, product, quantity, unit_price, discount, total)

    def _find_percent(self, product: Ints, at: Ints, sales: Ints) -> Ints:
        """The better of the week's promotion and a flash sale that is on, when it is ordered."""
        percent = self._catalogue.find_promotions(product, at)
        category = self._catalogue.assortment.find_categories(product)
        near = (sales[:, 0] <= at.max(initial=0)) & (sales[:, 1] > at.min(initial=NEVER))
        for start, end, of_category, discount in sales[near]:
            is_on = (start <= at) & (at < end) & (category == of_category)
            percent[is_on] = np.maximum(percent[is_on], discount)
        return percent


def draft_orders(orders: Orders, kind: int, occurred: Ints) -> Draft:
    """order_placed or order_cancelled for each order; only placing one counts as money."""
    drafted = draft(
        "orders",
        kind=kind,
        occurred=occurred,
        emitted=occurred + orders.delay,
        key=derive(orders.key, _EVENT, kind),
        amount=orders.total if kind == PLACED else NOTHING,
        order=orders.key,
        session=orders.session_key,
        customer=orders.customer,
        country=orders.country,
        placed_at=orders.placed_at,
        lines=orders.lines,
        subtotal=orders.subtotal,
        shipping=orders.shipping,
        coupon=orders.coupon,
        coupon_cents=orders.coupon_cents,
        total=orders.total,
        tax=find_tax(orders.total, orders.country),
    )
    drafted.rows[orders.is_fraud, DEFECT] = STOLEN_CARD
    first = drafted.layout.find("product_0")
    drafted.rows[:, first : first + orders.goods.shape[1]] = orders.goods
    return drafted


def _spread(orders: int, lines: Lines) -> Ints:
    most = int(lines.number.max(initial=0))
    goods: Ints = np.full((orders, most, LINE_COLUMNS), NOTHING, np.int64)
    each = (lines.product, lines.quantity, lines.unit_price, lines.discount)
    goods[lines.order, lines.number - 1] = np.stack(each, axis=1)
    return goods.reshape(orders, most * LINE_COLUMNS)
