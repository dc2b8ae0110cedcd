"""Bodies: one JSON object for each event, with exactly the fields of its contract.

Fields that an event does not have are left out.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from orjson import dumps

from stafford.generator import identifiers
from stafford.generator.draft import CONTRACT_VERSION, EVENT_TYPES, Draft
from stafford.generator.fulfilment import DECLINE_REASONS
from stafford.generator.people import write_people
from stafford.generator.randomness import Ints
from stafford.generator.story import PAGES
from stafford.generator.text import format_instants, to_strings
from stafford.generator.vocabulary import BRANDS, PRODUCT_NOUNS, PRODUCT_STYLES, SEARCH_TERMS

CURRENCY = "EUR"
Heads: TypeAlias = Iterator[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Names:
    """What the numbers in drafts stand for: names as the profile lists them."""

    categories: tuple[str, ...]
    countries: tuple[str, ...]
    segments: tuple[str, ...]
    devices: tuple[str, ...]
    channels: tuple[str, ...]
    methods: tuple[str, ...]
    carriers: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rendered:
    """Record keys and bodies, row by row beside a draft."""

    keys: list[str]
    values: list[bytes]


def render(draft: Draft, event_ids: list[str], names: Names) -> Rendered:
    """Write the body of each event of a draft.

    Args:
        draft: events of one topic.
        event_ids: the id of each.
        names: what its numbers stand for.
    """
    types = EVENT_TYPES[draft.topic]
    # One at a time: thousands of living dicts would keep the garbage collector busy.
    heads = (
        {
            "event_id": event_id,
            "event_type": types[kind],
            "occurred_at": occurred_at,
            "contract_version": CONTRACT_VERSION,
        }
        for event_id, kind, occurred_at in zip(
            event_ids, draft.kind.tolist(), write_instants(draft.occurred), strict=True
        )
    )
    return _TOPICS[draft.topic](draft, heads, names)


def write_instants(micros: Ints) -> list[str]:
    """RFC 3339 in UTC with microseconds."""
    return to_strings(format_instants(micros))


def _render_clickstream(draft: Draft, heads: Heads, names: Names) -> Rendered:
    c = draft.columns
    keys = to_strings(identifiers.name_sessions(c["session"]))
    rows = zip(
        heads, keys, *(c[name].tolist() for name in ("sequence", "page", "device", "channel", "country")),
        *(c[name].tolist() for name in ("customer", "product", "quantity", "price", "term")),
        strict=True,
    )  # fmt: skip
    values = []
    for body, key, sequence, page, device, channel, country, customer, product, quantity, price, term in rows:
        body["session_id"] = key
        if customer >= 0:
            body["customer_id"] = f"c-{customer:07d}"
        body["sequence"] = sequence
        body["page"] = PAGES[page]
        body["device"] = names.devices[device]
        body["channel"] = names.channels[channel]
        body["country"] = names.countries[country]
        if product >= 0:
            body["product_id"] = f"p-{product:05d}"
        if quantity >= 0:
            body["quantity"] = quantity
        if price >= 0:
            body["unit_price_cents"] = price
        if term >= 0:
            body["search_term"] = SEARCH_TERMS[term % len(SEARCH_TERMS)]
        values.append(dumps(body))
    return Rendered(keys, values)


def _render_customers(draft: Draft, heads: Heads, names: Names) -> Rendered:
    c = draft.columns
    keys = identifiers.name_customers(c["customer"])
    country = [names.countries[index] for index in c["country"].tolist()]
    people = write_people(c["customer"].tolist(), country, c["name"].tolist(), c["city"].tolist())
    rows = zip(
        heads, keys, people, country, c["segment"].tolist(), c["consent"].tolist(),
        write_instants(c["registered_at"]), strict=True,
    )  # fmt: skip
    values = []
    for body, key, person, where, segment, consent, registered_at in rows:
        body["customer_id"] = key
        body["full_name"] = person.full_name
        body["email"] = person.email
        body["country"] = where
        if person.city is not None:
            body["city"] = person.city
        body["segment"] = names.segments[segment]
        body["marketing_consent"] = bool(consent)
        body["registered_at"] = registered_at
        values.append(dumps(body))
    return Rendered(keys, values)


def _render_products(draft: Draft, heads: Heads, names: Names) -> Rendered:
    c = draft.columns
    keys = identifiers.name_products(c["product"])
    rows = zip(
        heads, keys, c["product"].tolist(), c["name"].tolist(), c["category"].tolist(), c["price"].tolist(),
        write_instants(c["launched_at"]), strict=True,
    )  # fmt: skip
    values = []
    for body, key, number, name, category_index, price, launched_at in rows:
        category = names.categories[category_index]
        nouns = PRODUCT_NOUNS[category]
        brand, rest = BRANDS[name % len(BRANDS)], name // len(BRANDS)
        style, noun = PRODUCT_STYLES[rest % len(PRODUCT_STYLES)], nouns[rest // 16 % len(nouns)]
        body["product_id"] = key
        body["name"] = f"{style} {noun} {number}"
        body["category"] = category
        body["brand"] = brand
        body["price_cents"] = price
        body["currency"] = CURRENCY
        body["launched_at"] = launched_at
        values.append(dumps(body))
    return Rendered(keys, values)


def _render_inventory(draft: Draft, heads: Heads, _names: Names) -> Rendered:
    c = draft.columns
    keys = identifiers.name_products(c["product"])
    rows = zip(
        heads, keys, c["delta"].tolist(), c["stock"].tolist(), identifiers.name_orders(c["order"]),
        c["has_order"].tolist(), strict=True,
    )  # fmt: skip
    values = []
    for body, key, delta, stock, order, has_order in rows:
        body["product_id"] = key
        body["delta_units"] = delta
        body["stock_units"] = stock
        if has_order:
            body["order_id"] = order
        values.append(dumps(body))
    return Rendered(keys, values)


def _render_orders(draft: Draft, heads: Heads, names: Names) -> Rendered:
    c = draft.columns
    keys = identifiers.name_orders(c["order"])
    rows = zip(
        heads, keys, to_strings(identifiers.name_sessions(c["session"])), c["customer"].tolist(),
        c["country"].tolist(), write_instants(c["placed_at"]), c["lines"].tolist(), c["subtotal"].tolist(),
        c["shipping"].tolist(), strict=True,
    )  # fmt: skip
    values = []
    for body, key, session, customer, country, placed_at, lines, subtotal, shipping in rows:
        body["order_id"] = key
        body["session_id"] = session
        if customer >= 0:
            body["customer_id"] = f"c-{customer:07d}"
        body["placed_at"] = placed_at
        body["country"] = names.countries[country]
        body["lines"] = [
            {
                "line_number": number,
                "product_id": f"p-{product:05d}",
                "quantity": quantity,
                "unit_price_cents": price,
                "discount_cents": discount,
                "line_total_cents": total,
            }
            for number, product, quantity, price, discount, total in lines
        ]
        body["subtotal_cents"] = subtotal
        body["shipping_cents"] = shipping
        body["total_cents"] = subtotal + shipping
        body["currency"] = CURRENCY
        values.append(dumps(body))
    return Rendered(keys, values)


def _render_payments(draft: Draft, heads: Heads, names: Names) -> Rendered:
    c = draft.columns
    keys = identifiers.name_orders(c["order"])
    rows = zip(
        heads, keys, identifiers.name_payments(c["payment"]), c["method"].tolist(), c["attempt"].tolist(),
        c["amount"].tolist(), c["decline_reason"].tolist(), strict=True,
    )  # fmt: skip
    values = []
    for body, key, payment, method, attempt, amount, reason in rows:
        body["payment_id"] = payment
        body["order_id"] = key
        body["method"] = names.methods[method]
        body["attempt"] = attempt
        body["amount_cents"] = amount
        body["currency"] = CURRENCY
        if reason >= 0:
            body["decline_reason"] = DECLINE_REASONS[reason]
        values.append(dumps(body))
    return Rendered(keys, values)


def _render_shipments(draft: Draft, heads: Heads, names: Names) -> Rendered:
    c = draft.columns
    keys = identifiers.name_orders(c["order"])
    rows = zip(
        heads, keys, identifiers.name_shipments(c["shipment"]), c["carrier"].tolist(),
        write_instants(c["promised_at"]), strict=True,
    )  # fmt: skip
    values = []
    for body, key, shipment, carrier, promised_at in rows:
        body["shipment_id"] = shipment
        body["order_id"] = key
        body["carrier"] = names.carriers[carrier]
        body["promised_at"] = promised_at
        values.append(dumps(body))
    return Rendered(keys, values)


def _render_returns(draft: Draft, heads: Heads, names: Names) -> Rendered:
    c = draft.columns
    keys = identifiers.name_orders(c["order"])
    rows = zip(
        heads, keys, identifiers.name_returns(c["return"]), c["line_number"].tolist(), c["product"].tolist(),
        c["quantity"].tolist(), c["refund"].tolist(), c["reason"].tolist(), strict=True,
    )  # fmt: skip
    values = []
    for body, key, return_id, line_number, product, quantity, refund, reason in rows:
        body["return_id"] = return_id
        body["order_id"] = key
        body["line_number"] = line_number
        body["product_id"] = f"p-{product:05d}"
        body["quantity"] = quantity
        body["refund_cents"] = refund
        body["currency"] = CURRENCY
        body["return_reason"] = names.reasons[reason]
        values.append(dumps(body))
    return Rendered(keys, values)


_TOPICS: Mapping[str, Callable[[Draft, Heads, Names], Rendered]] = {
    "clickstream": _render_clickstream,
    "customers": _render_customers,
    "inventory": _render_inventory,
    "orders": _render_orders,
    "payments": _render_payments,
    "products": _render_products,
    "returns": _render_returns,
    "shipments": _render_shipments,
}
