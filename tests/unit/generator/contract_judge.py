"""An independent judge of bodies: what the contract says about a record, by way of JSON Schema."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from stafford.contracts import Contract, Field, json_schema

_KEYWORDS = {
    "enum": "not_in_enum",
    "pattern": "bad_format",
    "maxLength": "bad_format",
    "minimum": "out_of_range",
    "maximum": "out_of_range",
    "minItems": "out_of_range",
    "maxItems": "out_of_range",
}


class Judge:
    """Says which rules of one contract a record breaks."""

    def __init__(self, contract: Contract) -> None:
        self._fields = contract.fields
        self._validator = Draft202012Validator(json_schema(contract))

    def find_reasons(self, value: bytes, arrived_at: datetime) -> set[str]:
        """Reason codes, as quarantine gives them; none for a record that belongs into silver."""
        if not value:
            return {"empty_body"}
        try:
            body = json.loads(value.decode("utf-8", "strict"))
        except UnicodeDecodeError:
            return {"not_utf8"}
        except ValueError:
            return {"malformed_json"}
        if not isinstance(body, dict):
            return {"malformed_json"}
        repaired = {**body, **{f.name: _repair(f, body[f.name]) for f in self._fields if f.name in body}}
        reasons = {_name(error) for error in self._validator.iter_errors(repaired)}
        return reasons | set(self._check_instants(body, arrived_at))

    def _check_instants(self, body: dict[str, Any], arrived_at: datetime) -> Iterator[str]:
        for field in self._fields:
            value = body.get(field.name)
            if field.type != "timestamp" or not isinstance(value, str):
                continue
            try:
                instant = datetime.fromisoformat(value)
            except ValueError:
                yield f"bad_format:{field.name}"
                continue
            if instant < datetime(2000, 1, 1, tzinfo=UTC):
                yield f"out_of_range:{field.name}"
            ahead = field.max_ahead_of_arrival
            if ahead is not None and instant > arrived_at + max(ahead, timedelta(0)):
                yield f"too_far_ahead:{field.name}"


def _repair(field: Field, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    trimmed = value.strip() if "trim" in field.repair else value
    return trimmed.lower() if "lowercase" in field.repair else trimmed


def _name(error: ValidationError) -> str:
    path = [str(part) for part in error.absolute_path if not isinstance(part, int)]
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return "required:" + ".".join([*path, missing])
    if error.instance is None:
        return "required:" + ".".join(path)
    if error.validator == "type":
        return "wrong_type:" + ".".join(path)
    return f"{_KEYWORDS[str(error.validator)]}:{'.'.join(path)}"
