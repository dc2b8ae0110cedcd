"""Reading the marts of the warehouse."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

import stafford
from stafford.errors import ConfigError, ContractViolation, HomeInUse, StorageError
from stafford.report import ReportData, load
from stafford.report.data import PRODUCT_SCHEMA, REVENUE_SCHEMA, TRAFFIC_SCHEMA

Load = Callable[[Path], ReportData]


@pytest.fixture
def read(tmp_path: Path) -> Load:
    """Read a warehouse that has nothing beside it."""

    def read(path: Path) -> ReportData:
        nothing = tmp_path / "nothing.json"
        written_at = datetime(2026, 1, 19, tzinfo=UTC)
        return load(path, reconciliation_path=nothing, machinery_path=nothing, written_at=written_at)

    return read


def change(warehouse: Path, sql: str) -> None:
    """Run SQL on the warehouse as somebody else would."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(sql)


def test_tables_have_their_schemas(data: ReportData) -> None:
    """The Arrow tables have exactly the schemas that ReportData promises."""
    assert data.revenue.schema == REVENUE_SCHEMA
    assert data.traffic.schema == TRAFFIC_SCHEMA
    assert data.products.schema == PRODUCT_SCHEMA


def test_totals_are_the_sums_of_the_marts(warehouse: Path, data: ReportData) -> None:
    """Totals are sums that an independent query finds too."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        expected = connection.execute(
            "select sum(order_count), sum(revenue_cents), sum(paid_cents), sum(refunded_cents) "
            "from marts.revenue_hourly"
        ).fetchone()
    totals = data.totals
    found = (totals.order_count, totals.revenue_cents, totals.paid_cents, totals.refunded_cents)
    assert found == expected
    assert sum(data.revenue["revenue_cents"].to_pylist()) == totals.revenue_cents


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz"])
def test_hours_do_not_move_with_the_zone(warehouse: Path, kind: str) -> None:
    """An hour is the same hour on a machine in Kathmandu, whatever the mart's timestamp type is."""
    at = "2026-01-12 05:00:00+00" if kind == "timestamptz" else "2026-01-12 05:00:00"
    change(
        warehouse,
        f"create or replace table marts.revenue_hourly as select {kind} '{at}' as revenue_hour, "
        "1 as order_count, 500 as revenue_cents, 0 as cancelled_cents, 0 as paid_cents, 0 as refunded_cents",
    )
    # A zone is fixed when a process starts, so another one reads.
    program = (
        "import sys; from pathlib import Path; from stafford.report.marts import open_marts\n"
        "with open_marts(Path(sys.argv[1])) as marts: print(marts.revenue()['hour'][0].as_py().isoformat())"
    )
    source = Path(stafford.__file__).parents[1]
    environment = os.environ | {"TZ": "Asia/Kathmandu", "PYTHONPATH": str(source)}
    found = subprocess.run(
        [sys.executable, "-c", program, str(warehouse)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert found.stdout.strip() == "2026-01-12T05:00:00+00:00"


def test_product_without_a_clean_event_is_there(warehouse: Path, read: Load) -> None:
    """A product that only facts mention is reported, by its id and without a name."""
    change(warehouse, "delete from marts.dim_products where product_id = 'prd-1'")
    first = read(warehouse).products.to_pylist()[0]
    assert (first["product_id"], first["product_name"]) == ("prd-1", None)


def test_variants_of_a_product_are_told_apart(data: ReportData) -> None:
    """Colour and size are part of what a product is called, where it has them."""
    names = {row["product_id"]: row["product_name"] for row in data.products.to_pylist()}
    assert (names["prd-4"], names["prd-5"], names["prd-6"]) == (
        "Linen shirt 4, navy",
        "Linen shirt 5, red, M",
        "Linen shirt 6",
    )


def test_empty_marts_are_a_shop_without_orders(warehouse: Path, read: Load) -> None:
    """Marts without a row give zeros and empty tables, not errors."""
    for mart in ("revenue_hourly", "fct_sessions", "funnel_daily", "fct_order_items", "dim_products"):
        change(warehouse, f"truncate marts.{mart}")
    data = read(warehouse)
    assert data.totals.revenue_cents == 0
    assert data.revenue.num_rows == data.traffic.num_rows == data.products.num_rows == 0
    assert all(step.sessions == 0 for step in data.funnel)


def test_no_warehouse_says_what_to_run(tmp_path: Path, read: Load) -> None:
    """Without a warehouse the error names the command that makes one."""
    with pytest.raises(ConfigError, match="stafford demo"):
        read(tmp_path / "warehouse.duckdb")
    assert not (tmp_path / "warehouse.duckdb").exists()


def test_missing_mart_says_what_to_run(warehouse: Path, read: Load) -> None:
    """A warehouse whose marts are not built names the mart and the command."""
    change(warehouse, "drop table marts.funnel_daily")
    with pytest.raises(ConfigError, match=r"funnel_daily.*stafford demo"):
        read(warehouse)


def test_missing_column_is_a_broken_contract(warehouse: Path, read: Load) -> None:
    """A mart without a column that the report reads is refused, by name."""
    change(warehouse, "alter table marts.fct_sessions drop column started_at")
    with pytest.raises(ContractViolation, match="started_at"):
        read(warehouse)


def test_what_is_no_database_cannot_be_read(tmp_path: Path, read: Load) -> None:
    """A file of something else is refused as such."""
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StorageError, match="cannot be read"):
        read(path)


def test_warehouse_being_written_says_wait(warehouse: Path, read: Load) -> None:
    """While another process holds the warehouse, the report says that it has to wait; afterwards it reads."""
    program = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        with pytest.raises(HomeInUse, match="another command"):
            read(warehouse)
        holder.communicate("\n", timeout=30)
    assert read(warehouse).totals.order_count > 0


def test_warehouse_held_by_this_process_says_wait(warehouse: Path, read: Load) -> None:
    """A connection of the same process that may write is in the way just the same."""
    with duckdb.connect(str(warehouse)), pytest.raises(HomeInUse, match="another command"):
        read(warehouse)
