"""What is wrong with one body, and what is in it: the rules of silver, in plain Python.

Every rule stands here once and exactly. `columns.py` lets most records pass faster, and asks here about all
that it cannot let pass at a glance.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Annotated, Any

import msgspec

from stafford.contracts import Contract, Field
from stafford.lakehouse.silver.instants import read_instant

NO_CONTRACT = "no_contract"
"""Reason of a record whose topic has no contract."""

INTEGERS = msgspec.Meta(ge=-(2**63), le=2**63 - 1)
"""What a column of silver can hold."""

_Members = dict[str, msgspec.Raw]
_OBJECT = msgspec.json.Decoder(_Members)
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    "string": msgspec.json.Decoder(str | None),
    "timestamp": msgspec.json.Decoder(str | None),
    "integer": msgspec.json.Decoder(Annotated[int, INTEGERS] | None),
    "boolean": msgspec.json.Decoder(bool | None),
    "array": msgspec.json.Decoder(list[_Members] | None),
}


class _NameTwice(Exception):
    """An object says a name twice, so it says two things (RFC 7493, section 2.3)."""


class Fault(Enum):
    """Stands where a value would, when there is something that is none."""

    WRONG_TYPE = "wrong_type"
    BAD_FORMAT = "bad_format"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What silver says of a body: no `reasons` for one that fits, no `values` for one that does not.

    `event_id` and `contract_version` are what the body says; None where that cannot be trusted.
    """

    reasons: tuple[str, ...]
    values: dict[str, Any]
    event_id: str | None = None
    contract_version: str | None = None


def judge(body: bytes | None, contract: Contract, arrived_at: datetime) -> Verdict:
    """Judge one body by its contract.

    A reason that concerns the whole body stands alone. Otherwise each field gives one at most, the most
    basic: `wrong_type` before `required` before `bad_format`, `out_of_range`, `not_in_enum` and
    `too_far_ahead`. Fields come in the contract's order; what the contract does not name is not looked at.

    Args:
        body: as it came.
        contract: the rules.
        arrived_at: the log-append time, UTC.
    """
    if not body:
        return Verdict(("empty_body",), {})
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return Verdict(("not_utf8",), {})
    try:
        members = _OBJECT.decode(body)
        values = {field.name: _read(field, members.get(field.name)) for field in contract.fields}
        _TELLING_NAMES.decode(text)
    except (msgspec.DecodeError, RecursionError, _NameTwice):
        return Verdict(("malformed_json",), {})
    reasons = tuple(
        reason for field in contract.fields for reason in _reasons(field, values[field.name], arrived_at)
    )
    is_named = not any(reason.endswith(":event_id") for reason in reasons)
    version = values["contract_version"]
    return Verdict(
        reasons,
        {} if reasons else values,
        values["event_id"] if is_named else None,
        version if isinstance(version, str) else None,
    )


def _refuse_doubles(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise _NameTwice


_TELLING_NAMES = json.JSONDecoder(object_pairs_hook=_refuse_doubles)


def _read(field: Field, text: msgspec.Raw | None) -> Any:  # whatever the field's type is
    """The value as silver holds it: typed, and repaired where the contract says so."""
    try:
        value = None if text is None else _DECODERS[field.type].decode(text)
    except msgspec.ValidationError:
        return Fault.WRONG_TYPE
    if value is None:
        return None
    if field.type == "timestamp":
        return read_instant(value) or Fault.BAD_FORMAT
    if field.type == "array":
        return [{item.name: _read(item, line.get(item.name)) for item in field.items} for line in value]
    for repair in field.repair:
        value = value.strip() if repair == "trim" else value.lower()
    return value


def _reasons(field: Field, value: Any, arrived_at: datetime) -> Iterator[str]:
    if code := _broken(field, value, arrived_at):
        yield f"{code}:{field.name}"
    if isinstance(value, list):
        for item in field.items:
            codes = {_broken(item, line[item.name], arrived_at) for line in value}
            if code := next((code for code in _ORDER if code in codes), None):
                yield f"{code}:{field.name}.{item.name}"


_ORDER = ("wrong_type", "required", "bad_format", "out_of_range", "not_in_enum", "too_far_ahead")
"""The most basic first."""


def _broken(field: Field, value: Any, arrived_at: datetime) -> str | None:
    """The most basic rule that a value breaks."""
    if value is None:
        return "required" if field.required else None
    if isinstance(value, Fault):
        return value.value
    if _is_misshapen(field, value):
        return "bad_format"
    if _is_out_of_range(field, value):
        return "out_of_range"
    if field.enum and value not in field.enum:
        return "not_in_enum"
    is_ahead = field.max_ahead_of_arrival is not None and value > arrived_at + field.max_ahead_of_arrival
    return "too_far_ahead" if is_ahead else None


def _is_misshapen(field: Field, value: Any) -> bool:
    if field.max_length is not None and len(value) > field.max_length:
        return True
    return field.pattern is not None and _pattern(field.pattern).fullmatch(value) is None


def _is_out_of_range(field: Field, value: Any) -> bool:
    bounds: tuple[Any, Any] = (field.minimum, field.maximum)
    if field.type == "array":
        bounds, value = (field.min_items, field.max_items), len(value)
    least, most = bounds
    return (least is not None and value < least) or (most is not None and value > most)


def unanchored(pattern: str) -> str:
    """A contract's pattern without its ^ and $: engines differ on what a final $ matches."""
    return pattern.removeprefix("^").removesuffix("$")


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    # As RE2 and Java have it: \s, \d and \w are ASCII.
    return re.compile(unanchored(pattern), re.ASCII)
