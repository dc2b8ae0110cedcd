"""Fixed-width ASCII text for many rows at once, as matrices of bytes: one row of the matrix is one text."""

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stafford.generator.curve import DAY
from stafford.generator.randomness import Ints, Keys

Text: TypeAlias = NDArray[np.uint8]

_HEX = np.array([list(f"{byte:02x}".encode()) for byte in range(256)], np.uint8)
_BASE36 = np.frombuffer(b"0123456789abcdefghijklmnopqrstuvwxyz", np.uint8)
_BASE36_WIDTH = 13  # 36**13 > 2**64
_UUID_DIGITS = [place for place in range(36) if place not in {8, 13, 18, 23}]
_INSTANT = np.frombuffer(b"0000-00-00T00:00:00.000000Z", np.uint8)


def to_strings(text: Text) -> list[str]:
    """The rows as Python strings."""
    width = text.shape[1]
    whole = text.tobytes().decode("ascii")
    return [whole[start : start + width] for start in range(0, len(whole), width)]


def to_arrow(text: Text) -> pa.Array:
    """The rows as an Arrow string array, without a Python object per row."""
    rows, width = text.shape
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(text.tobytes()))


def format_uuids(high: Keys, low: Keys) -> Text:
    """Write 128-bit numbers as UUIDs: 8-4-4-4-12 hexadecimal digits."""
    octets = np.stack([high, low], axis=1).astype(">u8").view(np.uint8)
    text = np.full((len(high), 36), ord("-"), np.uint8)
    text[:, _UUID_DIGITS] = _HEX[octets].reshape(len(high), 32)
    return text


def format_base36(prefix: str, keys: Keys) -> Text:
    """Write 64-bit keys as a prefix and 13 digits of 0-9a-z."""
    text = np.empty((len(keys), len(prefix) + _BASE36_WIDTH), np.uint8)
    text[:, : len(prefix)] = np.frombuffer(prefix.encode(), np.uint8)
    rest = keys.copy()
    for place in range(text.shape[1] - 1, len(prefix) - 1, -1):
        rest, digit = np.divmod(rest, np.uint64(36))
        text[:, place] = _BASE36[digit]
    return text


def format_instants(micros: Ints) -> Text:
    """Write instants as RFC 3339 in UTC with microseconds: 2026-01-15T20:31:07.125000Z."""
    text = np.tile(_INSTANT, (len(micros), 1))
    days, of_day = np.divmod(micros, DAY)
    unique_days, which = np.unique(days, return_inverse=True)
    dates: NDArray[Any] = np.datetime_as_string(unique_days.astype("datetime64[D]")).astype("S10")
    if len(micros):
        text[:, :10] = dates.view(np.uint8).reshape(len(unique_days), 10)[which]
    minutes, of_minute = np.divmod(of_day, 60_000_000)
    hours, minutes = np.divmod(minutes, 60)
    seconds, fraction = np.divmod(of_minute, 1_000_000)
    for value, first, width in ((hours, 11, 2), (minutes, 14, 2), (seconds, 17, 2), (fraction, 20, 6)):
        _write_digits(text, value, first, width)
    return text


def _write_digits(text: Text, values: Ints, first: int, width: int) -> None:
    rest = values
    for place in range(first + width - 1, first - 1, -1):
        rest, digit = np.divmod(rest, 10)
        text[:, place] += digit.astype(np.uint8)
