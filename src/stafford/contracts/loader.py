"""Reads the contracts, and refuses one that its readers could not enforce.

The standard says more than this project understands. A rule that is quietly not enforced is worse than
none, so whatever nothing here would enforce is an error.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from open_data_contract_standard.model import EnumValue, SchemaObject, SchemaProperty
from pydantic import TypeAdapter

from stafford.contracts.document import read_document, refuse
from stafford.contracts.model import Contract, EventType, Field, FieldType
from stafford.contracts.rules import check_contract, check_field, check_references
from stafford.errors import ContractViolation

SUFFIX = ".odcs.yaml"

OPTIONS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "pattern": "pattern",
    "maxLength": "max_length",
    "minItems": "min_items",
    "maxItems": "max_items",
}
"""logicalTypeOptions that silver enforces, and the Field attribute of each."""

EXTRAS = {
    "pii": "pii",
    "repair": "repair",
    "unit": "unit",
    "maxAheadOfArrival": "max_ahead_of_arrival",
    "events": "events",
}
"""customProperties of a field, and the Field attribute of each."""

PHYSICAL_TYPES: dict[str | None, str] = {
    "string": "string",
    "integer": "bigint",
    "boolean": "boolean",
    "timestamp": "timestamp",
    "array": "array",
}
"""What each logicalType is in silver."""

UNDERSTOOD = {
    "name", "logicalType", "physicalType", "description", "required", "unique", "primaryKey",
    "primaryKeyPosition", "logicalTypeOptions", "classification", "customProperties", "relationships",
    "enum", "examples", "items",
}  # fmt: skip
"""What the standard lets a field say and this project acts on; quality rules, for one, it does not."""

DURATION = TypeAdapter(timedelta)


def load_contracts(directory: Path) -> dict[str, Contract]:
    """Read every contract of a directory.

    Returns:
        Contract by topic, sorted by topic.

    Raises:
        ContractViolation: there is no contract, a file is not a contract, says something that nothing
            enforces, or contradicts itself or another; the message names the file and the field.
    """
    paths = sorted(directory.glob(f"*{SUFFIX}"))
    if not paths:
        raise ContractViolation(f"no *{SUFFIX} in {directory}; point to the folder that holds the contracts")
    contracts = {path.name.removesuffix(SUFFIX): _contract(path) for path in paths}
    for topic, field, wrong in check_references(contracts):
        refuse(directory / f"{topic}{SUFFIX}", field, wrong)
    return contracts


def _contract(path: Path) -> Contract:
    document, table = read_document(path)
    extras = _extras(path, table, "schema", {"topic", "key", "onViolation"})
    contract = Contract(
        topic=str(extras.get("topic")),
        version=document.version or "",
        key=str(extras.get("key")),
        description=table.description or "",
        grain=table.dataGranularityDescription or "",
        fields=tuple(_field(path, prop) for prop in table.properties or []),
        events=tuple(_events(path, table)),
    )
    if contract.topic != path.name.removesuffix(SUFFIX):
        refuse(path, "topic", f"is {contract.topic!r}; give it the file's name")
    if extras.get("onViolation") != "quarantine":
        refuse(path, "onViolation", "is not 'quarantine', the only thing that silver does with a violation")
    for where, wrong in check_contract(contract):
        refuse(path, where, wrong)
    return contract


def _events(path: Path, table: SchemaObject) -> Iterator[EventType]:
    for prop in table.properties or []:
        for value in prop.enum or []:
            is_event = prop.name == "event_type"
            where = f"{prop.name}[{value.value}]"
            extras = _extras(path, value, where, {"stage", "after"} if is_event else set())
            if is_event:
                yield EventType(
                    name=str(value.value),
                    meaning=value.description or "",
                    stage=str(extras.get("stage")),
                    after=tuple(extras.get("after", ())),
                )


def _extras(
    path: Path, owner: SchemaObject | SchemaProperty | EnumValue, where: str, known: set[str]
) -> dict[str, Any]:
    extras = {str(extra.property): extra.value for extra in owner.customProperties or []}
    for name in extras.keys() - known:
        refuse(path, where, f"customProperties has {name!r}, which nothing reads; known: {sorted(known)}")
    return extras


def _field(path: Path, prop: SchemaProperty, parent: str = "") -> Field:
    where = f"{parent}{prop.name}"
    extras = _extras(path, prop, where, set(EXTRAS))
    _check_property(path, where, prop, is_personal="pii" in extras)
    try:
        field = Field(
            name=str(prop.name),
            type=prop.logicalType,  # type: ignore[arg-type]  # checked above
            required=bool(prop.required),
            description=prop.description or "",
            unique=bool(prop.unique),
            enum=tuple(value.value for value in prop.enum or []),  # type: ignore[misc]  # checked below
            references=_reference(prop),
            example=prop.examples[0] if prop.examples else None,
            items=tuple(_field(path, item, f"{where}.") for item in _members(prop)),
            **{OPTIONS[key]: _option(prop, value) for key, value in (prop.logicalTypeOptions or {}).items()},
            **{EXTRAS[key]: _extra(key, value) for key, value in extras.items()},
        )
    except (ValueError, TypeError) as exc:
        raise ContractViolation(f"{path.name}: {where}: {exc}") from exc
    for wrong in check_field(field):
        refuse(path, where, wrong)
    return field


def _check_property(path: Path, where: str, prop: SchemaProperty, *, is_personal: bool) -> None:
    for key in sorted(prop.model_fields_set - UNDERSTOOD):
        refuse(path, where, f"says {key!r}, which nothing here acts on; take it away")
    if prop.logicalType not in PHYSICAL_TYPES:
        refuse(path, where, f"logicalType {prop.logicalType!r} is none of {', '.join(get_args(FieldType))}")
    if prop.physicalType != PHYSICAL_TYPES[prop.logicalType]:
        refuse(path, where, f"physicalType is not {PHYSICAL_TYPES[prop.logicalType]!r}, which silver holds")
    if prop.items is not None and prop.items.logicalType != "object":
        refuse(path, where, "items is not an object; an array here holds structs")
    if prop.required is None:
        refuse(path, where, "does not say whether it is required; write required: true or false")
    for option in (prop.logicalTypeOptions or {}).keys() - OPTIONS.keys():
        refuse(path, where, f"logicalTypeOptions has {option!r}, which nothing enforces")
    if (prop.classification == "personal") != is_personal:
        refuse(path, where, "classification: personal and the custom property pii stand only together")


def _members(prop: SchemaProperty) -> list[SchemaProperty]:
    return [] if prop.items is None else prop.items.properties or []


def _option(prop: SchemaProperty, value: Any) -> Any:
    if prop.logicalType != "timestamp":
        return value
    instant = datetime.fromisoformat(str(value))
    if instant.tzinfo is None:
        raise ValueError(f"bound {value} has no time zone; end it with Z")
    return instant.astimezone(UTC)


def _extra(name: str, value: Any) -> Any:
    if name == "maxAheadOfArrival":
        return DURATION.validate_python(value)
    return tuple(value) if name in {"repair", "events"} else value


def _reference(prop: SchemaProperty) -> str | None:
    targets = [relation.to for relation in prop.relationships or []]
    if not targets:
        return None
    if len(targets) > 1 or not isinstance(targets[0], str):
        raise ValueError("relationships names more than one target; a field refers to one")
    return targets[0]
