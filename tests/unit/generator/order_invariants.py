"""What must hold for all that follows an order, in any shop: each finder lists what breaks it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stafford.generator.profile import CouponProfile

    from .builders import Event

_STEPS = ("picked", "dispatched", "delivered", "lost")
_OVERDUE = timedelta(days=22)
"""After the promise nothing is unknown any more: the profiles give a parcel up after three weeks."""


def find_wrong_coupons(events: Iterable["Event"], coupons: Mapping[str, "CouponProfile"]) -> list[str]:
    """Orders with a coupon that is none of the shop's, out of its months, or for first orders only.

    And those whose coupon takes off something else than its percent.
    """
    problems = []
    seen: set[object] = set()
    for event in events:
        if event.event_type != "order_placed":
            continue
        body = event.body
        code, customer = body.get("coupon_code"), body.get("customer_id")
        coupon = coupons.get(code)
        percent = 0 if coupon is None else coupon.percent
        if body["coupon_cents"] != body["subtotal_cents"] * percent // 100 or (code and coupon is None):
            problems.append(f"{body['order_id']}: {body['coupon_cents']} by {code}")
        if coupon is not None and event.at.month not in coupon.months:
            problems.append(f"{body['order_id']}: {code} in month {event.at.month}")
        if coupon is not None and coupon.first_orders and (customer is None or customer in seen):
            problems.append(f"{body['order_id']}: {code} is for first orders")
        seen.add(customer)
    return problems


def find_wrong_shipping(events: Iterable["Event"], cents: int, free_from: int) -> list[str]:
    """Orders whose delivery costs something else than the price of their goods, before any coupon, says."""
    return [
        event.body["order_id"]
        for event in events
        if event.topic == "orders"
        and event.body["shipping_cents"] != (0 if event.body["subtotal_cents"] >= free_from else cents)
    ]


def find_wrong_payments(events: Iterable["Event"]) -> list[str]:
    """Orders that were picked and not paid to the cent, or that paid a part and were called off.

    Captures never exceed the total, and only a gift card pays beside another method.
    """
    totals: dict[str, int] = {}
    captured: dict[str, list[tuple[str, int]]] = defaultdict(list)
    must_be_whole: set[str] = set()
    may_be_nothing: set[str] = set()
    for event in events:
        order = event.body.get("order_id")
        match event.event_type:
            case "order_placed":
                totals[order] = event.body["total_cents"]
            case "payment_captured":
                captured[order].append((event.body["method"], event.body["amount_cents"]))
            case "shipment_picked":
                must_be_whole.add(order)
            case "order_cancelled":
                may_be_nothing.add(order)
    problems = []
    for order, total in totals.items():
        paid = sum(cents for _, cents in captured[order])
        allowed = {total}
        if order in may_be_nothing:
            allowed.add(0)
        if (order in must_be_whole | may_be_nothing and paid not in allowed) or paid > total:
            problems.append(f"{order}: paid {paid} of {total}")
        gifts = sum(method == "gift_card" for method, _ in captured[order])
        if len(captured[order]) > 1 and (len(captured[order]), gifts) != (2, 1):
            problems.append(f"{order}: paid by {captured[order]}")
    return problems


def find_wrong_refunds(events: Iterable["Event"]) -> list[str]:
    """Refunds other than the goods' price less their share of the coupon, and more given back than paid."""
    orders: dict[str, dict[str, Any]] = {}
    refunded: Counter[str] = Counter()
    problems = []
    for event in events:
        body = event.body
        if event.event_type == "order_placed":
            orders[body["order_id"]] = body
        if event.topic != "returns" or body["order_id"] not in orders:
            continue
        order = orders[body["order_id"]]
        line = order["lines"][body["line_number"] - 1]
        price = Fraction(line["line_total_cents"] * body["quantity"], line["quantity"])
        due = price * Fraction(order["subtotal_cents"] - order["coupon_cents"], order["subtotal_cents"])
        if body["refund_cents"] != floor(due):
            problems.append(f"{body['return_id']}: {body['refund_cents']}, due are {due}")
        if event.event_type == "refund_issued":
            refunded[body["order_id"]] += body["refund_cents"]
    for name, cents in refunded.items():
        if cents > orders[name]["subtotal_cents"] - orders[name]["coupon_cents"]:
            problems.append(f"{name}: {cents} given back")
    return problems


def find_unfulfilled_order(events: Iterable["Event"]) -> list[str]:
    """Steps of an order that come too early or without the one before, and parcels of cancelled orders."""
    steps: dict[str, dict[str, datetime]] = defaultdict(dict)
    for event in events:
        if event.topic in {"orders", "payments", "shipments", "returns", "reviews"}:
            known = steps[event.body["order_id"]]
            known[event.event_type] = min(event.at, known.get(event.event_type, event.at))
    chain = (
        ("order_placed", "payment_captured"),
        ("order_placed", "payment_declined"),
        ("payment_captured", "shipment_picked"),
        ("shipment_picked", "shipment_dispatched"),
        ("shipment_dispatched", "shipment_delivered"),
        ("shipment_dispatched", "shipment_lost"),
        ("shipment_delivered", "return_requested"),
        ("return_requested", "refund_issued"),
        ("shipment_delivered", "review_submitted"),
    )
    problems = []
    for order, at in steps.items():
        for before, after in chain:
            if after in at and at.get(before, at[after]) > at[after]:
                problems.append(f"{order}: {after} before {before}")
            if after in at and before not in at:
                problems.append(f"{order}: {after} without {before}")
        if "order_cancelled" in at and "shipment_picked" in at:
            problems.append(f"{order}: shipped although cancelled")
    return problems


def find_wrong_parcels(events: Iterable["Event"]) -> list[str]:
    """Parcels with a step too many, out of order or missing, and orders whose goods came twice or never.

    picked < dispatched < delivered or lost; lost after the promise; after a loss another one comes.
    Only what is still on its way when the events end, and not overdue, may lack its last step.
    """
    parcels: dict[str, dict[str, dict[str, datetime]]] = defaultdict(lambda: defaultdict(dict))
    promised: dict[str, datetime] = {}
    end = datetime.min.replace(tzinfo=UTC)
    for event in events:
        end = max(end, event.emitted_at)
        if event.topic == "shipments":
            body = event.body
            parcels[body["order_id"]][body["shipment_id"]][event.event_type] = event.at
            promised[body["shipment_id"]] = datetime.fromisoformat(body["promised_at"])
    problems = []
    for order, of_order in parcels.items():
        lost = [at["shipment_lost"] for at in of_order.values() if "shipment_lost" in at]
        arrived = sum("shipment_delivered" in at for at in of_order.values())
        if arrived > 1 or len(lost) > 1 or len(of_order) > 1 + len(lost):
            problems.append(f"{order}: {len(of_order)} parcels, {len(lost)} lost, {arrived} arrived")
        for parcel, at in of_order.items():
            times = [at[f"shipment_{step}"] for step in _STEPS if f"shipment_{step}" in at]
            ends = at.keys() & {"shipment_delivered", "shipment_lost"}
            if times != sorted(set(times)) or len(ends) > 1:
                problems.append(f"{parcel}: {at}")
            if "shipment_lost" in at and at["shipment_lost"] <= promised[parcel]:
                problems.append(f"{parcel}: lost before it was late")
            if len(of_order) > 1 and lost and "shipment_lost" not in at and min(times) <= lost[0]:
                problems.append(f"{parcel}: replaces a parcel that is not lost yet")
            if not ends and promised[parcel] + _OVERDUE < end:
                problems.append(f"{parcel}: promised for {promised[parcel]}, and never came")
    return problems
