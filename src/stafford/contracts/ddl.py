"""Spark DDL of a contract, as text: this room knows Spark's words and never imports it."""

from stafford.contracts.model import Contract, Field

SPARK_TYPES = {"string": "STRING", "integer": "BIGINT", "boolean": "BOOLEAN", "timestamp": "TIMESTAMP"}


def spark_ddl(contract: Contract) -> str:
    """The contract's fields as silver holds them.

    Nothing is NOT NULL: silver's rules decide what is missing, and say so in quarantine.

    Returns:
        "`event_id` STRING, `occurred_at` TIMESTAMP, ..." in the contract's order, without lineage columns.
    """
    return ", ".join(_column(field, SPARK_TYPES) for field in contract.fields)


def wire_ddl(contract: Contract) -> str:
    """The contract's fields as from_json reads them off the wire.

    Timestamps stay text, so that one that cannot be read is `bad_format` rather than missing.
    """
    types = {**SPARK_TYPES, "timestamp": "STRING"}
    return ", ".join(_column(field, types) for field in contract.fields)


def column_ddl(field: Field, parent: str = "") -> str:
    """One field as ALTER TABLE ADD COLUMNS wants it; parent: what stands before its name, with its dot."""
    return f"{parent}{_column(field, SPARK_TYPES)}"


def _column(field: Field, types: dict[str, str], separator: str = " ") -> str:
    return f"`{field.name}`{separator}{_type(field, types)}"


def _type(field: Field, types: dict[str, str]) -> str:
    if field.type != "array":
        return types[field.type]
    members = ", ".join(_column(item, types, ": ") for item in field.items)
    return f"ARRAY<STRUCT<{members}>>"
