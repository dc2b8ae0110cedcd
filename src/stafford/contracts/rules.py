"""What a contract must be for silver, dbt and the generator to rely on it."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import get_args

from stafford.contracts.model import STAGES, Contract, Field, Repair

ENVELOPE = {
    "event_id": "string",
    "event_type": "string",
    "occurred_at": "timestamp",
    "contract_version": "string",
}
"""Fields that every event has, with their types."""

APPLIES_TO = {
    "pattern": {"string"},
    "max_length": {"string"},
    "enum": {"string"},
    "repair": {"string"},
    "minimum": {"integer", "timestamp"},
    "maximum": {"integer", "timestamp"},
    "unit": {"integer"},
    "max_ahead_of_arrival": {"timestamp"},
    "min_items": {"array"},
    "max_items": {"array"},
    "items": {"array"},
}
"""Types that each rule has a meaning for."""

VERSION = re.compile(r"\d+\.\d+\.\d+")
NAME = re.compile(r"[a-z][a-z0-9_]*")


def check_field(field: Field) -> Iterator[str]:
    """Say what is wrong with one field; nothing when it can be enforced."""
    if not NAME.fullmatch(field.name):
        yield "is not in snake_case, as columns are"
    if not field.description:
        yield "has no description"
    for rule, types in APPLIES_TO.items():
        if getattr(field, rule) not in (None, ()) and field.type not in types:
            yield f"has {rule}, which means nothing for the type {field.type}"
    if field.type == "array" and not field.items:
        yield "is an array without items; describe the struct that it holds"
    if any(item.type == "array" for item in field.items):
        yield "holds an array in an array, which no table here unnests"
    yield from _check_bounds(field)
    yield from _check_text(field)


def _check_bounds(field: Field) -> Iterator[str]:
    kind = datetime if field.type == "timestamp" else int
    bounds = [bound for bound in (field.minimum, field.maximum) if bound is not None]
    if any(not isinstance(bound, kind) or isinstance(bound, bool) for bound in bounds):
        yield f"has a bound that is not of its type: {bounds}"
    elif len(bounds) > 1 and bounds[0] > bounds[1]:  # type: ignore[operator]  # both are of one kind
        yield f"has minimum {bounds[0]} above maximum {bounds[1]}"
    sizes = [size for size in (field.min_items, field.max_items, field.max_length) if size is not None]
    if any(type(size) is not int or size < 0 for size in sizes):
        yield f"has a length that is not a whole number: {sizes}"


def _check_text(field: Field) -> Iterator[str]:
    # YAML reads a bare NO as false: Norway must be quoted.
    if any(not isinstance(value, str) for value in field.enum):
        yield f"has an enum value that is not text: {field.enum}; quote it"
    if len(set(field.enum)) != len(field.enum):
        yield f"names an enum value twice: {field.enum}"
    unknown = set(field.repair) - set(get_args(Repair))
    if unknown:
        yield f"asks for repairs that nothing does: {sorted(unknown)}; known: {', '.join(get_args(Repair))}"
    if field.pattern is not None:
        try:
            re.compile(field.pattern)
        except re.error as exc:
            yield f"has a pattern that is not a regular expression: {exc}"
        if not (field.pattern.startswith("^") and field.pattern.endswith("$")):
            yield "has a pattern that is not anchored by ^ and $, so engines would differ on it"


def check_contract(contract: Contract) -> Iterator[tuple[str, str]]:
    """Say what is wrong between the fields of one contract, as (where, what)."""
    if not VERSION.fullmatch(contract.version):
        yield "version", f"{contract.version!r} is not major.minor.patch"
    if not contract.grain:
        yield "dataGranularityDescription", "is missing; say what one row stands for"
    names = [field.name for field in contract.fields]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield name, "is described twice"
    by_name = {field.name: field for field in contract.fields}
    for name, kind in ENVELOPE.items():
        if name not in by_name or not by_name[name].required or by_name[name].type != kind:
            yield name, f"is missing, or not a required {kind}, as every event has"
            return
    if not by_name["event_id"].unique:
        yield "event_id", "is not unique, and silver keeps one row for each"
    if not contract.events or not all(event.meaning for event in contract.events):
        yield "event_type", "does not name every event of the topic with a description of when it is sent"
    key = by_name.get(contract.key)
    if key is None or not key.required or key.type != "string":
        yield "key", f"{contract.key!r} is not a required string of the contract, so it cannot order events"
    yield from _check_events(contract)


def _check_events(contract: Contract) -> Iterator[tuple[str, str]]:
    for event in contract.events:
        if event.stage not in STAGES:
            yield f"event_type[{event.name}]", f"has the stage {event.stage!r}; known: {', '.join(STAGES)}"
    for field in contract.fields:
        unknown = set(field.events) - set(contract.event_types)
        if unknown:
            yield field.name, f"is carried by {sorted(unknown)}, which the topic does not have"
        if field.events and field.required:
            yield field.name, "is required, so every event carries it; take its events away"
        for item in field.items:
            if item.events:
                yield (
                    f"{field.name}.{item.name}",
                    "has events, which only a field of the event itself has",
                )


def check_references(contracts: Mapping[str, Contract]) -> Iterator[tuple[str, str, str]]:
    """Say which references lead nowhere, as (topic, field, what)."""
    known = {f"{topic}.{field.name}" for topic, contract in contracts.items() for field in contract.fields}
    for topic, contract in contracts.items():
        for field in (*contract.fields, *(item for array in contract.fields for item in array.items)):
            if field.references is not None and field.references not in known:
                yield topic, field.name, f"refers to {field.references}, which no contract has"
    events = {event.name for contract in contracts.values() for event in contract.events}
    for topic, contract in contracts.items():
        for event in contract.events:
            for before in set(event.after) - events:
                yield topic, f"event_type[{event.name}]", f"comes after {before}, which no contract has"
