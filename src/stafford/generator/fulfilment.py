"""What follows an order: payments, cancellation, parcels, what comes back, and what buyers say."""

import numpy as np

from stafford.generator.calendar import DAY, HOUR, MINUTE
from stafford.generator.catalogue import Catalogue
from stafford.generator.chances import Choice, draw_span
from stafford.generator.draft import Draft, draft
from stafford.generator.layout import NOTHING
from stafford.generator.orders import CANCELLED, Lines, Orders, draft_orders
from stafford.generator.parcels import Parcels
from stafford.generator.pricing import find_refund
from stafford.generator.profile import FulfilmentProfile, Profile, ReturnsProfile
from stafford.generator.randomness import Flags, Ints, Keys, derive, draw_below, draw_unit, name_stream
from stafford.generator.reviews import Reviews
from stafford.generator.settlement import Settlement
from stafford.generator.vocabulary import RETURN_REASONS

_REQUESTED, _REFUNDED = 0, 1
_FAULTS = np.array([RETURN_REASONS.index("damaged"), RETURN_REASONS.index("not_as_described")], np.int64)
_RETURN = name_stream("return")
_EVENT = name_stream("fulfilment event")


class Fulfilment:
    """Draws what becomes of orders."""

    def __init__(self, profile: Profile, catalogue: Catalogue) -> None:
        self._fulfilment: FulfilmentProfile = profile.fulfilment
        self._returns: ReturnsProfile = profile.returns
        self._catalogue = catalogue
        self._assortment = catalogue.assortment
        self._settlement = Settlement(profile.payments)
        self._parcels = Parcels(profile.fulfilment)
        self._reviews = Reviews(profile.reviews, catalogue)
        reasons = profile.returns.reasons
        others = {reason: weight for reason, weight in reasons.items() if reason != "wrong_size"}
        self._reasons = Choice(RETURN_REASONS, reasons.items())
        self._reasons_without_size = Choice(RETURN_REASONS, (others or reasons).items())

    def draft(self, orders: Orders, lines: Lines) -> list[Draft]:
        """Every event that follows these orders, however much later."""
        payments, settled = self._settlement.pay(orders)
        changes_mind = settled.captured & (draw_unit(orders.key, 10) < self._fulfilment.cancelled)
        cancelled = changes_mind | ~settled.captured
        # Before the first parcel leaves: dispatch_h.least hours after the capture.
        least_h = max(self._fulfilment.dispatch_h.least, 1)
        cancelled_at = settled.at + 10 * MINUTE + draw_below(orders.key, 11, least_h * HOUR - 15 * MINUTE)
        cancellations = draft_orders(orders.take(cancelled), CANCELLED, cancelled_at[cancelled])
        shipments, delivered_at = self._parcels.ship(orders, settled.at, ~cancelled)
        returns, faulty = self._take_back(orders, lines, delivered_at, ~cancelled)
        reviews = self._reviews.draft(orders, lines, delivered_at, ~cancelled, faulty)
        return [*payments, cancellations, *shipments, *returns, reviews]

    def _take_back(
        self, orders: Orders, lines: Lines, delivered_at: Ints, shipped: Flags
    ) -> tuple[list[Draft], Flags]:
        """The steps of each return, and which lines go back because something is wrong with them."""
        rates = self._catalogue.returned[self._assortment.categorise(lines.product)]
        keys: Keys = derive(lines.key, _RETURN, 0)
        rows = np.flatnonzero(shipped[lines.order] & (draw_unit(keys, 0) < rates))
        keys, order = keys[rows], lines.order[rows]
        quantity = 1 + draw_below(keys, 1, lines.quantity[rows])
        refund = find_refund(
            lines.total[rows],
            lines.quantity[rows],
            quantity,
            orders.subtotal[order],
            orders.coupon_cents[order],
        )
        requested_at = delivered_at[order] + draw_span(keys, 2, self._returns.requested_after_days, DAY)
        refunded_at = requested_at + draw_span(keys, 3, self._returns.refunded_after_days, DAY)
        units, has_size = draw_unit(keys, 4), self._assortment.has_size(lines.product[rows])
        reason = np.where(has_size, self._reasons.choose(units), self._reasons_without_size.choose(units))
        faulty = np.zeros(len(lines), np.bool_)
        faulty[rows] = np.isin(reason, _FAULTS)
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
                reason=reason,
            )
            for kind, occurred in ((_REQUESTED, requested_at), (_REFUNDED, refunded_at))
        ], faulty
