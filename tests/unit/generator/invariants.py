"""What must hold for the events of any shop: each finder lists what breaks it."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from .builders import Event


def find_early_references(events: Iterable["Event"]) -> list[str]:
    """Events of a customer who has not registered, or about a product that is not on sale yet."""
    events = list(events)
    since: dict[str, datetime] = {}
    for event in events:
        if event.event_type in {"customer_registered", "product_launched"}:
            since[event.body.get("customer_id") or event.body["product_id"]] = event.at
    problems = []
    for event in events:
        mentioned = [event.body.get("customer_id"), event.body.get("product_id")]
        mentioned += [line["product_id"] for line in event.body.get("lines", [])]
        problems += [
            f"{event.event_type} of {name} at {event.at}"
            for name in filter(None, mentioned)
            if name not in since or event.at < since[name]
        ]
    return problems


def find_broken_sessions(events: Iterable["Event"]) -> list[str]:
    """Sessions out of sequence or time, or with a cart, checkout or order that nothing led to."""
    by_session: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.topic == "clickstream" or event.event_type == "order_placed":
            by_session[event.body["session_id"]].append(event)
    problems = []
    for session, story in by_session.items():
        story.sort(key=lambda event: (event.at, event.body.get("sequence", 1 << 20)))
        clicks = [event for event in story if event.topic == "clickstream"]
        if [click.body["sequence"] for click in clicks] != list(range(1, len(clicks) + 1)):
            problems.append(f"{session}: sequence")
        if clicks and clicks[0].event_type not in {"page_viewed", "product_viewed"}:
            problems.append(f"{session}: begins with {clicks[0].event_type}")
        problems += [f"{session}: {problem}" for problem in _follow_cart(story)]
    return problems


def _follow_cart(story: list["Event"]) -> Iterable[str]:  # noqa: C901 - one branch for each step
    cart: Counter[str] = Counter()
    viewed: set[str] = set()
    has_checkout = False
    for event in story:
        body = event.body
        match event.event_type:
            case "product_viewed":
                viewed.add(body["product_id"])
            case "cart_item_added":
                cart[body["product_id"]] += body["quantity"]
                if body["product_id"] not in viewed:
                    yield "added what was not viewed"
            case "cart_item_removed":
                cart[body["product_id"]] -= body["quantity"]
                if cart[body["product_id"]] < 0:
                    yield "removed what was not in the cart"
            case "checkout_started":
                has_checkout = True
                if not +cart:
                    yield "checkout of an empty cart"
            case "order_placed":
                if not has_checkout:
                    yield "order without a checkout"
                if {line["product_id"]: line["quantity"] for line in body["lines"]} != dict(+cart):
                    yield "order is not the cart"


def find_wrong_totals(events: Iterable["Event"]) -> list[str]:
    """Orders whose cents do not add up."""
    problems = []
    for event in events:
        if event.topic != "orders":
            continue
        body = event.body
        for line in body["lines"]:
            due = line["quantity"] * line["unit_price_cents"] - line["discount_cents"]
            if line["line_total_cents"] != due:
                problems.append(f"{body['order_id']} line {line['line_number']}")
        if body["subtotal_cents"] != sum(line["line_total_cents"] for line in body["lines"]):
            problems.append(f"{body['order_id']} subtotal")
        if body["total_cents"] != body["subtotal_cents"] + body["shipping_cents"]:
            problems.append(f"{body['order_id']} total")
    return problems


def find_wrong_prices(events: Iterable["Event"]) -> list[str]:
    """Order lines whose price is not the one in force when the order was placed."""
    events = list(events)
    prices: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for event in events:
        if event.topic == "products":
            prices[event.body["product_id"]].append((event.at, event.body["price_cents"]))
    problems = []
    for event in events:
        if event.event_type != "order_placed":
            continue
        for line in event.body["lines"]:
            known = sorted(prices[line["product_id"]])
            in_force = [price for since, price in known if since <= event.at][-1]
            if line["unit_price_cents"] != in_force:
                problems.append(f"{event.body['order_id']} {line['product_id']}")
    return problems


def find_wrong_stock(events: Iterable["Event"]) -> list[str]:
    """Movements that do not follow from the one before, in order of emission, or go below zero."""
    stock: Counter[str] = Counter()
    problems = []
    for event in events:
        if event.topic == "inventory":
            name = event.body["product_id"]
            stock[name] += event.body["delta_units"]
            if stock[name] != event.body["stock_units"] or stock[name] < 0:
                problems.append(event.event_id)
    return problems


def find_unfulfilled_order(events: Iterable["Event"]) -> list[str]:
    """Steps of an order that come too early or without the one before, and parcels of cancelled orders."""
    steps: dict[str, dict[str, datetime]] = defaultdict(dict)
    for event in events:
        if event.topic in {"orders", "payments", "shipments", "returns"}:
            known = steps[event.body["order_id"]]
            known[event.event_type] = min(event.at, known.get(event.event_type, event.at))
    chain = (
        ("order_placed", "payment_captured"),
        ("order_placed", "payment_declined"),
        ("payment_captured", "shipment_dispatched"),
        ("shipment_dispatched", "shipment_delivered"),
        ("shipment_delivered", "return_requested"),
        ("return_requested", "refund_issued"),
    )
    problems = []
    for order, at in steps.items():
        for before, after in chain:
            if after in at and before != "payment_captured" and at.get(before, at[after]) > at[after]:
                problems.append(f"{order}: {after} before {before}")
            if after in at and before not in at:
                problems.append(f"{order}: {after} without {before}")
        if "order_cancelled" in at and "shipment_dispatched" in at:
            problems.append(f"{order}: shipped although cancelled")
    return problems
