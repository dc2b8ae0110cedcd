"""A shop with known answers: its silver tables, written by delta-rs, and a home whose marts are built."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from stafford.contracts import Contract, Field, load_contracts
from stafford.jobs import build as build_job
from stafford.jobs import publish as publish_job
from stafford.settings import Settings

Event = dict[str, Any]
Shop = dict[str, list[Event]]

ARROW = {
    "string": pa.string(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of January 2026."""
    return datetime(2026, 1, day, hour, minute, tzinfo=UTC)


def line(number: int, product: str, quantity: int, price: int, discount: int = 0) -> dict[str, Any]:
    """A line that adds up."""
    return {
        "line_number": number,
        "product_id": product,
        "quantity": quantity,
        "unit_price_cents": price,
        "discount_cents": discount,
        "line_total_cents": quantity * price - discount,
    }


def order(order_id: str, placed: datetime, lines: list[dict[str, Any]], **values: Any) -> dict[str, Any]:
    """A placed order that adds up, with 495 cents of shipping, and without a coupon unless it says so."""
    subtotal = sum(item["line_total_cents"] for item in lines)
    return {
        "event_type": "order_placed",
        "occurred_at": placed,
        "placed_at": placed,
        "order_id": order_id,
        "lines": lines,
        "subtotal_cents": subtotal,
        "shipping_cents": 495,
        "coupon_code": None,
        "coupon_cents": 0,
        "tax_cents": 0,
        "customer_id": None,
        **values,
        "total_cents": subtotal + 495 - values.get("coupon_cents", 0),
    }


def click(session: str, number: int, kind: str, minute: int, customer: str | None = None) -> dict[str, Any]:
    """An action on the evening of the 15th."""
    return {
        "session_id": session,
        "sequence": number,
        "event_type": kind,
        "occurred_at": at(15, 20, minute),
        "customer_id": customer,
    }


ADA_ORDER = order(
    "o-0001",
    at(15, 20, 59),
    [line(1, "p-0001", 2, 4999, 500), line(2, "p-0002", 1, 9000)],
    session_id="s-0001",
    customer_id="c-0001",
)
GHOST_ORDER = order(
    "o-0003",
    at(16, 9),
    [line(1, "p-0001", 1, 4999)],
    session_id="s-0009",
    customer_id="c-0009",
    coupon_code="WELCOME10",
    coupon_cents=499,
    tax_cents=798,
)

