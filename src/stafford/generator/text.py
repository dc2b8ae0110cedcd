"""Numbers as ASCII text, written by compiled code into one array of bytes."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stafford.generator.compiled import kernel, put_word
from stafford.generator.randomness import Ints

CODE_DIGITS = 13
"""Digits of base 32 that hold 64 bits."""

EVENT_ID_DIGITS = 36

_DAY = 86_400_000_000
_SLACK = 16  # words of eight bytes may end behind the text
_VERSION = np.uint64(7 << 12)
_VARIANT = np.uint64(2 << 62)
_RANDOM = np.uint64((1 << 62) - 1)

Bytes = NDArray[np.uint8]


@kernel
def _eight_digits(value: np.uint64) -> np.uint64:
    """ASCII of a number below 10**8 as eight bytes, by halving: 8 digits to 4 and 4, to 2s, to 1s."""
    fours = (value // np.uint64(10_000)) | ((value % np.uint64(10_000)) << np.uint64(32))
    hundreds = ((fours * np.uint64(10_486)) >> np.uint64(20)) & np.uint64(0x7F0000007F)
    twos = hundreds | ((fours - hundreds * np.uint64(100)) << np.uint64(16))
    tens = ((twos * np.uint64(103)) >> np.uint64(10)) & np.uint64(0x000F000F000F000F)
    ones = tens | ((twos - tens * np.uint64(10)) << np.uint64(8))
    return ones + np.uint64(0x3030303030303030)


@kernel
def put_integer(out: Bytes, at: int, value: int) -> int:
    """Write a signed integer; returns where it ends, as all of these do."""
    if value < 0:
        out[at] = ord("-")
        at += 1
        value = -value
    return put_padded(out, at, value, 1)


@kernel
def put_padded(out: Bytes, at: int, value: int, digits: int) -> int:
    """Write a non-negative integer with at least so many digits."""
    number = np.uint64(value)
    if number < np.uint64(100_000_000) and digits <= 8:  # noqa: PLR2004
        needed, limit = 1, np.uint64(10)
        while number >= limit:
            limit *= np.uint64(10)
            needed += 1
        width = max(digits, needed)
        put_word(out, at, _eight_digits(number) >> np.uint64(8 * (8 - width)))
        return at + width
    needed, rest = 1, number // np.uint64(10)
    while rest > np.uint64(0):
        rest //= np.uint64(10)
        needed += 1
    width = max(digits, needed)
    for place in range(at + width - 1, at - 1, -1):
        rest = number // np.uint64(10)
        out[place] = np.uint8(48) + np.uint8(number - rest * np.uint64(10))
        number = rest
    return at + width


@kernel
def _spread_code(bits: np.uint64) -> np.uint64:
    """ASCII of 40 bits as eight digits of base 32, the highest first."""
    spread = np.uint64(0)
    for place in range(8):
        digit = (bits >> np.uint64(35 - 5 * place)) & np.uint64(31)
        spread |= digit << np.uint64(8 * place)
    letters = ((spread + np.uint64(0x7676767676767676)) >> np.uint64(7)) & np.uint64(0x0101010101010101)
    return spread + np.uint64(0x3030303030303030) + letters * np.uint64(39)


@kernel
def put_code(out: Bytes, at: int, value: np.uint64) -> int:
    """Write 64 bits as CODE_DIGITS digits of 0-9a-v."""
    put_word(out, at, _spread_code(value >> np.uint64(25)))
    put_word(out, at + 8, _spread_code((value & np.uint64(0x1FFFFFF)) << np.uint64(15)))
    return at + CODE_DIGITS


@kernel
def put_instant(out: Bytes, at: int, micros: int) -> int:
    """Write UTC microseconds as RFC 3339: 2026-01-15T20:31:07.125000Z.

    The date is that of the Gregorian calendar; source: H. Hinnant, "chrono-Compatible Low-Level Date
    Algorithms", civil_from_days.
    """
    days = micros // _DAY
    of_day = micros - days * _DAY
    shifted = np.uint64(days + 719_468)
    era = shifted // np.uint64(146_097)
    of_era = shifted - era * np.uint64(146_097)
    year_of_era = (
        of_era - of_era // np.uint64(1460) + of_era // np.uint64(36_524) - of_era // np.uint64(146_096)
    ) // np.uint64(365)
    of_year = of_era - (
        np.uint64(365) * year_of_era + year_of_era // np.uint64(4) - year_of_era // np.uint64(100)
    )
    month_place = (np.uint64(5) * of_year + np.uint64(2)) // np.uint64(153)
    day = of_year - (np.uint64(153) * month_place + np.uint64(2)) // np.uint64(5) + np.uint64(1)
    month = month_place + np.uint64(3) if month_place < np.uint64(10) else month_place - np.uint64(9)
    year = year_of_era + era * np.uint64(400) + (np.uint64(1) if month <= np.uint64(2) else np.uint64(0))
    seconds = np.uint64(of_day) // np.uint64(1_000_000)
    fraction = np.uint64(of_day) - seconds * np.uint64(1_000_000)
    date = year * np.uint64(10_000) + month * np.uint64(100) + day
    minutes = seconds // np.uint64(60)
    hours = minutes // np.uint64(60)
    clock = hours * np.uint64(10_000) + (minutes - hours * np.uint64(60)) * np.uint64(100)
    clock += seconds - minutes * np.uint64(60)
    ymd, hms = _eight_digits(date), _eight_digits(clock)
    # 2026-01- 15T20:31 :07. 125000Z: eight characters at a time, the first in the lowest byte.
    half, two = np.uint64(0xFFFFFFFF), np.uint64(0xFFFF)
    month_text, day_text = (ymd >> np.uint64(32)) & two, ymd >> np.uint64(48)
    hour_text, minute_text = (hms >> np.uint64(16)) & two, (hms >> np.uint64(32)) & two
    word = (ymd & half) | np.uint64(ord("-") << 32) | (month_text << np.uint64(40))
    put_word(out, at, word | np.uint64(ord("-") << 56))
    word = day_text | np.uint64(ord("T") << 16) | (hour_text << np.uint64(24))
    put_word(out, at + 8, word | np.uint64(ord(":") << 40) | (minute_text << np.uint64(48)))
    word = np.uint64(ord(":")) | ((hms >> np.uint64(48)) << np.uint64(8))
    put_word(out, at + 16, word | np.uint64(ord(".") << 24))
    put_word(out, at + 20, (_eight_digits(fraction) >> np.uint64(16)) | np.uint64(ord("Z") << 48))
    return at + 27


@kernel
def find_id_high(occurred: int) -> np.uint64:
    """The first half of an event's id: milliseconds, version, fraction of the millisecond in 12 bits."""
    millis = occurred // 1000
    fraction = (occurred - millis * 1000) * 4096 // 1000
    return (np.uint64(millis) << np.uint64(16)) | _VERSION | np.uint64(fraction)


