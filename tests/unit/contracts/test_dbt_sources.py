"""The dbt sources that are derived from the contracts."""

from typing import Any

import pytest
import yaml

from stafford.contracts import Contract, dbt_sources


@pytest.fixture(scope="module")
def tables(contracts: dict[str, Contract]) -> dict[str, dict[str, Any]]:
    """The tables of the source, by name."""
    document = yaml.safe_load(dbt_sources(contracts))
    (source,) = document["sources"]
    assert (source["name"], source["schema"]) == ("raw", "raw")
    return {table["name"]: table for table in source["tables"]}


def columns(table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The columns of a table, by name."""
    return {column["name"]: column for column in table["columns"]}


def test_a_table_for_each_topic(contracts: dict[str, Contract], tables: dict[str, dict[str, Any]]) -> None:
    """Each topic is a table with the contract's fields in order and when bronze had the record."""
    assert list(tables) == list(contracts)
    for topic, contract in contracts.items():
        names = [field.name for field in contract.fields]
        assert [column["name"] for column in tables[topic]["columns"]] == [*names, "_ingested_at"]
        assert all(column["description"] for column in tables[topic]["columns"])


def test_identity_key_time_and_kind_are_tested(
    contracts: dict[str, Contract], tables: dict[str, dict[str, Any]]
) -> None:
    """What every model rests on is checked again; the other rules are left to silver."""
    for topic, contract in contracts.items():
        described = columns(tables[topic])
        tested = {name for name, column in described.items() if "data_tests" in column}
        assert tested == {"event_id", "event_type", "occurred_at", contract.key}
        assert described["event_id"]["data_tests"] == ["unique", "not_null"]
        assert described[contract.key]["data_tests"] == ["not_null"]
        (accepted,) = described["event_type"]["data_tests"]
        assert accepted["accepted_values"]["arguments"]["values"] == list(contract.event_types)


def test_personal_columns_are_marked(tables: dict[str, dict[str, Any]]) -> None:
    """Whoever reads dbt's catalogue sees which columns are about a person."""
    described = columns(tables["customers"])
    assert described["email"]["config"]["meta"]["pii"] == "email"
    assert "pii" not in described["segment"].get("config", {}).get("meta", {})
