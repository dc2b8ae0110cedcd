"""Identities of events and entities: from the seed, never from a machine.

An event_id is a UUID version 7: unix milliseconds, then the fraction of the millisecond in 12 bits
(RFC 9562, section 6.2, method 3), then 62 bits of the hash. So ids sort as their events occurred, to the
microsecond, and do not collide unless two of the same microsecond agree in 62 bits.
"""

import numpy as np

from stafford.generator.randomness import Ints, Keys
from stafford.generator.text import Text, format_base36, to_strings

_VERSION = np.uint64(7 << 12)
_VARIANT = np.uint64(2 << 62)
_RANDOM = np.uint64((1 << 62) - 1)


def number_events(occurred: Ints, keys: Keys) -> tuple[Keys, Keys]:
    """High and low halves of each event's id.

    Args:
        occurred: UTC microseconds since 1970.
        keys: one hash for each event.
    """
    millis, micros = np.divmod(occurred, 1000)
    fraction = (micros * 4096 // 1000).astype(np.uint64)
    high = (millis.astype(np.uint64) << np.uint64(16)) | _VERSION | fraction
    return high, (keys & _RANDOM) | _VARIANT


def name_products(numbers: Ints) -> list[str]:
    """p-00042."""
    return [f"p-{number:05d}" for number in numbers.tolist()]


def name_customers(numbers: Ints) -> list[str]:
    """c-0000017."""
    return [f"c-{number:07d}" for number in numbers.tolist()]


def name_sessions(keys: Keys) -> Text:
    """s- and 13 digits of base 36."""
    return format_base36("s-", keys)


def name_orders(keys: Keys) -> list[str]:
    """o- and 13 digits of base 36."""
    return to_strings(format_base36("o-", keys))


def name_shipments(keys: Keys) -> list[str]:
    """h- and 13 digits of base 36; one parcel for each order."""
    return to_strings(format_base36("h-", keys))


def name_payments(keys: Keys) -> list[str]:
    """y- and 13 digits of base 36."""
    return to_strings(format_base36("y-", keys))


def name_returns(keys: Keys) -> list[str]:
    """r- and 13 digits of base 36."""
    return to_strings(format_base36("r-", keys))
