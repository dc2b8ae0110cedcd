"""Silver with known answers → publish → dbt → marts, to the cent."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import duckdb
import pytest
import yaml

from stafford.settings import Settings

pytestmark = pytest.mark.dbt

Row = tuple[Any, ...]


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of January 2026, as the warehouse shows it: UTC without a zone."""
    return datetime(2026, 1, day, hour, minute)  # noqa: DTZ001  # what the warehouse gives


@pytest.fixture(scope="module")
def marts(home: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The marts of the home, read-only."""
    with duckdb.connect(str(home.duckdb_path), read_only=True) as connection:
        yield connection


def rows(marts: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    """Rows of a query."""
    return marts.execute(sql).fetchall()


def test_orders(marts: duckdb.DuckDBPyConnection) -> None:
    """Every placed order is there once, with its payments, refunds and delivery; no other is."""
    found = rows(
        marts,
        "SELECT order_id, customer_id, ordered_at, order_date, device, channel, is_guest, is_cancelled, "
        "line_count, unit_count, subtotal_cents, shipping_cents, total_cents, paid_cents, refunded_cents, "
        "delivered_at, is_delivered_late, has_lost_parcel, coupon_code, coupon_cents, tax_cents "
        "FROM marts.fct_orders ORDER BY order_id",
    )
    day, next_day = date(2026, 1, 15), date(2026, 1, 16)
    ada = ("o-0001", "c-0001", at(15, 20, 59), day, "tablet", "email", False, False)
    guest = ("o-0002", None, at(15, 21, 10), day, "tablet", "email", True, False)
    ghost = ("o-0003", "c-0009", at(16, 9), next_day, "unknown", "unknown", False, True)
    assert found == [
        (*ada, 2, 3, 18498, 495, 18993, 18993, 4749, at(20, 10), True, False, None, 0, 0),
        (*guest, 1, 1, 1000, 495, 1495, 1495, 0, at(18, 10), False, True, None, 0, 0),
        (*ghost, 1, 1, 4999, 495, 4995, 0, 0, None, None, False, "WELCOME10", 499, 798),
    ]


def test_items(marts: duckdb.DuckDBPyConnection) -> None:
    """Every line of a placed order is there; a product that nobody introduced has an unknown category."""
    found = rows(
        marts,
        "SELECT order_item_id, product_id, category, quantity, unit_price_cents, discount_cents, "
        "line_total_cents FROM marts.fct_order_items ORDER BY order_item_id",
    )
    assert found == [
        ("o-0001-1", "p-0001", "apparel", 2, 4999, 500, 9498),
        ("o-0001-2", "p-0002", "shoes", 1, 9000, 0, 9000),
        ("o-0002-1", "p-0099", "unknown", 1, 1000, 0, 1000),
        ("o-0003-1", "p-0001", "apparel", 1, 4999, 0, 4999),
    ]


def test_money_of_unknown_orders_is_kept(marts: duckdb.DuckDBPyConnection) -> None:
    """Payments and refunds count to the cent, also where the order is in quarantine."""
    captured = "SELECT sum(amount_cents) FROM marts.fct_payments WHERE is_captured"
    assert rows(marts, captured) == [(18993 + 1495 + 700,)]
    assert rows(
        marts, "SELECT return_id, refund_cents, requested_at, refunded_at FROM marts.fct_returns ORDER BY 1"
    ) == [
        ("r-0001", 4749, at(25, 9), at(28, 9)),
        ("r-0002", 0, at(25, 9), None),
        ("r-0009", 300, None, at(28, 10)),
    ]


def test_reviews(marts: duckdb.DuckDBPyConnection) -> None:
    """Every review is there, also of an order, a product or a customer that nothing else mentions."""
    found = rows(
        marts, "SELECT review_id, order_id, product_id, customer_id, rating FROM marts.fct_reviews ORDER BY 1"
    )
    assert found == [
        ("v-0001", "o-0001", "p-0001", "c-0001", 2),
        ("v-0002", "o-0002", "p-0001", None, 5),
        ("v-0009", "o-0009", "p-0097", "c-0008", 5),
    ]


def test_dimensions(marts: duckdb.DuckDBPyConnection) -> None:
    """The newest event by its own time holds, and a key that only facts mention is an inferred member."""
    assert rows(
        marts,
        "SELECT customer_id, city, order_count, lifetime_value_cents, is_inferred "
        "FROM marts.dim_customers ORDER BY 1",
    ) == [
        ("c-0001", "Berlin", 1, 18993 - 4749, False),
        ("c-0008", None, 0, 0, True),
        ("c-0009", None, 1, 0, True),
    ]
    assert rows(
        marts, "SELECT product_id, category, price_cents, is_inferred FROM marts.dim_products ORDER BY 1"
    ) == [
        ("p-0001", "apparel", 4999, False),
        ("p-0002", "shoes", 9000, False),
        ("p-0097", "unknown", None, True),
        ("p-0098", "unknown", None, True),
        ("p-0099", "unknown", None, True),
    ]
    assert rows(marts, "SELECT product_id FROM marts.dim_products WHERE discontinued_at IS NOT NULL") == [
        ("p-0002",)
    ]


def test_sessions_and_funnel(marts: duckdb.DuckDBPyConnection) -> None:
    """A session reached every step up to its last, and the funnel counts that."""
    assert rows(
        marts,
        "SELECT session_id, customer_id, page_count, product_view_count, is_bounce, has_product_view, "
        "has_cart, has_checkout, has_order FROM marts.fct_sessions ORDER BY 1",
    ) == [
        ("s-0001", "c-0001", 4, 1, False, True, True, True, True),
        ("s-0002", None, 1, 0, False, True, True, True, True),
        ("s-0003", None, 1, 0, True, False, False, False, False),
        ("s-0004", None, 1, 1, False, True, True, False, False),
    ]
    assert rows(marts, "SELECT * FROM marts.funnel_daily") == [(date(2026, 1, 15), 4, 3, 3, 2, 2)]


def test_hourly_revenue(marts: duckdb.DuckDBPyConnection) -> None:
    """Orders count in their hour, payments and refunds in theirs."""
    assert rows(marts, "SELECT * FROM marts.revenue_hourly ORDER BY 1") == [
        (at(15, 20), 1, 3, 18993, 0, 0, 0),
        (at(15, 21), 1, 1, 1495, 0, 18993 + 1495, 0),
        (at(15, 22), 0, 0, 0, 0, 700, 0),
        (at(16, 9), 1, 1, 4995, 4995, 0, 0),
        (at(28, 9), 0, 0, 0, 0, 0, 4749),
        (at(28, 10), 0, 0, 0, 0, 0, 300),
    ]


def test_every_described_column_exists(home: Settings, marts: duckdb.DuckDBPyConnection) -> None:
    """The pages beside the models describe columns that the models have."""
    described = {
        (model["name"], column["name"])
        for page in (home.dbt_dir / "models").rglob("*.yml")
        for model in yaml.safe_load(page.read_text(encoding="utf-8")).get("models", [])
        for column in model["columns"]
    }
    assert len(described) > 100
    assert described <= set(rows(marts, "SELECT table_name, column_name FROM information_schema.columns"))
