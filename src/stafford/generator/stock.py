"""Stock as the warehouse books it: every lot that comes and every sale that goes, in the order of time."""

import numpy as np

from stafford.generator.baskets import AFTER_LAUNCH, Lots
from stafford.generator.compiled import kernel
from stafford.generator.draft import Draft, concatenate, draft
from stafford.generator.layout import KIND, NOTHING
from stafford.generator.orders import Lines, Orders
from stafford.generator.randomness import Ints, Keys, derive, name_stream
from stafford.generator.waiting import WaitingRoom

_RESTOCKED, _SOLD = 0, 1
_MOVEMENT = name_stream("stock movement")
_NO_ORDER = 0


class Stock:
    """Units of every product: lots less sales. Never below zero, since buyers set aside what they take.

    Movements of one product are at least a microsecond apart, so that they have an order.
    """

    def __init__(self, root: int, opens_at: int, first_lot: int) -> None:
        self._root = root
        self._opens_at = opens_at
        self._first_lot = first_lot
        self._waiting = WaitingRoom(("at", "key", "order", "product", "delta"))
        self._level: Ints = np.zeros(0, np.int64)
        self._moved_at: Ints = np.zeros(0, np.int64)

    def note(self, orders: Orders, lines: Lines, lots: Lots) -> None:
        """Take in sales and lots, in any order."""
        self._waiting.hold(
            {
                "at": np.concatenate([orders.placed_at[lines.order], lots.at]),
                "key": np.concatenate([lines.key, derive(self._root, _MOVEMENT, lots.at)]),
                "order": np.concatenate(
                    [orders.key[lines.order].view(np.int64), np.full(len(lots.at), _NO_ORDER)]
                ),
                "product": np.concatenate([lines.product, lots.product]),
                "delta": np.concatenate([-lines.quantity, lots.units]),
            }
        )

    def draft(self, launches: Draft, through: int) -> Draft:
        """Movements of launches, and every other before an instant that is complete."""
        return concatenate([self._open(launches), self._settle(through)])

    def _open(self, launches: Draft) -> Draft:
        launches = launches.take(launches.rows[:, KIND] == 0)
        products, occurred = launches.column("product"), launches.column("occurred") + AFTER_LAUNCH
        self._make_room(products)
        self._level[products], self._moved_at[products] = self._first_lot, occurred
        lots = np.full(len(launches), self._first_lot, np.int64)
        return self._draft(
            np.zeros(len(launches), np.int64), products, occurred, lots, lots, lots * _NO_ORDER
        )

    def _settle(self, through: int) -> Draft:
        due = self._waiting.release(through)
        self._make_room(due["product"])
        at, level = _book(due["product"], due["at"], due["delta"], self._level, self._moved_at)
        return self._draft(
            (due["delta"] < 0).astype(np.int64), due["product"], at, due["delta"], level, due["order"]
        )

    def _make_room(self, products: Ints) -> None:
        more = int(products.max(initial=-1)) + 1 - len(self._level)
        if more > 0:
            self._level = np.concatenate([self._level, np.zeros(more, np.int64)])
            self._moved_at = np.concatenate([self._moved_at, np.zeros(more, np.int64)])

    def _draft(
        self, kind: Ints, product: Ints, occurred: Ints, delta: Ints, stock: Ints, order: Ints
    ) -> Draft:
        of_product: Keys = derive(self._root, _MOVEMENT, product)
        return draft(
            "inventory",
            kind=kind,
            occurred=occurred,
            emitted=occurred,
            key=derive(of_product, _MOVEMENT, occurred - self._opens_at),
            product=product,
            delta=delta,
            stock=stock,
            order=np.where(kind == _SOLD, order, NOTHING),
        )


@kernel
def _book(product: Ints, at: Ints, delta: Ints, level: Ints, moved_at: Ints) -> tuple[Ints, Ints]:
    booked, levels = np.empty(len(at), np.int64), np.empty(len(at), np.int64)
    for row in range(len(at)):
        which = product[row]
        booked[row] = max(at[row], moved_at[which] + 1)
        moved_at[which] = booked[row]
        level[which] += delta[row]
        levels[row] = level[which]
    return booked, levels
