"""The dbt sources: what publish writes into the schema raw, and what dbt checks there."""

from collections.abc import Mapping
from typing import Any

import yaml

from stafford.contracts.model import Contract, Field

HEADER = "# Derived from contracts/ by `stafford contracts derive`; change the contract, not this file.\n"

INGESTED_AT = {
    "name": "_ingested_at",
    "description": "When bronze had the record, in UTC.",
    "data_type": "timestamp",
}


def dbt_sources(contracts: Mapping[str, Contract]) -> str:
    """The YAML of the source `raw`: a table for each topic, with personal fields marked in `meta`.

    Silver has enforced every rule already, so the tests here are only those that every model rests on:
    identity, key, time and kind of each event. Each test costs dbt about as much as a small model.
    """
    source = {
        "name": "raw",
        "schema": "raw",
        "description": "Silver as it was published: one table a topic, one row an event.",
        "tables": [_table(contract) for contract in contracts.values()],
    }
    document = {"version": 2, "sources": [source]}
    return HEADER + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)


def _table(contract: Contract) -> dict[str, Any]:
    return {
        "name": contract.topic,
        "description": f"{contract.description} Grain: {contract.grain}.",
        "config": {"meta": {"contract_version": contract.version, "key": contract.key}},
        "columns": [*(_column(field, contract) for field in contract.fields), dict(INGESTED_AT)],
    }


def _column(field: Field, contract: Contract) -> dict[str, Any]:
    column: dict[str, Any] = {
        "name": field.name,
        "description": field.description,
        "data_type": field.type,
    }
    meta = {"pii": field.pii, "unit": field.unit, "references": field.references}
    if any(meta.values()):
        column["config"] = {"meta": {key: value for key, value in meta.items() if value}}
    if tests := _tests(field, contract):
        column["data_tests"] = tests
    return column


def _tests(field: Field, contract: Contract) -> list[Any]:
    tests: list[Any] = ["unique"] if field.unique else []
    if field.name in {"event_id", "occurred_at", contract.key}:
        tests.append("not_null")
    if field.name == "event_type":
        tests.append({"accepted_values": {"arguments": {"values": list(field.enum)}}})
    return tests