SHOP: Shop = {
    "customers": [
        {
            "customer_id": "c-0001",
            "occurred_at": at(3, 9),
            "event_type": "customer_updated",
            "city": "Berlin",
        },
        # Arrives after the newer one, and must not win.
        {"customer_id": "c-0001", "occurred_at": at(2, 9), "event_type": "customer_registered", "city": None},
    ],
    "products": [
        {"product_id": "p-0001", "occurred_at": at(8, 0), "price_cents": 4999, "category": "apparel"},
        {"product_id": "p-0001", "occurred_at": at(1, 0), "price_cents": 4000, "category": "apparel"},
        {
            "product_id": "p-0002",
            "occurred_at": at(20, 0),
            "event_type": "product_discontinued",
            "price_cents": 9000,
            "category": "shoes",
        },
        {"product_id": "p-0002", "occurred_at": at(1, 0), "price_cents": 9000, "category": "shoes"},
    ],
    "clickstream": [
        click("s-0001", 1, "page_viewed", 1),
        click("s-0001", 2, "product_viewed", 2),
        click("s-0001", 3, "cart_item_added", 3, "c-0001"),
        click("s-0001", 4, "checkout_started", 4, "c-0001"),
        # A slip: nobody with this number exists, and the visitor is still who the others say.
        click("s-0001", 5, "page_viewed", 5, "c-9999"),
        # The guest's later actions are in quarantine; the order proves that they happened.
        click("s-0002", 1, "page_viewed", 5),
        click("s-0003", 1, "page_viewed", 6),
        click("s-0004", 1, "product_viewed", 7),
        click("s-0004", 2, "cart_item_added", 8),
    ],
    "orders": [
        # Submitted twice, in two hours: the second is no order, whichever arrived first.
        ADA_ORDER | {"occurred_at": at(15, 21)},
        ADA_ORDER,
        order("o-0002", at(15, 21, 10), [line(1, "p-0099", 1, 1000)], session_id="s-0002"),
        GHOST_ORDER,
        GHOST_ORDER | {"event_type": "order_cancelled", "occurred_at": at(16, 11)},
        # Its placement is in quarantine.
        order("o-0008", at(16, 8), [line(1, "p-0001", 1, 4999)]) | {"event_type": "order_cancelled"},
    ],
    "payments": [
        {
            "payment_id": "y-0001a",
            "order_id": "o-0001",
            "amount_cents": 18993,
            "occurred_at": at(15, 21, 1),
            "event_type": "payment_declined",
            "decline_reason": "expired_card",
        },
        {
            "payment_id": "y-0001b",
            "order_id": "o-0001",
            "amount_cents": 18993,
            "occurred_at": at(15, 21, 2),
            "attempt": 2,
        },
        {"payment_id": "y-0002", "order_id": "o-0002", "amount_cents": 1495, "occurred_at": at(15, 21, 11)},
        # The order is in quarantine; its money is not.
        {"payment_id": "y-0009", "order_id": "o-0009", "amount_cents": 700, "occurred_at": at(15, 22)},
    ],
    "shipments": [
        {"shipment_id": "h-0001", "order_id": "o-0001", "occurred_at": at(17, 8), "promised_at": at(19, 18)},
        {
            "shipment_id": "h-0001",
            "order_id": "o-0001",
            "occurred_at": at(20, 10),
            "promised_at": at(19, 18),
            "event_type": "shipment_delivered",
        },
        {
            "shipment_id": "h-0002",
            "order_id": "o-0002",
            "occurred_at": at(18, 10),
            "promised_at": at(19, 18),
            "event_type": "shipment_delivered",
        },
        # The first parcel of this order never came.
        {
            "shipment_id": "h-0003",
            "order_id": "o-0002",
            "occurred_at": at(17, 22),
            "promised_at": at(17, 18),
            "event_type": "shipment_lost",
        },
        {"shipment_id": "h-0009", "order_id": "o-0009", "occurred_at": at(18, 8), "promised_at": at(19, 18)},
    ],
    "returns": [
        {"return_id": "r-0001", "order_id": "o-0001", "refund_cents": 4749, "occurred_at": at(25, 9)},
        {
            "return_id": "r-0001",
            "order_id": "o-0001",
            "refund_cents": 4749,
            "occurred_at": at(28, 9),
            "event_type": "refund_issued",
        },
        # Only asked for.
        {"return_id": "r-0002", "order_id": "o-0002", "product_id": "p-0099", "refund_cents": 1000},
        {
            "return_id": "r-0009",
            "order_id": "o-0009",
            "product_id": "p-0098",
            "refund_cents": 300,
            "occurred_at": at(28, 10),
            "event_type": "refund_issued",
        },
    ],
    "reviews": [
        {"review_id": "v-0001", "order_id": "o-0001", "customer_id": "c-0001", "rating": 2},
        # By somebody and of something that nothing else mentions.
        {"review_id": "v-0009", "order_id": "o-0009", "customer_id": "c-0008", "product_id": "p-0097"},
        {"review_id": "v-0002", "order_id": "o-0002"},
    ],
}
"""Events by topic, as differences from the contract's example of each field."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "payments": {"event_type": "payment_captured", "attempt": 1, "decline_reason": None},
    "shipments": {"event_type": "shipment_dispatched"},
    "returns": {"event_type": "return_requested", "product_id": "p-0001", "occurred_at": at(25, 9)},
    "reviews": {"product_id": "p-0001", "customer_id": None, "occurred_at": at(27, 9)},
    "products": {"event_type": "product_launched"},
    "customers": {},
    "clickstream": {"device": "tablet", "channel": "email"},
    "orders": {},
}


def arrow_type(field: Field) -> pa.DataType:
    """The type that silver has for a field."""
    if field.type == "array":
        return pa.list_(pa.struct([(item.name, arrow_type(item)) for item in field.items]))
    return ARROW[field.type]


def write_silver(home: Path, contract: Contract, events: list[Event]) -> None:
    """Write a topic's events as a silver table with one of its lineage columns."""
    example = {f.name: at(1, 0) if f.type == "timestamp" else f.example for f in contract.fields}
    rows = [
        example
        | DEFAULTS[contract.topic]
        | {"event_id": f"{number:08d}-0000-7000-8000-000000000000", "_ingested_at": at(31, 0)}
        | event
        for number, event in enumerate(events)
    ]
    schema = [(field.name, arrow_type(field)) for field in contract.fields]
    schema += [("_ingested_at", ARROW["timestamp"])]
    table = pa.Table.from_pylist(rows, schema=pa.schema(schema))
    write_deltalake(str(home / "lake" / "silver" / contract.topic), table)


@pytest.fixture
def shop() -> Shop:
    """Events with known answers, to be changed by the test at will."""
    return copy.deepcopy(SHOP)


@pytest.fixture(scope="session")
def make_home() -> Callable[[Path, Shop], Settings]:
    """A function that makes a home whose lake holds a shop, published."""

    def make(home: Path, shop: Shop) -> Settings:
        settings = Settings(home=home)
        contracts = load_contracts(settings.contracts_dir)
        for topic, events in shop.items():
            write_silver(home, contracts[topic], events)
        publish_job.build(settings).run()
        return settings

    return make


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, make_home: Callable[[Path, Shop], Settings]) -> Settings:
    """A home whose marts are built from SHOP; tests copy its warehouse before they change it."""
    settings = make_home(tmp_path_factory.mktemp("home"), SHOP)
    said: list[str] = []
    result = build_job.build(settings).run(said.append)
    assert (result.failed, result.warned) == (0, 0)
    assert result.passed == result.tests > 80
    nodes = result.models + result.tests
    assert said[-1].startswith(f"{nodes} of {nodes}: ")
    return settings
