"""Why a record of a topic can be in quarantine, read off its contract."""

from collections.abc import Iterator

from stafford.contracts.model import Contract, Field

UNREADABLE = {
    "empty_body": "The record has no body, or an empty one.",
    "not_utf8": "The body is not UTF-8.",
    "malformed_json": "The body is not one JSON object, or an object in it says a name twice (RFC 7493).",
}
"""Reasons that concern the whole body, whatever its contract, and what each means."""

RULES = {
    "required": "A required field is absent or null.",
    "wrong_type": "The value has another JSON type than the field.",
    "bad_format": "The text does not match the pattern, is too long, or is no RFC 3339 instant in UTC.",
    "not_in_enum": "The text is none of the values that the field may have.",
    "out_of_range": "The number, the instant or the count of items is outside its bounds.",
    "too_far_ahead": "The instant lies too far after the arrival of the record.",
}
"""Reasons that concern one field, written `<rule>:<field>`, and what each means."""


def field_rules(field: Field) -> tuple[str, ...]:
    """The keys of RULES that a value of the field can break."""
    bounds = (field.minimum, field.maximum, field.min_items, field.max_items)
    applies = {
        "required": field.required,
        "wrong_type": True,
        "bad_format": field.type == "timestamp" or field.pattern is not None or field.max_length is not None,
        "not_in_enum": bool(field.enum),
        "out_of_range": any(bound is not None for bound in bounds),
        "too_far_ahead": field.max_ahead_of_arrival is not None,
    }
    return tuple(rule for rule in RULES if applies[rule])


def reasons(contract: Contract) -> tuple[str, ...]:
    """Every reason that quarantine can give for a record of the topic; a field in an array has a dot."""
    return (*UNREADABLE, *_field_reasons(contract.fields))


def _field_reasons(fields: tuple[Field, ...], parent: str = "") -> Iterator[str]:
    for field in fields:
        yield from (f"{rule}:{parent}{field.name}" for rule in field_rules(field))
        yield from _field_reasons(field.items, f"{parent}{field.name}.")
