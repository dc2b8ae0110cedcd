"""Which defects the generator makes on purpose, and how often."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from stafford.generator.layout import LAYOUTS

Rate = Annotated[float, Field(ge=0, le=0.5)]
TOPIC_OF = {kind: topic for topic, layout in LAYOUTS.items() for kind in layout.event_types}
"""The topic of each event type; no two topics share one."""


def _check_topic(name: str) -> str:
    if name not in LAYOUTS:
        raise ValueError(f"no topic; there are {', '.join(LAYOUTS)}")
    return name


def _check_event_type(name: str) -> str:
    if name not in TOPIC_OF:
        raise ValueError(f"no event type; there are {', '.join(TOPIC_OF)}")
    return name


Topic = Annotated[str, AfterValidator(_check_topic)]
EventType = Annotated[str, AfterValidator(_check_event_type)]


class Defect(StrEnum):
    """What the mess does to a record; CLEAN is nothing. The order is part of the draw: add at the end."""

    CLEAN = "clean"
    DUPLICATE = "duplicate"
    DUPLICATE_LATER = "duplicate_later"
    LATE = "late"
    WHITESPACE = "whitespace"
    MISSING_REQUIRED = "missing_required"
    NULL_REQUIRED = "null_required"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    UNKNOWN_ENUM = "unknown_enum"
    BAD_FORMAT = "bad_format"
    BAD_TIMESTAMP_FUTURE = "bad_timestamp_future"
    BAD_TIMESTAMP_1970 = "bad_timestamp_1970"
    MALFORMED_JSON = "malformed_json"
    TRUNCATED_JSON = "truncated_json"
    EMPTY_BODY = "empty_body"
    NOT_UTF8 = "not_utf8"
    LATE_MINUTES = "late_minutes"
    LATE_DAYS = "late_days"
    OUT_OF_ORDER = "out_of_order"
    CLOCK_SKEW = "clock_skew"
    UNKNOWN_PRODUCT = "unknown_product"
    UNKNOWN_CUSTOMER = "unknown_customer"
    OVERSIZE = "oversize"
    OLD_VERSION = "old_version"
    NEW_FIELD = "new_field"
    MIXED_CURRENCY = "mixed_currency"
    DECIMAL_COMMA = "decimal_comma"
    MOJIBAKE = "mojibake"
    HOMOGLYPH = "homoglyph"
    EMOJI = "emoji"
    DOUBLE_SUBMITTED = "double_submitted"
    SECOND_ACCOUNT = "second_account"
    TEST_ORDER = "test_order"
    BOT = "bot"
    FRAUD = "fraud"
    CASING = "casing"


DEFECTS = tuple(Defect)
"""By the number that stands in a row."""

OF_WHOLES = (Defect.CLOCK_SKEW, Defect.TEST_ORDER, Defect.BOT, Defect.FRAUD)
"""All records of a session, a visit or an order have one of these, or none: no type has a rate of its own."""


class MessProfile(BaseModel):
    """Share of records with each defect: of every topic, and where one topic or one event type differs.

    A share is of the records that can have the defect: those of a topic where `defects.can_spoil` allows it,
    and that hold what it needs, such as a product. CLOCK_SKEW is a share of sessions, BOT of visits that do
    not end in an order, TEST_ORDER of orders, FRAUD of orders by guests: all records of one have it or none,
    so an event type cannot differ.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    every_topic: dict[Defect, Rate]
    topics: dict[Topic, dict[Defect, Rate]] = Field(default_factory=dict)
    event_types: dict[EventType, dict[Defect, Rate]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_sum(self) -> Self:
        sums = {"every_topic": self.rates(""), **{topic: self.rates(topic) for topic in self.topics}}
        sums |= {kind: self.rates(TOPIC_OF[kind], kind) for kind in self.event_types}
        for name, rates in sums.items():
            total = sum(rates.values())
            if total > 1:
                raise ValueError(f"the rates of {name} sum to {total:.3f}, more than 1")
        if any(Defect.CLEAN in rates for rates in sums.values()):
            raise ValueError("clean is what is left over; give no rate for it")
        return self

    @model_validator(mode="after")
    def _check_wholes(self) -> Self:
        for kind, rates in self.event_types.items():
            for defect in OF_WHOLES:
                if defect in rates:
                    raise ValueError(
                        f"event_types.{kind}.{defect} is {rates[defect]}: a whole session or order has it or "
                        f"none; give it under topics.{TOPIC_OF[kind]}"
                    )
        return self

    def rates(self, topic: str, event_type: str = "") -> dict[Defect, float]:
        """The rate of each defect on a topic, or on one of its event types."""
        return {**self.every_topic, **self.topics.get(topic, {}), **self.event_types.get(event_type, {})}
