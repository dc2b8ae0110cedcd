"""Instants as they are written on the wire: RFC 3339, in UTC, to the microsecond at most."""

import re
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from stafford.domain.record import UTC_MICROS

_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z"
_ONE = re.compile(_PATTERN)
_MANY = f"^{_PATTERN}$"


def read_instant(text: str | None) -> datetime | None:
    """The instant; None for a text that is none, and for no text."""
    # fromisoformat alone takes a date, a local time and a week as well.
    if text is None or _ONE.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None  # no such day, or no such hour


def read_instants(texts: pa.Array) -> pa.Array:
    """The same of a whole column: timestamps, null for what is no instant."""
    is_written_well = pc.match_substring_regex(texts, _MANY)
    try:
        return pc.if_else(is_written_well, texts, None).cast(UTC_MICROS)
    except pa.ArrowInvalid:
        # One that names no day stops the cast of all.
        return pa.array([read_instant(text) for text in texts.to_pylist()], UTC_MICROS)
