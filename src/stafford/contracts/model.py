"""What a contract says, in the words of this project: frozen, checked, without a trace of YAML."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

FieldType = Literal["string", "integer", "boolean", "timestamp", "array"]
Repair = Literal["trim", "lowercase"]

STAGES = {
    "visit": "A visitor opens pages.",
    "browse": "The visitor looks for goods, and at them.",
    "cart": "Goods go into the cart, or out of it.",
    "checkout": "The visitor means to buy.",
    "purchase": "The visitor has bought.",
    "payment": "The shop takes the money, or tries to.",
    "fulfilment": "The goods are on their way.",
    "after_sales": "The purchase is undone, in whole or in part.",
    "feedback": "The buyer says what it was like.",
    "customer": "Beside the funnel: who buys.",
    "catalogue": "Beside the funnel: what is on sale.",
    "stock": "Beside the funnel: what is there.",
}
"""Places in the funnel, from its top to its end, then what stands beside it; each with its meaning."""


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
    pii: str | None = None
    repair: tuple[Repair, ...] = ()
    unit: str | None = None
    references: str | None = None
    max_ahead_of_arrival: timedelta | None = None
    example: str | int | bool | None = None
    items: tuple["Field", ...] = ()
    """Fields of the struct that an array holds; empty for every other type."""
    events: tuple[str, ...] = ()
    """Event types that carry the field, always and alone; empty where the type does not decide."""

    def is_carried_by(self, event_type: str) -> bool | None:
        """Whether an event of a type has the field: True always, False never, None sometimes."""
        if self.events:
            return event_type in self.events
        return True if self.required else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One kind of event. meaning: when it is sent; stage: one of STAGES.

    after: event types of which at least one came before, about the same thing; empty where a story begins.
    """

    name: str
    meaning: str
    stage: str
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What producers of one topic promise and silver enforces.

    `key` names the field that orders the topic's events; `grain` says what one event stands for; `events`
    are in the order of the field event_type.
    """

    topic: str
    version: str
    key: str
    description: str
    grain: str
    fields: tuple[Field, ...]
    events: tuple[EventType, ...]

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
