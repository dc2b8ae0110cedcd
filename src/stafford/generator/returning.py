"""Carts that outlive their visit: who comes back to one, when, and what lies in it.

A customer who leaves something in the cart comes back at most once, within days. Whether and when follows
from the key of the visit alone. What lies in the cart waits here until then, since only then it is known what
is sold out.
"""

from dataclasses import dataclass

import numpy as np

from stafford.generator.baskets import Baskets
from stafford.generator.calendar import HOUR
from stafford.generator.compiled import kernel
from stafford.generator.customers import Customers
from stafford.generator.layout import NOTHING
from stafford.generator.randomness import (
    Flags,
    Ints,
    Keys,
    derive,
    draw_unit,
    name_stream,
)
from stafford.generator.sessions import CARTS, ORDERS, Sessions
from stafford.generator.sessions_profile import LONGEST_AWAY_H, ReturningProfile
from stafford.generator.traffic import UNITS, Stretch, to_calendar, to_operational

AWAY_AT_MOST = LONGEST_AWAY_H * HOUR
"""Nobody comes back later than this after the visit before."""

NOT, UNASKED, REMINDED = 0, 1, 2
"""How a customer comes back to a cart."""

_RETURN = name_stream("return to a cart")
_UNITS_PER_HOUR = 60 * UNITS
_COMES, _IS_REMINDED, _WHEN = 30, 31, 32
_KEY, _START, _CUSTOMER, _HOW, _GOODS = range(5)


@dataclass(frozen=True, slots=True)
class Returns:
    """Customers who come back, in no order. is_reminded: by a mail; carts: what lies in theirs."""

    key: Keys
    start: Ints
    customer: Ints
    is_reminded: Flags
    carts: Baskets


class ReturningCarts:
    """Carts of one shop that wait for their owners.

    Args:
        profile: None where no cart lasts.
        customers: whose carts.
    """

    def __init__(self, profile: ReturningProfile | None, customers: Customers) -> None:
        self._profile = profile
        self._customers = customers
        self._waiting: list[Ints] = []

    @property
    def longest_wait(self) -> int:
        """Microseconds from the end of a visit within which its return begins."""
        return 0 if self._profile is None else AWAY_AT_MOST

    def find_keys(self, keys: Keys) -> Keys:
        """The key of the visit that follows each."""
        return derive(keys, _RETURN, 0)

    def may_return(self, keys: Keys) -> Flags:
        """Which visits could be followed by another, whoever makes them and whatever they do."""
        if self._profile is None:
            return np.zeros(len(keys), np.bool_)
        likely: Flags = draw_unit(keys, _COMES) < max(self._profile.share, self._profile.share_reminded)
        return likely

    def choose(self, sessions: Sessions) -> Ints:
        """How the customer of each visit comes back to the cart that it leaves; none of them has an order."""
        how = np.zeros(len(sessions), np.int64)
        profile = self._profile
        if profile is None:
            return how
        fills = (sessions.depth >= CARTS) & (sessions.depth < ORDERS) & (sessions.customer != NOTHING)
        places = np.flatnonzero(fills)
        places = places[self.may_return(sessions.key[places])]  # few, and consent takes time to find
        keys, customer = sessions.key[places], sessions.customer[places]
        is_reminded = (draw_unit(keys, _IS_REMINDED) < profile.reminded) & self._customers.consents(
            customer, sessions.start[places]
        )
        comes = draw_unit(keys, _COMES) < np.where(is_reminded, profile.share_reminded, profile.share)
        how[places] = np.where(comes, np.where(is_reminded, REMINDED, UNASKED), NOT)
        return how

    def reminds(self, keys: Keys, customer: Ints, starts: Ints) -> Flags:
        """Which visits with an order a reminder of the cart brings, where it has been filled before."""
        if self._profile is None:
            return np.zeros(len(keys), np.bool_)
        is_asked: Flags = draw_unit(keys, _IS_REMINDED) < self._profile.reminded
        return is_asked & self._customers.consents(customer, starts)

    def keep(self, sessions: Sessions, how: Ints, ended_at: Ints, left: Ints, stretch: Stretch) -> None:
        """Let carts wait for the visits that follow.

        Args:
            sessions: visits of one zone that are followed by another.
            how: not NOT, for each of them.
            ended_at: of each.
            left: what lies in each cart, as in `story.Stories`.
            stretch: minutes of the zone from the visits to AWAY_AT_MOST after their ends.
        """
        if self._profile is None or not len(sessions):
            return
        after_h = self._profile.after_h
        width = (after_h.most - after_h.least) * _UNITS_PER_HOUR
        wait = after_h.least * _UNITS_PER_HOUR + (draw_unit(sessions.key, _WHEN) * width).astype(np.int64)
        start = _postpone(ended_at, np.maximum(wait, 1), stretch.first, stretch.begins)
        rows = np.empty((len(sessions), _GOODS + left.shape[1]), np.int64)
        rows[:, _KEY] = self.find_keys(sessions.key).view(np.int64)
        rows[:, _START], rows[:, _CUSTOMER], rows[:, _HOW] = start, sessions.customer, how
        rows[:, _GOODS:] = left
        comes = (start > ended_at) & (start <= ended_at + AWAY_AT_MOST)
        # Who withdrew consent in the meantime gets no mail.
        comes &= (how != REMINDED) | self._customers.consents(sessions.customer, start)
        self._waiting.append(rows[comes])

    def take(self, end: int) -> Returns | None:
        """Those who come back before `end`, UTC microseconds, and were not taken yet; None for nobody."""
        if not self._waiting:
            return None
        rows = np.concatenate(self._waiting)
        due = rows[:, _START] < end
        self._waiting = [rows[~due]] if due.any() or len(self._waiting) > 1 else self._waiting
        rows = rows[due]
        if not len(rows):
            return None
        products, quantities = rows[:, _GOODS::2], rows[:, _GOODS + 1 :: 2]
        buyer, slot = np.nonzero(products != NOTHING)
        carts = Baskets(buyer, products[buyer, slot], quantities[buyer, slot])
        key = np.ascontiguousarray(rows[:, _KEY]).view(np.uint64)
        start, customer = (np.ascontiguousarray(rows[:, column]) for column in (_START, _CUSTOMER))
        return Returns(key, start, customer, rows[:, _HOW] == REMINDED, carts)


@kernel
def _postpone(ended_at: Ints, waits: Ints, first: int, begins: Ints) -> Ints:
    starts = np.empty(len(ended_at), np.int64)
    for place in range(len(ended_at)):
        left_at = to_operational(ended_at[place], first, begins)
        starts[place] = to_calendar(left_at + waits[place], first, begins)
    return starts
