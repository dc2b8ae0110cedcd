"""Silver with known answers → publish → dbt → marts, to the cent."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from stafford.contracts import Contract, Field, load_contracts
from stafford.errors import ConfigError, HomeInUse, Terminal
from stafford.jobs import build as build_job
from stafford.jobs import publish as publish_job
from stafford.settings import Settings

pytestmark = pytest.mark.dbt

ARROW = {
    "string": pa.string(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}

Row = tuple[Any, ...]


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of January 2026."""
    return datetime(2026, 1, day, hour, minute, tzinfo=UTC)


def shown(instant: datetime) -> datetime:
    """The instant as the warehouse shows it: UTC without a zone."""
    return instant.replace(tzinfo=None)


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
    """A placed order that adds up, with 495 cents of shipping."""
    subtotal = sum(item["line_total_cents"] for item in lines)
    return {
        "event_type": "order_placed",
        "occurred_at": placed,
        "placed_at": placed,
        "order_id": order_id,
        "lines": lines,
        "subtotal_cents": subtotal,
        "shipping_cents": 495,
        "total_cents": subtotal + 495,
        "customer_id": None,
        **values,
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
GHOST_ORDER = order("o-0003", at(16, 9), [line(1, "p-0001", 1, 4999)], session_id="s-0009", customer_id="c-0009")

SHOP: dict[str, list[dict[str, Any]]] = {
    "customers": [
        {"customer_id": "c-0001", "occurred_at": at(3, 9), "event_type": "customer_updated", "city": "Berlin"},
        # Arrives after the newer one, and must not win.
        {"customer_id": "c-0001", "occurred_at": at(2, 9), "event_type": "customer_registered", "city": None},
    ],
    "products": [
        {"product_id": "p-0001", "occurred_at": at(8, 0), "price_cents": 4999, "category": "apparel"},
        {"product_id": "p-0001", "occurred_at": at(1, 0), "price_cents": 4000, "category": "apparel"},
        {"product_id": "p-0002", "occurred_at": at(1, 0), "price_cents": 9000, "category": "shoes"},
    ],
    "clickstream": [
        click("s-0001", 1, "page_viewed", 1),
        click("s-0001", 2, "product_viewed", 2),
        click("s-0001", 3, "cart_item_added", 3, "c-0001"),
        click("s-0001", 4, "checkout_started", 4, "c-0001"),
        # The guest's later actions are in quarantine; the order proves that they happened.
        click("s-0002", 1, "page_viewed", 5),
        click("s-0003", 1, "page_viewed", 6),
        click("s-0004", 1, "product_viewed", 7),
        click("s-0004", 2, "cart_item_added", 8),
    ],
    "orders": [
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
}
"""Events by topic, as differences from the contract's example of each field."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "payments": {"event_type": "payment_captured", "attempt": 1, "decline_reason": None},
    "shipments": {"event_type": "shipment_dispatched"},
    "returns": {"event_type": "return_requested", "product_id": "p-0001", "occurred_at": at(25, 9)},
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


def write_silver(home: Path, contract: Contract, events: list[dict[str, Any]]) -> None:
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


def make_home(home: Path, shop: dict[str, list[dict[str, Any]]]) -> Settings:
    """A home whose lake holds a shop, published."""
    settings = Settings(home=home)
    contracts = load_contracts(settings.contracts_dir)
    for topic, events in shop.items():
        write_silver(home, contracts[topic], events)
    publish_job.build(settings).run()
    return settings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home whose marts are built from SHOP."""
    settings = make_home(tmp_path_factory.mktemp("home"), SHOP)
    said: list[str] = []
    result = build_job.build(settings).run(said.append)
    assert (result.failed, result.warned) == (0, 0)
    assert result.passed == result.tests > 100
    nodes = result.models + result.tests
    assert said[-1].startswith(f"{nodes} of {nodes}: ")
    return settings


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
        "SELECT order_id, customer_id, ordered_at, order_date, device, channel, is_guest, is_cancelled, line_count, "
        "unit_count, subtotal_cents, shipping_cents, total_cents, paid_cents, refunded_cents, delivered_at, "
        "is_delivered_late FROM marts.fct_orders ORDER BY order_id",
    )
    day, next_day = date(2026, 1, 15), date(2026, 1, 16)
    ada = ("o-0001", "c-0001", shown(at(15, 20, 59)), day, "tablet", "email", False, False)
    guest = ("o-0002", None, shown(at(15, 21, 10)), day, "tablet", "email", True, False)
    ghost = ("o-0003", "c-0009", shown(at(16, 9)), next_day, "unknown", "unknown", False, True)
    assert found == [
        (*ada, 2, 3, 18498, 495, 18993, 18993, 4749, shown(at(20, 10)), True),
        (*guest, 1, 1, 1000, 495, 1495, 1495, 0, shown(at(18, 10)), False),
        (*ghost, 1, 1, 4999, 495, 5494, 0, 0, None, None),
    ]


def test_items(marts: duckdb.DuckDBPyConnection) -> None:
    """Every line of a placed order is there; a product that nobody introduced has an unknown category."""
    found = rows(
        marts,
        "SELECT order_item_id, product_id, category, quantity, unit_price_cents, discount_cents, line_total_cents "
        "FROM marts.fct_order_items ORDER BY order_item_id",
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
    assert rows(marts, "SELECT return_id, refund_cents, requested_at, refunded_at FROM marts.fct_returns ORDER BY 1") == [
        ("r-0001", 4749, shown(at(25, 9)), shown(at(28, 9))),
        ("r-0002", 0, shown(at(25, 9)), None),
        ("r-0009", 300, None, shown(at(28, 10))),
    ]


def test_dimensions(marts: duckdb.DuckDBPyConnection) -> None:
    """The newest event by its own time holds, and a key that only facts mention is an inferred member."""
    assert rows(
        marts,
        "SELECT customer_id, city, order_count, lifetime_value_cents, is_inferred FROM marts.dim_customers ORDER BY 1",
    ) == [("c-0001", "Berlin", 1, 18993 - 4749, False), ("c-0009", None, 1, 0, True)]
    assert rows(
        marts, "SELECT product_id, category, price_cents, is_inferred FROM marts.dim_products ORDER BY 1"
    ) == [
        ("p-0001", "apparel", 4999, False),
        ("p-0002", "shoes", 9000, False),
        ("p-0098", "unknown", None, True),
        ("p-0099", "unknown", None, True),
    ]


def test_sessions_and_funnel(marts: duckdb.DuckDBPyConnection) -> None:
    """A session reached every step up to its last, and the funnel counts that."""
    assert rows(
        marts,
        "SELECT session_id, customer_id, page_count, product_view_count, is_bounce, has_product_view, has_cart, "
        "has_checkout, has_order FROM marts.fct_sessions ORDER BY 1",
    ) == [
        ("s-0001", "c-0001", 3, 1, False, True, True, True, True),
        ("s-0002", None, 1, 0, False, True, True, True, True),
        ("s-0003", None, 1, 0, True, False, False, False, False),
        ("s-0004", None, 1, 1, False, True, True, False, False),
    ]
    assert rows(marts, "SELECT * FROM marts.funnel_daily") == [(date(2026, 1, 15), 4, 3, 3, 2, 2)]


def test_hourly_revenue(marts: duckdb.DuckDBPyConnection) -> None:
    """Orders count in their hour, payments and refunds in theirs."""
    assert rows(marts, "SELECT * FROM marts.revenue_hourly ORDER BY 1") == [
        (shown(at(15, 20)), 1, 3, 18993, 0, 0, 0),
        (shown(at(15, 21)), 1, 1, 1495, 0, 18993 + 1495, 0),
        (shown(at(15, 22)), 0, 0, 0, 0, 700, 0),
        (shown(at(16, 9)), 1, 1, 5494, 5494, 0, 0),
        (shown(at(28, 9)), 0, 0, 0, 0, 0, 4749),
        (shown(at(28, 10)), 0, 0, 0, 0, 0, 300),
    ]


def test_unbalanced_order_fails_the_build(tmp_path: Path) -> None:
    """An order whose lines do not sum to its total stops the build, by the name of the rule."""
    wrong = ADA_ORDER | {"lines": [line(1, "p-0001", 2, 4999)]}
    settings = make_home(tmp_path, {**SHOP, "orders": [wrong]})
    with pytest.raises(Terminal, match=r"assert_order_lines_sum_to_total: Got 1 result.*\.sql\)"):
        build_job.build(settings).run()


TAMPERING = {
    "assert_order_lines_sum_to_total": "UPDATE marts.fct_order_items SET line_total_cents = line_total_cents - 1",
    "assert_captures_within_order_total": "UPDATE marts.fct_orders SET paid_cents = total_cents + 1",
    "assert_refunds_within_line_total": "UPDATE marts.fct_returns SET refund_cents = 9499 WHERE return_id = 'r-0001'",
    "assert_funnel_only_narrows": "UPDATE marts.funnel_daily SET order_sessions = checkout_sessions + 1",
    "assert_hourly_revenue_sums_to_facts": "DELETE FROM marts.revenue_hourly WHERE order_count = 0",
    "assert_facts_keep_all_silver_money": "INSERT INTO marts.fct_payments SELECT * FROM marts.fct_payments",
    "assert_no_delivery_before_dispatch": "UPDATE raw.shipments SET occurred_at = timestamp '2026-01-21' "
    "WHERE event_type = 'shipment_dispatched'",
}


def test_each_rule_can_fail(home: Settings, tmp_path: Path) -> None:
    """Negative control: each rule of warehouse/tests notices marts that were tampered with."""
    assert {path.stem for path in (home.dbt_dir / "tests").glob("*.sql")} == set(TAMPERING)
    warehouse = tmp_path / "warehouse.duckdb"
    shutil.copy(home.duckdb_path, warehouse)
    with duckdb.connect(str(warehouse)) as connection:
        for statement in TAMPERING.values():
            connection.execute(statement)
    job = build_job.build(home)
    dbt = job.find_dbt(print) / "dbt"
    command = [str(dbt), "--quiet", "test", "--select", "test_type:singular", "--project-dir", str(job.project_dir)]
    command += ["--profiles-dir", str(job.project_dir), "--target-path", str(tmp_path), "--log-path", str(tmp_path)]
    done = subprocess.run(
        command, env={"STAFFORD_DUCKDB_PATH": str(warehouse)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    for rule in TAMPERING:
        assert f"Failure in test {rule} " in done.stdout


def test_broken_model_is_named(home: Settings, tmp_path: Path) -> None:
    """A model that the warehouse cannot build is an error that names it."""
    shutil.copytree(home.dbt_dir, tmp_path / "project")
    (tmp_path / "project/models/marts/funnel_daily.sql").write_text("select no_such_column from {{ ref('fct_sessions') }}")
    shutil.copy(home.duckdb_path, tmp_path / "warehouse.duckdb")
    job = build_job.BuildJob(tmp_path / "project", tmp_path / "warehouse.duckdb", build_job.build(home).find_dbt)
    with pytest.raises(Terminal, match=r"funnel_daily: .*no_such_column"):
        job.run()


def test_project_that_does_not_parse_is_no_success(home: Settings, tmp_path: Path) -> None:
    """When dbt stops before it builds, the results of the run before do not pass for its own."""
    shutil.copytree(home.dbt_dir, tmp_path / "project")
    (tmp_path / "project/models/marts/funnel_daily.sql").write_text("select * from {{ ref('no_such_model') }}")
    shutil.copy(home.duckdb_path, tmp_path / "warehouse.duckdb")
    shutil.copytree(home.home_dir / "dbt", tmp_path / "dbt")
    assert (tmp_path / "dbt/target/run_results.json").is_file()
    job = build_job.BuildJob(tmp_path / "project", tmp_path / "warehouse.duckdb", build_job.build(home).find_dbt)
    with pytest.raises(ConfigError, match="no_such_model"):
        job.run()


def test_open_warehouse_is_refused(home: Settings) -> None:
    """While this process has the warehouse open, a build says so and changes nothing."""
    with duckdb.connect(str(home.duckdb_path), read_only=True), pytest.raises(HomeInUse, match="open in another process"):
        build_job.build(home).run()


def test_build_before_publish_says_what_to_do(tmp_path: Path) -> None:
    """Without a warehouse the message names the command that makes one."""
    with pytest.raises(ConfigError, match="stafford publish"):
        build_job.build(Settings(home=tmp_path)).run()
