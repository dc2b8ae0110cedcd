"""How goods travel: picked, dispatched, and delivered in time or late; or lost, and sent once more."""

from dataclasses import dataclass

import numpy as np

from stafford.generator.calendar import DAY, HOUR, MINUTE
from stafford.generator.chances import Choice, draw_span
from stafford.generator.draft import Draft, draft
from stafford.generator.orders import Orders
from stafford.generator.profile import FulfilmentProfile
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
from stafford.generator.vocabulary import CARRIERS

_PICKED, _DISPATCHED, _DELIVERED, _LOST = 0, 1, 2, 3
_SHIPMENT = name_stream("shipment")
_EVENT = name_stream("fulfilment event")


@dataclass(frozen=True, slots=True)
class _Parcels:
    """One parcel for each order; times in UTC microseconds. delivered_at: if it is not lost."""

    key: Keys
    picked_at: Ints
    dispatched_at: Ints
    promised_at: Ints
    delivered_at: Ints


class Parcels:
    """Draws how parcels travel. A parcel is lost once at most: the one that replaces it arrives."""

    def __init__(self, profile: FulfilmentProfile) -> None:
        self._profile = profile
        self._carriers = Choice(CARRIERS, profile.carriers.items())

    def ship(self, orders: Orders, paid_at: Ints, shipped: Flags) -> tuple[list[Draft], Ints]:
        """The steps of each parcel, and when each order's goods arrive.

        Args:
            orders: all of them.
            paid_at: UTC microseconds.
            shipped: the orders whose goods leave; the arrival of others means nothing.
        """
        first = self._send(orders, paid_at, 0)
        lost = shipped & (draw_unit(first.key, 6) < self._profile.lost)
        lost_at = first.promised_at + draw_span(first.key, 7, self._profile.lost_after_days, DAY)
        again = orders.take(lost)
        second = self._send(again, lost_at[lost], 1)
        everybody = np.ones(len(again), np.bool_)
        drafts = [
            *self._draft(orders, first, shipped, shipped & ~lost),
            self._step(orders, first, _LOST, lost_at).take(lost),
            *self._draft(again, second, everybody, everybody),
        ]
        delivered_at = first.delivered_at.copy()
        delivered_at[lost] = second.delivered_at
        return drafts, delivered_at

    def _send(self, orders: Orders, ready_at: Ints, number: int) -> _Parcels:
        profile = self._profile
        keys = derive(orders.key, _SHIPMENT, number)
        dispatched_at = ready_at + np.maximum(draw_span(keys, 0, profile.dispatch_h, HOUR), MINUTE)
        packed = draw_span(keys, 8, profile.packed_min, MINUTE) + 1
        days = draw_between(keys, 1, profile.promise_days.least, profile.promise_days.most)
        promised_at = (dispatched_at // DAY + days) * DAY + 18 * HOUR
        earliest = dispatched_at + 12 * HOUR
        in_time = earliest + draw_below(keys, 2, np.maximum(promised_at - earliest, 1))
        too_late = promised_at + draw_span(keys, 3, profile.late_h, HOUR)
        return _Parcels(
            key=keys,
            # However long packing takes, nothing is picked that is not paid for.
            picked_at=np.maximum(dispatched_at - packed, (ready_at + dispatched_at) // 2),
            dispatched_at=dispatched_at,
            promised_at=promised_at,
            delivered_at=np.where(draw_unit(keys, 4) < profile.late, too_late, in_time),
        )

    def _draft(self, orders: Orders, parcels: _Parcels, leaves: Flags, arrives: Flags) -> list[Draft]:
        return [
            self._step(orders, parcels, _PICKED, parcels.picked_at).take(leaves),
            self._step(orders, parcels, _DISPATCHED, parcels.dispatched_at).take(leaves),
            self._step(orders, parcels, _DELIVERED, parcels.delivered_at).take(arrives),
        ]

    def _step(self, orders: Orders, parcels: _Parcels, kind: int, occurred: Ints) -> Draft:
        return draft(
            "shipments",
            kind=kind,
            occurred=occurred,
            emitted=occurred + orders.delay,
            key=derive(parcels.key, _EVENT, kind),
            shipment=parcels.key,
            order=orders.key,
            carrier=self._carriers.choose(draw_unit(parcels.key, 5)),
            promised_at=parcels.promised_at,
        )
