"""How each defect changes a body, and the reason that quarantine must give for it.

Each defect breaks one rule of the contract and no other, so that there is one right answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orjson import dumps, loads

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
    "shipments": (_Target("shipment_id", "h_1"),),
}
# Fields that the contract repairs, and whether it also lowers their case. The first is always there.
_REPAIRABLE: Mapping[str, tuple[_Target, ...]] = {
    "clickstream": (_Target("device", True), _Target("search_term", True)),
    "customers": (_Target("full_name", False), _Target("email", True), _Target("city", False)),
    "products": (_Target("name", False), _Target("brand", False)),
}
_NOT_A_NUMBER = "N/A"
_EPOCH_S = 1_767_225_600


def can_spoil(defect: Defect, topic: str) -> bool:
    """Whether a defect exists on a topic: only a repairable field can carry stray whitespace."""
    return defect is not Defect.WHITESPACE or topic in _REPAIRABLE


def spoil(defect: Defect, topic: str, body: bytes, dice: int) -> tuple[bytes, str | None]:
    """Spoil one body.

    Args:
        defect: what to do to it; one that changes the body.
        topic: whose contract is broken.
        body: a clean JSON object.
        dice: a random non-negative integer that chooses field and way.

    Returns:
        The spoilt body, and the reason that quarantine must give; None where silver repairs it.
    """
    return _WAYS[defect](topic, body, dice)


def _drop(topic: str, body: bytes, dice: int) -> tuple[bytes, str]:
    field = _REQUIRED[topic][dice % len(_REQUIRED[topic])]
    content = loads(body)
    place, name = _find(content, field)
    del place[name]
    return dumps(content), f"required:{field}"


def _nullify(topic: str, body: bytes, dice: int) -> tuple[bytes, str]:
    field = _REQUIRED[topic][dice % len(_REQUIRED[topic])]
    return _set(body, field, None), f"required:{field}"


def _mistype(topic: str, body: bytes, dice: int) -> tuple[bytes, str]:
    field = _TYPED[topic][dice % len(_TYPED[topic])]
    content = loads(body)
    place, name = _find(content, field)
    as_text = isinstance(place[name], int) and dice // 16 % 2 == 0
    text = str(place[name]) if as_text else _NOT_A_NUMBER
    # A number where an instant belongs; another text would be a wrong format, not a wrong type.
    place[name] = _EPOCH_S if isinstance(place[name], str) else text
    return dumps(content), f"wrong_type:{field}"


def _pad(topic: str, body: bytes, dice: int) -> tuple[bytes, None]:
    content = loads(body)
    targets = [target for target in _REPAIRABLE[topic] if target.field in content]
    target = targets[dice % len(targets)]
    text = content[target.field]
    if target.value and dice // 16 % 2 == 0:
        content[target.field] = text.upper()
        if content[target.field].lower() == text:
            return dumps(content), None
    content[target.field] = f"  {text} "
    return dumps(content), None


def _place(targets: Mapping[str, tuple[_Target, ...]], reason: str) -> "_Way":
    def change(topic: str, body: bytes, dice: int) -> tuple[bytes, str]:
        target = targets[topic][dice % len(targets[topic])]
        return _set(body, target.field, target.value), f"{reason}:{target.field}"

    return change


def _date(occurred_at: str, reason: str) -> "_Way":
    def change(_topic: str, body: bytes, _dice: int) -> tuple[bytes, str]:
        return _set(body, "occurred_at", occurred_at), f"{reason}:occurred_at"

    return change


def _malform(_topic: str, body: bytes, _dice: int) -> tuple[bytes, str]:
    return body.replace(b'":', b'"=', 1), "malformed_json"


def _truncate(_topic: str, body: bytes, dice: int) -> tuple[bytes, str]:
    text = body.decode()  # cut between characters, so that what is left is still UTF-8
    return text[: 1 + dice % (len(text) - 1)].encode(), "malformed_json"


def _empty(_topic: str, _body: bytes, _dice: int) -> tuple[bytes, str]:
    return b"", "empty_body"


def _break_encoding(_topic: str, body: bytes, _dice: int) -> tuple[bytes, str]:
    place = body.index(b'"', 2) - 1
    return body[:place] + b"\xff\xfe" + body[place:], "not_utf8"


def _set(body: bytes, field: str, value: Any) -> bytes:
    content = loads(body)
    place, name = _find(content, field)
    place[name] = value
    return dumps(content)


def _find(content: dict[str, Any], field: str) -> tuple[dict[str, Any], str]:
    outer, _, inner = field.partition(".")
    return (content[outer][0], inner) if inner else (content, outer)


_Way = Callable[[str, bytes, int], tuple[bytes, str | None]]
_WAYS: Mapping[Defect, _Way] = {
    Defect.WHITESPACE: _pad,
    Defect.MISSING_REQUIRED: _drop,
    Defect.NULL_REQUIRED: _nullify,
    Defect.WRONG_TYPE: _mistype,
    Defect.OUT_OF_RANGE: _place(_OUT_OF_RANGE, "out_of_range"),
    Defect.UNKNOWN_ENUM: _place(_UNKNOWN, "not_in_enum"),
    Defect.BAD_FORMAT: _place(_BAD_FORMAT, "bad_format"),
    Defect.BAD_TIMESTAMP_FUTURE: _date(FUTURE, "too_far_ahead"),
    Defect.BAD_TIMESTAMP_1970: _date(PAST, "out_of_range"),
    Defect.MALFORMED_JSON: _malform,
    Defect.TRUNCATED_JSON: _truncate,
    Defect.EMPTY_BODY: _empty,
    Defect.NOT_UTF8: _break_encoding,
}
CHANGES_BODY = frozenset(_WAYS)
"""Defects that `spoil` knows; the others only move or copy a record."""
