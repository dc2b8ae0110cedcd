"""How orders are paid: attempts until one is captured, gift cards that pay a part, and stolen cards."""

from dataclasses import dataclass

import numpy as np

from stafford.generator.calendar import SECOND
from stafford.generator.chances import Choice
from stafford.generator.draft import Draft, draft
from stafford.generator.layout import DEFECT, NOTHING
from stafford.generator.orders import STOLEN_CARD, Orders
from stafford.generator.profile import PaymentsProfile
from stafford.generator.randomness import (
    Flags,
    Ints,
    Keys,
    derive,
    draw_below,
    draw_between,
    draw_unit,
    name_stream,
)
from stafford.generator.vocabulary import DECLINE_REASONS, METHODS

ATTEMPTS = 3
FRAUD_ATTEMPTS = (3, 6)
"""How often somebody tries stolen cards on one order, at least and at most."""

_CAPTURED, _DECLINED = 0, 1
_GIFT_CARD, _CARD = METHODS.index("gift_card"), METHODS.index("card")
_SUSPECTED_FRAUD = DECLINE_REASONS.index("suspected_fraud")
_PAYMENT = name_stream("payment")
_GIFT = name_stream("gift card")
_STOLEN = name_stream("payment by a stolen card")
_EVENT = name_stream("fulfilment event")


@dataclass(frozen=True, slots=True)
class Settled:
    """How each order's payment ended: captured or not, and when, in UTC microseconds."""

    captured: Flags
    at: Ints


class Settlement:
    """Draws how orders are paid.

    An order is paid in full or not at all. Where a gift card covers a part, it is charged after the rest was
    captured: nothing has to be given back when the rest is declined for good.
    """

    def __init__(self, profile: PaymentsProfile) -> None:
        self._profile = profile
        self._methods = Choice(METHODS, profile.methods.items())
        others = {name: weight for name, weight in profile.methods.items() if name != "gift_card"}
        self._others = Choice(METHODS, others.items()) if others else None
        self._gift_cards = np.array(profile.gift_card_cents, np.int64)

    def pay(self, orders: Orders) -> tuple[list[Draft], Settled]:
        """Attempts until all is captured, the customer gives up, or ATTEMPTS is reached."""
        method, gift = self._split(orders)
        tries = ~orders.is_fraud
        captured = np.zeros(len(orders), np.bool_)
        at = orders.placed_at.copy()
        attempts = np.zeros(len(orders), np.int64)
        drafts = []
        for attempt in range(1, ATTEMPTS + 1):
            keys = derive(orders.key, _PAYMENT, attempt)
            at = np.where(tries, at + SECOND + draw_below(keys, 0, 40 * SECOND), at)
            declined = draw_unit(keys, 1) < self._profile.declined
            reason = np.where(declined, draw_below(keys, 2, len(DECLINE_REASONS)), NOTHING)
            due = orders.total - gift
            drafts.append(_draft(orders, keys, at, method, attempt, due, reason).take(tries))
            attempts += tries
            captured |= tries & ~declined
            tries = tries & declined & (draw_unit(keys, 3) < self._profile.retried)
        # What is on the gift card is reserved by then, so it is not declined.
        splits = captured & (gift > 0)
        keys = derive(orders.key, _GIFT, 0)
        at = np.where(splits, at + 1 + draw_below(keys, 1, SECOND), at)
        paid = _draft(orders, keys, at, _GIFT_CARD, attempts + 1, gift, np.full(len(orders), NOTHING))
        drafts.append(paid.take(splits))
        stolen, at = self._try_stolen(orders, at)
        return [*drafts, *stolen], Settled(captured, at)

    def _split(self, orders: Orders) -> tuple[Ints, Ints]:
        """How each order is paid, and the cents of it that a gift card pays beside that."""
        method = self._methods.choose(draw_unit(orders.key, 20))
        if self._others is None:
            return method, np.zeros(len(orders), np.int64)
        keys = derive(orders.key, _GIFT, 0)
        balance = self._gift_cards[draw_below(keys, 0, len(self._gift_cards))]
        splits = (method == _GIFT_CARD) & (balance < orders.total)
        other = self._others.choose(draw_unit(keys, 2))
        return np.where(splits, other, method), np.where(splits, balance, 0)

    def _try_stolen(self, orders: Orders, at: Ints) -> tuple[list[Draft], Ints]:
        """One card after the other within seconds, each declined; and when each order had its last one."""
        rows = np.flatnonzero(orders.is_fraud)
        victims, at = orders.take(rows), at.copy()
        if not len(rows):
            return [], at
        attempts = draw_between(derive(victims.key, _STOLEN, 0), 0, *FRAUD_ATTEMPTS)
        last = at[rows]
        drafts = []
        for attempt in range(1, FRAUD_ATTEMPTS[1] + 1):
            keys = derive(victims.key, _STOLEN, attempt)
            tries = attempt <= attempts
            last = np.where(tries, last + 2 * SECOND + draw_below(keys, 0, 10 * SECOND), last)
            reason = np.full(len(rows), _SUSPECTED_FRAUD)
            drafts.append(_draft(victims, keys, last, _CARD, attempt, victims.total, reason).take(tries))
        at[rows] = last
        for each in drafts:
            each.rows[:, DEFECT] = STOLEN_CARD
        return drafts, at


def _draft(
    orders: Orders, keys: Keys, at: Ints, method: Ints | int, attempt: Ints | int, due: Ints, reason: Ints
) -> Draft:
    """An attempt for each order; one without a reason to decline it is captured."""
    declined = reason != NOTHING
    return draft(
        "payments",
        kind=np.where(declined, _DECLINED, _CAPTURED),
        occurred=at,
        emitted=at + orders.delay,
        key=derive(keys, _EVENT, 0),
        amount=np.where(declined, NOTHING, due),
        payment=keys,
        order=orders.key,
        method=method,
        attempt=attempt,
        due=due,
        decline_reason=reason,
    )
