"""Small silver tables, written by delta-rs as Spark writes them."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from stafford.contracts import Contract, Field, load_contracts

PROJECT_DIR = Path(__file__).resolve().parents[3]
ARROW = {
    "string": pa.string(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)

Write = Callable[..., str]


def _arrow_type(field: Field) -> pa.DataType:
    if field.type != "array":
        return ARROW[field.type]
    # Reversed, for a struct's fields have names and must not be taken by position.
    return pa.list_(pa.struct([(item.name, _arrow_type(item)) for item in reversed(field.items)]))


def _example(field: Field) -> Any:
    if field.type == "timestamp":
        return NOON
    if field.type == "array":
        return [{item.name: item.example for item in field.items}]
    return field.example


@pytest.fixture(scope="session")
def contracts() -> Mapping[str, Contract]:
    """The project's own contracts."""
    return load_contracts(PROJECT_DIR / "contracts")


@pytest.fixture
def silver(tmp_path: Path, contracts: Mapping[str, Contract]) -> dict[str, str]:
    """Where the silver tables of two topics are; there is no table yet."""
    return {topic: str(tmp_path / "silver" / topic) for topic in contracts if topic in {"orders", "products"}}


@pytest.fixture
def write(silver: dict[str, str], contracts: Mapping[str, Contract]) -> Write:
    """A function that adds one example event to a silver table, as a commit of its own."""

    def write_event(topic: str, event_id: str, *, without: tuple[str, ...] = (), **values: Any) -> str:
        fields = [field for field in contracts[topic].fields if field.name not in without]
        row = {field.name: _example(field) for field in fields} | {"event_id": event_id} | values
        schema = [(field.name, _arrow_type(field)) for field in fields]
        schema += [("_ingested_at", ARROW["timestamp"]), ("_run_id", pa.string())]
        table = pa.Table.from_pylist([row | {"_ingested_at": NOON, "_run_id": "r"}], schema=pa.schema(schema))
        write_deltalake(silver[topic], table, mode="append")
        return event_id

    return write_event
