"""Publishing into DuckDB: what arrives, what is left alone, and what a failure leaves."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from stafford.contracts import Contract, Field
from stafford.errors import ContractViolation, HomeInUse, StorageError
from stafford.warehouse.duckdb import publish

Write = Callable[..., str]
Contracts = Mapping[str, Contract]
LATE_EVENING = datetime(2026, 1, 15, 23, 30, 0, 125, tzinfo=UTC)

HOLD_OPEN = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the warehouse will be."""
    return tmp_path / "home" / "warehouse.duckdb"


def query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query on a closed warehouse."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_rows_arrive_typed(silver: dict[str, str], write: Write, path: Path, contracts: Contracts) -> None:
    """A published row has the contract's types, UTC instants to the microsecond, and its lines by name."""
    write("orders", "e-1", occurred_at=LATE_EVENING)
    publish(silver, path, contracts)
    columns = query(path, "SELECT column_name, column_type FROM (DESCRIBE raw.orders)")
    assert [name for name, _ in columns] == [*(f.name for f in contracts["orders"].fields), "_ingested_at"]
    assert dict(columns)["occurred_at"] == "TIMESTAMP"
    assert dict(columns)["total_cents"] == "BIGINT"
    [(occurred_at, total, lines)] = query(path, "SELECT occurred_at, total_cents, lines FROM raw.orders")
    assert occurred_at == LATE_EVENING.replace(tzinfo=None)
    assert total == 9494
    assert lines[0]["quantity"] == 2
    assert lines[0]["unit_price_cents"] == 4999


def test_absent_table_is_published_empty(
    silver: dict[str, str], write: Write, path: Path, contracts: Contracts
) -> None:
    """A topic without a silver table gives an empty table with the contract's columns."""
    write("products", "e-1")
    published = publish(silver, path, contracts)
    assert published.rows == {"orders": 0, "products": 1}
    assert published.versions == {"orders": None, "products": 0}
    assert query(path, "SELECT order_id, total_cents FROM raw.orders") == []


def test_first_event_of_a_topic_replaces_the_empty_table(
    silver: dict[str, str], write: Write, path: Path, contracts: Contracts
) -> None:
    """A table that appears in silver after the first publish is published by the next."""
    publish(silver, path, contracts)
    write("orders", "e-1")
    assert publish(silver, path, contracts).changed == ("orders",)
    assert query(path, "SELECT event_id FROM raw.orders") == [("e-1",)]


def test_repeating_changes_nothing(
    silver: dict[str, str], write: Write, path: Path, contracts: Contracts
) -> None:
    """Publishing the same versions again writes no table; a new commit writes only its own."""
    write("orders", "e-1")
    write("products", "e-2")
    first = publish(silver, path, contracts)
    again = publish(silver, path, contracts)
    assert first.changed == ("orders", "products")
    assert again.changed == ()
    assert (again.rows, again.versions) == (first.rows, first.versions)
    write("orders", "e-3")
    third = publish(silver, path, contracts)
    assert third.changed == ("orders",)
    assert third.rows == {"orders": 2, "products": 1}


def test_table_made_anew_is_published(
    silver: dict[str, str], write: Write, path: Path, contracts: Contracts
) -> None:
    """A silver table that was deleted and made again is published, though its version is the same."""
    write("orders", "e-old")
    publish(silver, path, contracts)
    shutil.rmtree(silver["orders"])
    write("orders", "e-new")
    assert publish(silver, path, contracts).changed == ("orders",)
    assert query(path, "SELECT event_id FROM raw.orders") == [("e-new",)]


def test_new_optional_field_is_empty_until_silver_has_it(
    silver: dict[str, str], write: Write, path: Path, contracts: Contracts
) -> None:
    """A contract that gains an optional field is published anew, empty for the events before it."""
    write("products", "e-1")
    publish(silver, path, contracts)
    colour = Field(name="colour", type="string", required=False, description="Colour.")
    wider = replace(contracts["products"], fields=(*contracts["products"].fields, colour))
    published = publish(silver, path, {**contracts, "products": wider})
    assert published.changed == ("products",)
    assert query(path, "SELECT event_id, colour FROM raw.products") == [("e-1", None)]


def test_missing_required_field_leaves_the_old(
    silver: dict[str, str], write: Write, path: Path, contracts: Contracts
) -> None:
    """A silver table without a required field is refused, and no table of that publish stays."""
    write("products", "e-1", without=("brand",))
    write("orders", "e-2")
    with pytest.raises(ContractViolation, match=r"products at version 0 has no column brand"):
        publish(silver, path, contracts)
    assert query(path, "SELECT count(*) FROM information_schema.tables") == [(0,)]


def test_lost_data_file_leaves_the_old(
    silver: dict[str, str], write: Write, path: Path, contracts: Contracts
) -> None:
    """When a table cannot be read to its end, every table keeps what was published before."""
    write("orders", "e-1")
    write("products", "e-2")
    publish(silver, path, contracts)
    write("orders", "e-3")
    write("products", "e-4")
    # orders is written before products, so it has to be taken back.
    for data_file in Path(silver["products"]).glob("*.parquet"):
        data_file.unlink()
    with pytest.raises(StorageError, match="left it as it was"):
        publish(silver, path, contracts)
    assert query(path, "SELECT event_id FROM raw.orders") == [("e-1",)]
    assert query(path, "SELECT event_id FROM raw.products") == [("e-2",)]


def test_unreadable_delta_log_is_named(
    silver: dict[str, str], write: Write, path: Path, contracts: Contracts
) -> None:
    """A damaged Delta log is an error that names the table."""
    write("orders", "e-1")
    next(Path(silver["orders"], "_delta_log").glob("*.json")).write_text("{not json", encoding="utf-8")
    with pytest.raises(StorageError, match="silver table orders at"):
        publish(silver, path, contracts)


def test_open_warehouse_is_refused(silver: dict[str, str], path: Path, contracts: Contracts) -> None:
    """While another process has the file open, publishing says so; once it is closed, it works."""
    publish(silver, path, contracts)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_OPEN, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"open"
        with pytest.raises(HomeInUse, match="open in another process"):
            publish(silver, path, contracts)
        holder.communicate()
    assert publish(silver, path, contracts).changed == ()


def test_file_that_is_no_warehouse_is_refused(
    silver: dict[str, str], path: Path, contracts: Contracts
) -> None:
    """A file that DuckDB cannot read is an error that names it, and is not written over."""
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a warehouse" * 1000)
    with pytest.raises(StorageError, match=r"warehouse\.duckdb"):
        publish(silver, path, contracts)
    assert path.read_bytes().startswith(b"not a warehouse")
