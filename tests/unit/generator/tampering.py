"""Ways to break one event, each with the invariant that it then breaks: controls of the finders."""

import json
from collections.abc import Callable
from dataclasses import replace

from .builders import Event

Tamper = Callable[[Event], Event | None]
"""Gives the event as it must not be; None: this event is none to tamper with."""


def _change(event: Event, **fields: object) -> Event:
    return replace(event, body=json.loads(json.dumps(event.body)) | fields)


def _spoil_registration(event: Event) -> Event | None:
    if event.event_type == "customer_registered" and event.body["customer_id"] == "c-0000000":
        return _change(event, occurred_at="2027-01-01T00:00:00.000000Z")
    return None


def _spoil_end(event: Event) -> Event | None:
    """Discontinued just after it was launched: before the price that it has at its end, and the stock."""
    if event.event_type == "product_discontinued":
        return _change(event, occurred_at=event.body["launched_at"])
    return None


def _spoil_checkout(event: Event) -> Event | None:
    return _change(event, sequence=900) if event.event_type == "checkout_started" else None


def _spoil_total(event: Event) -> Event | None:
    if event.topic == "orders":
        return _change(event, total_cents=event.body["total_cents"] + 1)
    return None


def _spoil_price(event: Event) -> Event | None:
    if event.event_type != "order_placed":
        return None
    changed = _change(event)
    changed.body["lines"][0]["unit_price_cents"] += 1
    return changed


def _spoil_stock(event: Event) -> Event | None:
    return _change(event, delta_units=-1) if event.event_type == "stock_restocked" else None


def _spoil_delivery(event: Event) -> Event | None:
    if event.event_type == "shipment_delivered":
        return _change(event, occurred_at="2026-03-27T00:00:00.000000Z")
    return None


def _spoil_identity(event: Event) -> Event | None:
    if event.event_type == "customer_registered" and event.body["customer_id"] != "c-0000000":
        return _change(event, customer_id="c-0000000")
    return None


def _replace(event_type: str, **fields: object) -> Tamper:
    def tamper(event: Event) -> Event | None:
        has_fields = fields.keys() <= event.body.keys()
        return _change(event, **fields) if event.event_type == event_type and has_fields else None

    return tamper


def _spoil_discount(event: Event) -> Event | None:
    if event.event_type != "order_placed":
        return None
    changed = _change(event)
    changed.body["lines"][0]["discount_cents"] += 1
    return changed


def _discount(percent: int, *, was: int | None = None) -> Tamper:
    """Take a percent off the first line. was: only of a line of which this percent had been taken off."""

    def tamper(event: Event) -> Event | None:
        if event.event_type != "order_placed":
            return None
        changed = _change(event)
        line = changed.body["lines"][0]
        full = line["quantity"] * line["unit_price_cents"]
        if was is not None and line["discount_cents"] != full * was // 100:
            return None
        line["discount_cents"] = full * percent // 100
        return changed

    return tamper


def _spoil_sold_units(event: Event) -> Event | None:
    if event.event_type == "stock_sold":
        return _change(event, delta_units=event.body["delta_units"] - 1)
    return None


def _spoil_sold_order(event: Event) -> Event | None:
    return _change(event, order_id="o-nobody") if event.event_type == "stock_sold" else None


def _spoil_quantity(event: Event) -> Event | None:
    if event.event_type != "order_placed":
        return None
    changed = _change(event)
    changed.body["lines"][0]["quantity"] += 1_000_000
    return changed


def _more(event_type: str, field: str, *, by: int = 1) -> Tamper:
    def tamper(event: Event) -> Event | None:
        if event.event_type != event_type or not event.body.get(field):
            return None
        return _change(event, **{field: event.body[field] + by})

    return tamper


def _spoil_first_click(campaign: str | None, page: str | None, **fields: object) -> Tamper:
    """Change the first click of a session that a campaign brought, or that begins with a page."""

    def tamper(event: Event) -> Event | None:
        body = event.body
        if body.get("sequence") != 1 or campaign not in {None, body.get("campaign")}:
            return None
        return _change(event, **fields) if page in {None, body["page"]} else None

    return tamper


def _spoil_campaign(event: Event) -> Event | None:
    if event.body.get("campaign") in {None, "cart_reminder", "win_back"}:
        return None
    return _change(event, campaign="winter_sale")


def _spoil_update(event: Event) -> Event | None:
    if event.event_type == "customer_updated" and "city" in event.body:
        return _change(event, full_name="Somebody Else")
    return None


CONTROLS: tuple[tuple[str, Tamper], ...] = (
    ("early reference", _spoil_registration),
    ("late reference", _replace("product_discontinued", occurred_at="2026-03-27T00:00:00.000000Z")),
    ("late reference", _spoil_end),
    ("repeated id", _spoil_identity),
    ("orphan", _replace("order_placed", session_id="s-nobody")),
    ("orphan", _replace("order_placed", customer_id="c-9999999")),
    ("orphan", _replace("payment_captured", order_id="o-nobody")),
    ("orphan", _replace("return_requested", line_number=99)),
    ("broken session", _spoil_checkout),
    ("broken session", _replace("cart_item_removed", quantity=90)),
    ("broken session", _spoil_first_click(None, "cart", customer_id="c-9999999")),
    ("unwanted mail", _spoil_first_click("cart_reminder", None, channel="direct")),
    ("unwanted mail", _spoil_first_click("cart_reminder", None, customer_id="c-9999999")),
    ("strange campaign", _spoil_campaign),
    ("wrong total", _spoil_total),
    ("wrong price", _spoil_price),
    ("wrong promotion", _spoil_discount),
    ("wrong promotion", _discount(35, was=0)),  # the percent of the flash sale, outside it
    ("wrong promotion", _discount(0, was=35)),  # nothing off inside it
    ("wrong promotion", _discount(10, was=0)),  # one of the shop's, where no promotion is on
    ("wrong promotion", _discount(10, was=15)),
    ("wrong stock", _spoil_stock),
    ("unbooked sale", _spoil_sold_units),
    ("unbooked sale", _spoil_sold_order),
    ("sold out", _spoil_quantity),
    ("unfulfilled order", _spoil_delivery),
    ("unfulfilled order", _replace("review_submitted", occurred_at="2026-03-27T00:00:00.000000Z")),
    ("orphan", _replace("review_submitted", product_id="p-99999")),
    ("orphan", _replace("review_submitted", customer_id="c-9999999")),
    ("wrong total", _more("order_placed", "tax_cents")),
    ("wrong coupon", _more("order_placed", "coupon_cents")),
    ("wrong coupon", _replace("order_placed", coupon_code="GRATIS")),
    ("wrong shipping", _more("order_placed", "shipping_cents")),
    ("wrong payment", _more("payment_captured", "amount_cents")),
    ("wrong payment", _more("payment_captured", "amount_cents", by=-1)),
    ("wrong refund", _more("refund_issued", "refund_cents")),
    ("wrong refund", _more("return_requested", "refund_cents", by=-1)),
    ("wrong parcel", _replace("shipment_dispatched", occurred_at="2026-03-27T00:00:00.000000Z")),
    ("wrong parcel", _replace("shipment_delivered", shipment_id="h-another")),
    ("wrong parcel", _replace("shipment_lost", occurred_at="2026-03-28T00:00:00.000000Z")),
    ("wrong parcel", _replace("shipment_lost", shipment_id="h-another")),
    ("contradicting details", _spoil_update),
)
"""Each finder of `test_story.FINDERS` by its name, and what it must find."""
