"""How each defect changes a body, and the reason that quarantine must give for it.

Each defect breaks one rule of the contract and no other, or none, so that there is one right answer. What a
defect does to the columns of an event, before it has a body, is in `mess`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from orjson import dumps

from stafford.generator.layout import LAYOUTS, Form
from stafford.generator.mess_profile import Defect

FUTURE = "2099-12-31T23:59:59.000000Z"
PAST = "1970-01-01T00:00:00.000000Z"
_BEFORE_MINIMUM = "1999-12-31T23:59:59.000000Z"


@dataclass(frozen=True, slots=True)
class _Target:
    field: str  # "lines.quantity" is the quantity of the first line
    value: Any = None


_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "clickstream": ("session_id", "page", "device", "sequence", "event_id"),
    "customers": ("full_name", "email", "country", "segment"),
    "inventory": ("product_id", "delta_units", "stock_units"),
    "orders": ("lines", "total_cents", "placed_at", "lines.product_id"),
    "payments": ("method", "amount_cents", "order_id"),
    "products": ("name", "category", "price_cents"),
    "returns": ("order_id", "refund_cents", "quantity"),
    "reviews": ("order_id", "rating", "title"),
    "shipments": ("carrier", "promised_at", "order_id"),
}
_TYPED: Mapping[str, tuple[str, ...]] = {
    "clickstream": ("sequence",),
    "customers": ("marketing_consent",),
    "inventory": ("delta_units", "stock_units"),
    "orders": ("total_cents", "shipping_cents", "lines.quantity"),
    "payments": ("amount_cents", "attempt"),
    "products": ("price_cents",),
    "returns": ("refund_cents", "quantity"),
    "reviews": ("rating",),
    "shipments": ("promised_at",),
}
_OUT_OF_RANGE: Mapping[str, tuple[_Target, ...]] = {
    "clickstream": (_Target("sequence", 0),),
    "customers": (_Target("registered_at", _BEFORE_MINIMUM),),
    "inventory": (_Target("stock_units", -5), _Target("delta_units", 9_000_000)),
    "orders": (_Target("total_cents", -100), _Target("lines.quantity", 0)),
    "payments": (_Target("amount_cents", -1), _Target("attempt", 99)),
    "products": (_Target("price_cents", 0), _Target("price_cents", -1999)),
    "returns": (_Target("quantity", 0), _Target("refund_cents", -1)),
    "reviews": (_Target("rating", 0), _Target("rating", 6)),
    "shipments": (_Target("promised_at", _BEFORE_MINIMUM),),
}
_UNKNOWN: Mapping[str, tuple[_Target, ...]] = {
    "clickstream": (_Target("device", "smart_fridge"), _Target("channel", "pigeon"), _Target("page", "blog")),
    "customers": (_Target("segment", "vip"), _Target("country", "ZZ")),
    "inventory": (_Target("event_type", "stock_lost"),),
    "orders": (_Target("country", "ZZ"), _Target("currency", "XXX")),
    "payments": (_Target("method", "barter"), _Target("currency", "XXX")),
    "products": (_Target("category", "groceries"),),
    "returns": (_Target("return_reason", "bored"),),
    "reviews": (_Target("event_type", "review_liked"),),
    "shipments": (_Target("carrier", "owl"),),
}
_BAD_FORMAT: Mapping[str, tuple[_Target, ...]] = {
    "clickstream": (_Target("session_id", "S 1"), _Target("occurred_at", "yesterday")),
    "customers": (_Target("email", "not-an-address"), _Target("registered_at", "15/01/2026")),
    "inventory": (_Target("product_id", "42"),),
    "orders": (_Target("session_id", "?"), _Target("placed_at", "15/01/2026")),
    "payments": (_Target("payment_id", "y-É"),),
    "products": (_Target("product_id", "p 1"), _Target("name", "x" * 300)),
    "returns": (_Target("return_id", "r"),),
    "reviews": (_Target("review_id", "v 1"), _Target("title", "x" * 300)),
    "shipments": (_Target("shipment_id", "h_1"),),
}
# Fields that the contract repairs, and whether it also lowers their case. The first of either is never empty.
_REPAIRABLE: Mapping[str, tuple[_Target, ...]] = {
    "clickstream": (_Target("device", True), _Target("search_term", True)),
    "customers": (_Target("full_name", False), _Target("email", True), _Target("city", False)),
    "products": (_Target("name", False), _Target("brand", False)),
    "reviews": (_Target("title", False),),
}
_LOWERED: Mapping[str, tuple[str, ...]] = {
    topic: names
    for topic, targets in _REPAIRABLE.items()
    if (names := tuple(target.field for target in targets if target.value))
}
# An id or a name that somebody pasted a file into: far over its length, and below what a broker takes.
OVERSIZE_CHARACTERS = 300_000
_LONG: Mapping[str, str] = {
    "clickstream": "session_id",
    "customers": "full_name",
    "inventory": "product_id",
    "orders": "session_id",
    "payments": "payment_id",
    "products": "name",
    "returns": "return_id",
    "reviews": "title",
    "shipments": "shipment_id",
}
OLD_VERSION = "0.9.0"
NEWER_FIELD: Mapping[str, str] = {
    "clickstream": "search_term",
    "customers": "city",
    "inventory": "order_id",
    "payments": "decline_reason",
}
"""The optional field that a topic did not have in its old version; other topics had them all."""

_UNANNOUNCED = (
    {"loyalty_tier": "gold"},
    {"experiment": {"name": "one-page checkout", "arm": None, "weights": [0.5, 0.5]}},
    {"schema_hint": "v2", "is_internal": False},
)
_FOREIGN = ("USD", "GBP")
_CURRENCIES = frozenset({"orders", "payments", "products", "returns"})
_CENTS: Mapping[str, tuple[str, ...]] = {
    "clickstream": ("unit_price_cents",),
    "orders": ("total_cents", "subtotal_cents", "shipping_cents", "coupon_cents", "tax_cents"),
    "payments": ("amount_cents",),
    "products": ("price_cents",),
    "returns": ("refund_cents",),
}
_NAMES: Mapping[str, tuple[str, ...]] = {
    "customers": ("full_name",),
    "products": ("name",),
    "reviews": ("title",),
}
_NOT_A_NUMBER = "N/A"
_EPOCH_S = 1_767_225_600
_ONLY_ON: Mapping[Defect, Collection[str]] = {
    Defect.WHITESPACE: _REPAIRABLE,
    # Where all events of a key are told at once, so that it is known which one comes next.
    Defect.OUT_OF_ORDER: {"clickstream", "orders", "payments", "returns", "shipments"},
    Defect.CLOCK_SKEW: {"clickstream"},
    Defect.UNKNOWN_PRODUCT: {"clickstream", "orders", "returns", "reviews"},
    Defect.UNKNOWN_CUSTOMER: {"clickstream", "orders", "reviews"},
    Defect.MIXED_CURRENCY: _CURRENCIES,
    Defect.DECIMAL_COMMA: _CENTS,
    Defect.MOJIBAKE: _NAMES,
    Defect.HOMOGLYPH: _NAMES,
    Defect.EMOJI: _NAMES,
    Defect.DOUBLE_SUBMITTED: {"orders"},
    Defect.SECOND_ACCOUNT: {"customers"},
    Defect.TEST_ORDER: {"orders"},
    Defect.BOT: {"clickstream"},
    Defect.FRAUD: {"orders", "payments"},
    Defect.CASING: _LOWERED,
}


class Action(IntEnum):
    """What is done to a body while it is written."""

    NONE = 0
    DROP = 1  # the field is not there
    PLACE = 2  # something else stands in the field
    QUOTE = 3  # a number as text
    PAD = 4  # spaces around a text
    RAISE = 5  # a text in capitals
    COMMA = 6  # cents as text, with a decimal comma
    REWORD = 7  # a name is written otherwise, as `rewording` says for the defect
    EXTEND = 8  # more fields before the last brace
    MALFORM = 9  # the first colon is an equals sign
    TRUNCATE = 10
    EMPTY = 11
    BREAK_ENCODING = 12


@dataclass(frozen=True, slots=True)
class Change:
    """One way in which a defect can show. reason: what quarantine must say; None where silver repairs it.

    field: "lines.quantity" is the quantity of the first line; value: JSON that PLACE and EXTEND write.
    """

    action: Action
    reason: str | None
    field: str = ""
    value: bytes = b""


def can_spoil(defect: Defect, topic: str) -> bool:
    """Whether a defect exists on a topic: only a repairable field can carry stray whitespace."""
    return defect not in _ONLY_ON or topic in _ONLY_ON[defect]


def list_changes(defect: Defect, topic: str) -> tuple[Change, ...]:
    """Every way in which a defect can show on a topic, each as likely; none where bodies stay as they are."""
    return tuple(_list_changes(defect, topic)) if can_spoil(defect, topic) else ()


def _list_changes(defect: Defect, topic: str) -> Iterator[Change]:  # noqa: C901, PLR0912 - one branch for each defect
    match defect:
        case Defect.MISSING_REQUIRED:
            for name in _REQUIRED[topic]:
                yield Change(Action.DROP, f"required:{name}", name)
        case Defect.NULL_REQUIRED:
            for name in _REQUIRED[topic]:
                yield Change(Action.PLACE, f"required:{name}", name, b"null")
        case Defect.WRONG_TYPE:
            yield from _mistype(topic)
        case Defect.OUT_OF_RANGE:
            yield from _place(_OUT_OF_RANGE[topic], "out_of_range")
        case Defect.UNKNOWN_ENUM:
            yield from _place(_UNKNOWN[topic], "not_in_enum")
        case Defect.BAD_FORMAT:
            yield from _place(_BAD_FORMAT[topic], "bad_format")
        case Defect.BAD_TIMESTAMP_FUTURE:
            yield from _place((_Target("occurred_at", FUTURE),), "too_far_ahead")
        case Defect.BAD_TIMESTAMP_1970:
            yield from _place((_Target("occurred_at", PAST),), "out_of_range")
        case Defect.WHITESPACE:
            for target in _REPAIRABLE[topic]:
                yield Change(Action.PAD, None, target.field)
        case Defect.CASING:
            for name in _LOWERED[topic]:
                yield Change(Action.RAISE, None, name)
        case Defect.MALFORMED_JSON:
            yield Change(Action.MALFORM, "malformed_json")
        case Defect.TRUNCATED_JSON:
            yield Change(Action.TRUNCATE, "malformed_json")
        case Defect.EMPTY_BODY:
            yield Change(Action.EMPTY, "empty_body")
        case Defect.NOT_UTF8:
            yield Change(Action.BREAK_ENCODING, "not_utf8")
        case Defect.OVERSIZE:
            yield from _place((_Target(_LONG[topic], "x" * OVERSIZE_CHARACTERS),), "bad_format")
        case Defect.OLD_VERSION:
            yield Change(Action.PLACE, None, "contract_version", dumps(OLD_VERSION))
        case Defect.NEW_FIELD:
            for fields in _UNANNOUNCED:
                yield Change(Action.EXTEND, None, value=b"," + dumps(fields)[1:-1])
        case Defect.MIXED_CURRENCY:
            yield from _place([_Target("currency", word) for word in _FOREIGN], "not_in_enum")
        case Defect.DECIMAL_COMMA:
            for name in _CENTS[topic]:
                yield Change(Action.COMMA, f"wrong_type:{name}", name)
        case Defect.MOJIBAKE | Defect.HOMOGLYPH | Defect.EMOJI:
            for name in _NAMES[topic]:
                yield Change(Action.REWORD, None, name)


def _mistype(topic: str) -> Iterator[Change]:
    forms = {field.name: field.form for field in LAYOUTS[topic].fields}
    for name in _TYPED[topic]:
        reason = f"wrong_type:{name}"
        if forms.get(name) is Form.INSTANT:
            # A number where an instant belongs; another text would be a wrong format, not a wrong type.
            yield Change(Action.PLACE, reason, name, dumps(_EPOCH_S))
            continue
        yield Change(Action.PLACE, reason, name, dumps(_NOT_A_NUMBER))
        yield Change(Action.PLACE if forms.get(name) is Form.FLAG else Action.QUOTE, reason, name, b'"yes"')


def _place(targets: Iterable[_Target], reason: str) -> Iterator[Change]:
    for target in targets:
        yield Change(Action.PLACE, f"{reason}:{target.field}", target.field, dumps(target.value))
