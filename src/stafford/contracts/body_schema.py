"""JSON Schema of a contract, for any producer in any language."""

from datetime import datetime
from typing import Any

from stafford.contracts.model import Contract, Field

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TIMESTAMP_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$"
"""RFC 3339 in UTC: what the wire allows, where the format date-time alone would take any offset."""


def json_schema(contract: Contract) -> dict[str, Any]:
    """The body of one event as JSON Schema, draft 2020-12.

    Unknown members are allowed, so that a producer may add a field before its readers know it; an
    optional member may be absent or null. What JSON Schema cannot say (bounds of instants,
    `maxAheadOfArrival`) silver alone enforces; 1.0 counts as an integer here, and not in silver.
    """
    return {
        "$schema": DIALECT,
        "$id": f"urn:stafford:contract:{contract.topic}:{contract.version}",
        "title": contract.topic,
        "description": contract.description,
        **_object(contract.fields),
    }


def _object(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [field.name for field in fields if field.required],
        "properties": {field.name: _member(field) for field in fields},
        "additionalProperties": True,
    }


def _member(field: Field) -> dict[str, Any]:
    kind = "string" if field.type == "timestamp" else field.type
    schema: dict[str, Any] = {
        "type": kind if field.required else [kind, "null"],
        "description": field.description,
        "examples": None if field.example is None else [field.example],
        "pattern": field.pattern,
        "maxLength": field.max_length,
        "minItems": field.min_items,
        "maxItems": field.max_items,
        "items": _object(field.items) if field.items else None,
    }
    if field.type == "timestamp":
        schema |= {"format": "date-time", "pattern": TIMESTAMP_PATTERN}
    else:
        schema |= {"minimum": _number(field.minimum), "maximum": _number(field.maximum)}
    if field.enum:
        schema["enum"] = [*field.enum, *([] if field.required else [None])]
    return {keyword: value for keyword, value in schema.items() if value is not None}


def _number(bound: int | datetime | None) -> int | None:
    return bound if isinstance(bound, int) else None
