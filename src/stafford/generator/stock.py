"""Stock: what each sale takes, and a new lot just before a product would run out."""

import numpy as np
from numpy.typing import NDArray

from stafford.generator.catalogue import Catalogue
from stafford.generator.curve import SECOND
from stafford.generator.draft import Draft, concatenate, draft
from stafford.generator.layout import KIND, NOTHING
from stafford.generator.orders import Lines, Orders
from stafford.generator.randomness import Ints, Keys, derive, name_stream
from stafford.generator.waiting import WaitingRoom

_RESTOCKED, _SOLD = 0, 1
_MOVEMENT = name_stream("stock movement")
_AFTER_LAUNCH = SECOND // 1000


class Stock:
    """Stock of every product: lot * lots - units sold, never below zero.

    Movements of one product are at least two microseconds apart, so that a lot fits between two sales.
    """

    def __init__(self, catalogue: Catalogue, root: int, lot_units: int) -> None:
        self._catalogue = catalogue
        self._root = root
        self._lot = lot_units
        self._waiting = WaitingRoom(("at", "key", "order", "product", "quantity"))
        self._sold: Ints = np.zeros(0, np.int64)
        self._moved_at: Ints = np.zeros(0, np.int64)

    def sell(self, orders: Orders, lines: Lines) -> None:
        """Note the lines of new orders, in any order."""
        self._waiting.hold(
            {
                "at": orders.placed_at[lines.order],
                "key": lines.key,
                "order": orders.key[lines.order].view(np.int64),
                "product": lines.product,
                "quantity": lines.quantity,
            }
        )

    def draft(self, launches: Draft, through: int) -> Draft:
        """Movements of launches and of every sale before an instant that is complete."""
        return concatenate([self._open(launches), *self._settle(through)])

    def _open(self, launches: Draft) -> Draft:
        launches = launches.take(launches.rows[:, KIND] == 0)
        lots = np.full(len(launches), self._lot, np.int64)
        occurred = launches.column("occurred") + _AFTER_LAUNCH
        return self._draft(_RESTOCKED, launches.column("product"), occurred, lots, lots, NOTHING)

    def _settle(self, through: int) -> list[Draft]:
        sales = self._waiting.release(through)
        order = np.argsort(sales["product"], kind="stable")  # within a product as they were sold
        product, quantity = sales["product"][order], sales["quantity"][order]
        if not len(product):
            return []
        self._grow(int(product.max()) + 1)
        is_first = np.concatenate([[True], product[1:] != product[:-1]])
        group = np.cumsum(is_first) - 1
        at = self._space_out(product, sales["at"][order], is_first, group)
        running = np.cumsum(quantity)
        before_group = (running - quantity)[is_first][group]
        after = self._sold[product] + running - before_group
        before = after - quantity
        lots_before = np.maximum(-(-before // self._lot), 1)
        lots_after = np.maximum(-(-after // self._lot), 1)
        is_last = np.concatenate([is_first[1:], [True]])
        self._sold[product[is_last]] = after[is_last]
        self._moved_at[product[is_last]] = at[is_last]
        new = lots_after > lots_before
        delivered = (lots_after - lots_before)[new] * self._lot
        restocked = self._lot * lots_after[new] - before[new]
        return [
            self._draft(_RESTOCKED, product[new], at[new] - 1, delivered, restocked, NOTHING),
            self._draft(_SOLD, product, at, -quantity, self._lot * lots_after - after, sales["order"][order]),
        ]

    def _space_out(self, product: Ints, at: Ints, is_first: NDArray[np.bool_], group: Ints) -> Ints:
        """Move a sale two microseconds behind the one before where both are at the same instant."""
        place = np.arange(len(at)) - np.flatnonzero(is_first)[group]
        earliest = self._moved_at[product] + 2 * (place + 1)
        lead = np.maximum(at, earliest) - 2 * place
        lowest, highest = int(lead.min()), int(lead.max())
        # A running maximum inside each group: groups are lifted above each other, then set down again.
        lift = group * (highest - lowest + 1)
        return np.maximum.accumulate(lead - lowest + lift) - lift + lowest + 2 * place

    def _grow(self, products: int) -> None:
        more = max(products - len(self._sold), 0)
        self._sold = np.concatenate([self._sold, np.zeros(more, np.int64)])
        self._moved_at = np.concatenate([self._moved_at, np.zeros(more, np.int64)])

    def _draft(
        self, kind: int, product: Ints, occurred: Ints, delta: Ints, stock: Ints, order: Ints | int
    ) -> Draft:
        of_product: Keys = derive(self._root, _MOVEMENT, product)
        return draft(
            "inventory",
            kind=kind,
            occurred=occurred,
            emitted=occurred,
            key=derive(of_product, _MOVEMENT, occurred - self._catalogue.opens_at),
            product=product,
            delta=delta,
            stock=stock,
            order=order,
        )
