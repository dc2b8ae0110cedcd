"""What follows an order: payment attempts, cancellation, the parcel, and what comes back."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from stafford.generator.calendar import DAY, HOUR, MINUTE, SECOND
from stafford.generator.catalogue import Catalogue
from stafford.generator.distributions import accumulate_shares, choose
from stafford.generator.draft import Draft, draft
from stafford.generator.layout import NOTHING
from stafford.generator.orders import CANCELLED, Lines, Orders, draft_orders
from stafford.generator.profile import FulfilmentProfile, PaymentsProfile, Profile, Range, ReturnsProfile
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
from stafford.generator.vocabulary import CARRIERS, DECLINE_REASONS, METHODS, RETURN_REASONS

ATTEMPTS = 3
_CAPTURED, _DECLINED = 0, 1
_DISPATCHED, _DELIVERED = 0, 1
_REQUESTED, _REFUNDED = 0, 1
_PAYMENT = name_stream("payment")
_SHIPMENT = name_stream("shipment")
_RETURN = name_stream("return")
_EVENT = name_stream("fulfilment event")


@dataclass(frozen=True, slots=True)
class Settled:
    """How each order's payment ended: captured or not, and when, in UTC microseconds."""

    captured: Flags
    at: Ints


class Fulfilment:
    """Draws what becomes of orders."""

    def __init__(self, profile: Profile, catalogue: Catalogue) -> None:
        self._payments: PaymentsProfile = profile.payments
        self._fulfilment: FulfilmentProfile = profile.fulfilment
        self._returns: ReturnsProfile = profile.returns
        self._catalogue = catalogue
        self._methods = _place(METHODS, profile.payments.methods)
        self._carriers = _place(CARRIERS, profile.fulfilment.carriers)
        self._reasons = _place(RETURN_REASONS, profile.returns.reasons)
        self._method_bounds = accumulate_shares(list(profile.payments.methods.values()))
        self._carrier_bounds = accumulate_shares(list(profile.fulfilment.carriers.values()))
        self._reason_bounds = accumulate_shares(list(profile.returns.reasons.values()))

    def draft(self, orders: Orders, lines: Lines) -> list[Draft]:
        """Every event that follows these orders, however much later."""
        payments, settled = self._pay(orders)
        changes_mind = settled.captured & (draw_unit(orders.key, 10) < self._fulfilment.cancelled)
        cancelled = changes_mind | ~settled.captured
        # Before the first parcel leaves: dispatch_h.least hours after the capture.
        least_h = max(self._fulfilment.dispatch_h.least, 1)
        cancelled_at = settled.at + 10 * MINUTE + draw_below(orders.key, 11, least_h * HOUR - 15 * MINUTE)
        cancellations = draft_orders(orders.take(cancelled), CANCELLED, cancelled_at[cancelled])
        shipments, delivered_at = self._ship(orders, settled, ~cancelled)
        returns = self._take_back(orders, lines, delivered_at, ~cancelled)
        return [*payments, cancellations, *shipments, *returns]

    def _pay(self, orders: Orders) -> tuple[list[Draft], Settled]:
        """Attempts until one is captured, the customer gives up, or ATTEMPTS is reached."""
        method = self._methods[choose(draw_unit(orders.key, 20), self._method_bounds)]
        tries = np.ones(len(orders), np.bool_)
        captured = np.zeros(len(orders), np.bool_)
        at = orders.placed_at.copy()
        drafts = []
        for attempt in range(1, ATTEMPTS + 1):
            keys = derive(orders.key, _PAYMENT, attempt)
            at = np.where(tries, at + SECOND + draw_below(keys, 0, 40 * SECOND), at)
            declined = draw_unit(keys, 1) < self._payments.declined
            kind = np.where(declined, _DECLINED, _CAPTURED)
            attempts = draft(
                "payments",
                kind=kind,
                occurred=at,
                emitted=at + orders.delay,
                key=derive(keys, _EVENT, 0),
                amount=np.where(declined, NOTHING, orders.total),
                payment=keys,
                order=orders.key,
                method=method,
                attempt=attempt,
                due=orders.total,
                decline_reason=np.where(declined, draw_below(keys, 2, len(DECLINE_REASONS)), NOTHING),
            )
            drafts.append(attempts.take(tries))
            captured |= tries & ~declined
            tries = tries & declined & (draw_unit(keys, 3) < self._payments.retried)
        return drafts, Settled(captured, at)

    def _ship(self, orders: Orders, settled: Settled, shipped: Flags) -> tuple[list[Draft], Ints]:
        profile = self._fulfilment
        keys = derive(orders.key, _SHIPMENT, 0)
        dispatched_at = settled.at + _draw_span(keys, 0, profile.dispatch_h, HOUR)
        days = draw_between(keys, 1, profile.promise_days.least, profile.promise_days.most)
        promised_at = (dispatched_at // DAY + days) * DAY + 18 * HOUR
        earliest = dispatched_at + 12 * HOUR
        in_time = earliest + draw_below(keys, 2, np.maximum(promised_at - earliest, 1))
        too_late = promised_at + _draw_span(keys, 3, profile.late_h, HOUR)
        delivered_at = np.where(draw_unit(keys, 4) < profile.late, too_late, in_time)
        drafts = [
            draft(
                "shipments",
                kind=kind,
                occurred=occurred,
                emitted=occurred + orders.delay,
                key=derive(keys, _EVENT, kind),
                shipment=keys,
                order=orders.key,
                carrier=self._carriers[choose(draw_unit(keys, 5), self._carrier_bounds)],
                promised_at=promised_at,
            ).take(shipped)
            for kind, occurred in ((_DISPATCHED, dispatched_at), (_DELIVERED, delivered_at))
        ]
        return drafts, delivered_at

    def _take_back(self, orders: Orders, lines: Lines, delivered_at: Ints, shipped: Flags) -> list[Draft]:
        rates = self._catalogue.returned[self._catalogue.categorise(lines.product)]
        keys: Keys = derive(lines.key, _RETURN, 0)
        rows = np.flatnonzero(shipped[lines.order] & (draw_unit(keys, 0) < rates))
        keys, order = keys[rows], lines.order[rows]
        quantity = 1 + draw_below(keys, 1, lines.quantity[rows])
        refund = lines.total[rows] * quantity // lines.quantity[rows]
        requested_at = delivered_at[order] + _draw_span(keys, 2, self._returns.requested_after_days, DAY)
        refunded_at = requested_at + _draw_span(keys, 3, self._returns.refunded_after_days, DAY)
        return [
            draft(
                "returns",
                kind=kind,
                occurred=occurred,
                emitted=occurred + orders.delay[order],
                key=derive(keys, _EVENT, kind),
                amount=refund if kind == _REFUNDED else NOTHING,
                parcel=keys,
                order=orders.key[order],
                line=lines.number[rows],
                product=lines.product[rows],
                quantity=quantity,
                refund=refund,
                reason=self._reasons[choose(draw_unit(keys, 4), self._reason_bounds)],
            )
            for kind, occurred in ((_REQUESTED, requested_at), (_REFUNDED, refunded_at))
        ]


def _draw_span(keys: Keys, draw: int, span: Range, unit: int) -> Ints:
    """A stretch of time between least and most units, in microseconds."""
    return span.least * unit + draw_below(keys, draw, max((span.most - span.least) * unit, 1))


def _place(words: tuple[str, ...], names: Iterable[str]) -> Ints:
    """Where the names of a profile stand among the words of a field."""
    return np.array([words.index(name) for name in names], np.int64)
