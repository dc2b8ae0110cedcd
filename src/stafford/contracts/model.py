"""What a contract says, in the words of this project: frozen, checked, without a trace of YAML."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

FieldType = Literal["string", "integer", "boolean", "timestamp", "array"]
Repair = Literal["trim", "lowercase"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of an event, or of the lines in it.

    Bounds are inclusive. An integer has integer bounds, in `unit` ("cent", "unit") where it has one; a
    timestamp has UTC bounds. `max_length` counts characters. `repair` is applied in its order, before
    any rule is checked. `references` is "<topic>.<field>".
    """

    name: str
    type: FieldType
    required: bool
    description: str
    unique: bool = False
    minimum: int | datetime | None = None
    maximum: int | datetime | None = None
    pattern: str | None = None
    max_length: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    enum: tuple[str, ...] = ()
    enum_meanings: tuple[str, ...] = ()
    """Beside each value of `enum`: when it applies; empty where the contract does not say."""
    pii: str | None = None
    repair: tuple[Repair, ...] = ()
    unit: str | None = None
    references: str | None = None
    max_ahead_of_arrival: timedelta | None = None
    example: str | int | bool | None = None
    items: tuple["Field", ...] = ()
    """Fields of the struct that an array holds; empty for every other type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What producers of one topic promise and silver enforces.

    `key` names the field that orders the topic's events; `grain` says what one event stands for.
    """

    topic: str
    version: str
    key: str
    description: str
    grain: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """The field of that name.

        Raises:
            KeyError: the contract has no such field.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    @property
    def event_types(self) -> tuple[str, ...]:
        """Every event type of the topic, in the contract's order."""
        return self.field("event_type").enum

    @property
    def events(self) -> tuple[tuple[str, str], ...]:
        """Every event type with when it is sent."""
        field = self.field("event_type")
        return tuple(zip(field.enum, field.enum_meanings, strict=True))
