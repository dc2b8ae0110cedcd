"""Applies one rule to one body. Pure: bytes in, bytes out."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from stafford.lakehouse.quarantine.rule_file import Rule

_WHOLE = re.compile(r"\s*-?[0-9]{1,19}\s*")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def change(body: bytes | None, rule: Rule) -> bytes | None:
    """The body as the rule leaves it: the same bytes when the rule changes nothing.

    A body that is not one JSON object, and a value that cannot be cast without a loss, stay as they are.
    Applied to its own result it changes nothing.
    """
    if rule.action not in _CHANGES:
        return body
    document = read_object(body)
    if document is None or rule.where.field is None:
        return body
    parent, _, name = rule.where.field.rpartition(".")
    try:
        before = json.dumps(document, allow_nan=False)
        for holder in _holders(document, parent):
            _CHANGES[rule.action](holder, name, rule)
        # In ASCII: half of a surrogate pair, which JSON may escape, has no bytes in UTF-8.
        after = json.dumps(document, allow_nan=False)
    except (ValueError, RecursionError):
        return body  # a number such as 1e999, or too deep: nothing that we could write down again
    return body if after == before else after.encode("ascii")


def read_object(body: bytes | None) -> dict[str, Any] | None:
    """The JSON object of a body; None where it is none."""
    try:
        document = json.loads((body or b"").decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _holders(document: dict[str, Any], parent: str) -> Iterator[dict[str, Any]]:
    """The objects that have, or should have, the field: the body itself, or each item of an array in it."""
    if not parent:
        yield document
        return
    items = document.get(parent)
    if isinstance(items, list):
        yield from (item for item in items if isinstance(item, dict))


def _rename(holder: dict[str, Any], name: str, rule: Rule) -> None:
    source = rule.rename.source.rpartition(".")[2] if rule.rename else name
    # A value that is there already wins: the record may have been sent by a producer of each kind.
    if source in holder and holder.get(name) is None:
        holder[name] = holder.pop(source)


def _default(holder: dict[str, Any], name: str, rule: Rule) -> None:
    if rule.where.reason != "required" or holder.get(name) is None:
        holder[name] = rule.default


def _cast(holder: dict[str, Any], name: str, rule: Rule) -> None:
    value = holder.get(name)
    if value is None or rule.cast is None:
        return
    try:
        holder[name] = _CASTS[rule.cast](value)
    except (ValueError, TypeError, OverflowError):
        return


def _to_integer(value: Any) -> int:
    if isinstance(value, str):
        if not _WHOLE.fullmatch(value):
            raise ValueError("not a whole number")
        return int(value)
    if isinstance(value, bool) or value != int(value):
        raise ValueError("not a whole number")
    return int(value)


def _to_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    try:
        return _BOOLEANS[str(value).strip().lower()]
    except KeyError as exc:
        raise ValueError("neither true nor false") from exc


def _to_string(value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise TypeError("not a single value")
    return value if isinstance(value, str) else json.dumps(value)


def _to_timestamp(value: Any) -> str:
    """RFC 3339 in UTC, from ISO 8601 that names its own offset; a number would be a guess at its unit."""
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError("no offset")
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


_CHANGES: dict[str, Callable[[dict[str, Any], str, Rule], None]] = {
    "rename": _rename,
    "default": _default,
    "cast": _cast,
}
_CASTS: dict[str, Callable[[Any], Any]] = {
    "integer": _to_integer,
    "boolean": _to_boolean,
    "string": _to_string,
    "timestamp": _to_timestamp,
}