@kernel
def find_id_low(key: np.uint64) -> np.uint64:
    """The second half: 62 bits of the event's hash."""
    return (key & _RANDOM) | _VARIANT


@kernel
def _spread_hex(bits: np.uint64) -> np.uint64:
    """ASCII of 32 bits as eight hexadecimal digits, the highest first."""
    wide = ((bits & np.uint64(0xFFFF)) << np.uint64(32)) | (bits >> np.uint64(16))
    wide = ((wide & np.uint64(0x000000FF000000FF)) << np.uint64(16)) | (
        (wide >> np.uint64(8)) & np.uint64(0x000000FF000000FF)
    )
    wide = ((wide & np.uint64(0x000F000F000F000F)) << np.uint64(8)) | (
        (wide >> np.uint64(4)) & np.uint64(0x000F000F000F000F)
    )
    letters = ((wide + np.uint64(0x0606060606060606)) >> np.uint64(4)) & np.uint64(0x0101010101010101)
    return wide + np.uint64(0x3030303030303030) + letters * np.uint64(39)


@kernel
def put_event_id(out: Bytes, at: int, occurred: int, key: np.uint64) -> int:
    """Write a UUID of version 7: 8-4-4-4-12 hexadecimal digits."""
    high, low = find_id_high(occurred), find_id_low(key)
    second, third = _spread_hex(high & np.uint64(0xFFFFFFFF)), _spread_hex(low >> np.uint64(32))
    dash, half = np.uint64(ord("-")), np.uint64(0xFFFFFFFF)
    put_word(out, at, _spread_hex(high >> np.uint64(32)))
    put_word(out, at + 8, dash | ((second & half) << np.uint64(8)) | (dash << np.uint64(40)))
    put_word(out, at + 14, second >> np.uint64(32))
    put_word(out, at + 18, dash | ((third & half) << np.uint64(8)) | (dash << np.uint64(40)))
    put_word(out, at + 24, third >> np.uint64(32))
    put_word(out, at + 28, _spread_hex(low & np.uint64(0xFFFFFFFF)))
    return at + EVENT_ID_DIGITS


@kernel
def _write_event_ids(occurred: Ints, keys: Ints, out: Bytes) -> None:
    for row in range(len(occurred)):
        put_event_id(out, row * EVENT_ID_DIGITS, occurred[row], np.uint64(keys[row]))


@kernel
def _write_codes(prefix: Bytes, keys: Ints, out: Bytes) -> None:
    at = 0
    for row in range(len(keys)):
        for place in range(len(prefix)):
            out[at + place] = prefix[place]
        at = put_code(out, at + len(prefix), np.uint64(keys[row]))


@kernel
def _write_numbers(prefix: Bytes, digits: int, numbers: Ints, out: Bytes, ends: NDArray[np.int32]) -> None:
    at = 0
    for row in range(len(numbers)):
        if numbers[row] >= 0:
            for place in range(len(prefix)):
                out[at + place] = prefix[place]
            at = put_padded(out, at + len(prefix), numbers[row], digits)
        ends[row + 1] = at


def event_ids(occurred: Ints, keys: Ints) -> pa.Array:
    """Ids of events as Arrow strings."""
    out = np.empty(len(occurred) * EVENT_ID_DIGITS + _SLACK, np.uint8)
    _write_event_ids(occurred, keys, out)
    return _fixed(out, EVENT_ID_DIGITS, len(occurred))


def codes(prefix: str, keys: Ints) -> pa.Array:
    """A prefix and CODE_DIGITS digits of base 32, as Arrow strings."""
    width = len(prefix) + CODE_DIGITS
    out = np.empty(len(keys) * width + _SLACK, np.uint8)
    _write_codes(np.frombuffer(prefix.encode(), np.uint8), keys, out)
    return _fixed(out, width, len(keys))


def numbers(prefix: str, digits: int, values: Ints) -> pa.Array:
    """A prefix and a padded number, as Arrow strings; empty where the number is negative."""
    out = np.empty(len(values) * (len(prefix) + 20) + _SLACK, np.uint8)
    ends = np.zeros(len(values) + 1, np.int32)
    _write_numbers(np.frombuffer(prefix.encode(), np.uint8), digits, values, out, ends)
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(ends), pa.py_buffer(out))


def _fixed(out: Bytes, width: int, rows: int) -> pa.Array:
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(out))
