"""Which defects the generator makes on purpose, and how often."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Rate = Annotated[float, Field(ge=0, le=0.5)]


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


class MessProfile(BaseModel):
    """Share of records with each defect: of every topic, and where one topic differs.

    A share is of the records that can have the defect: those of a topic where `defects.can_spoil` allows it,
    and that hold what it needs, such as a product. CLOCK_SKEW is a share of sessions, BOT of visits that do
    not end in an order, TEST_ORDER of orders, FRAUD of orders by guests: all records of one have it or none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    every_topic: dict[Defect, Rate]
    topics: dict[str, dict[Defect, Rate]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_sum(self) -> Self:
        for topic in ("", *self.topics):
            total = sum(self.rates(topic).values())
            if total > 1:
                raise ValueError(f"the rates of {topic or 'every_topic'} sum to {total:.3f}, more than 1")
        if Defect.CLEAN in {*self.every_topic, *(d for rates in self.topics.values() for d in rates)}:
            raise ValueError("clean is what is left over; give no rate for it")
        return self

    def rates(self, topic: str) -> dict[Defect, float]:
        """The rate of each defect on a topic."""
        return {**self.every_topic, **self.topics.get(topic, {})}
