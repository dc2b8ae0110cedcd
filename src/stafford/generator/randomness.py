"""Counter-based randomness: every number is hash(seed, stream, entity, draw), never the next of a sequence.

Nothing is consumed, so any process can compute any part alone, in any order, and gets the same bits.
Only wrapping integer arithmetic and single IEEE 754 operations are used, which every machine rounds alike.

Source: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014
(SplitMix64); its finaliser is Mix13 of D. Stafford, "Better Bit Mixing", 2011.
"""

from hashlib import blake2b
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stafford.generator.compiled import kernel

Keys: TypeAlias = NDArray[np.uint64]
Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_UNIT = 2.0**-53


def name_stream(*parts: object) -> int:
    """A 64-bit constant for a stream of draws, the same on every machine."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def mix(values: Keys) -> Keys:
    """Scramble 64-bit integers; a bijection, so distinct inputs stay distinct."""
    mixed = np.empty(len(values), np.uint64)
    _mix_all(np.ascontiguousarray(values), mixed)
    return mixed


def derive(parent: Keys | int, stream: int, index: NDArray[Any] | int) -> Keys:
    """Keys of the children of an entity: distinct for distinct `index` below one parent and stream.

    Args:
        parent: one entity, or an array of them.
        stream: of which stream of children.
        index: one number for all parents, or one for each; many for the one parent.
    """
    parents = np.array([parent & _MASK], np.uint64) if isinstance(parent, int) else parent
    numbers = _to_numbers(index)
    keys = np.empty(len(parents) if len(numbers) == 1 else len(numbers), np.uint64)
    _derive_all(np.ascontiguousarray(parents), np.uint64(stream), numbers, keys)
    return keys


def draw_unit(keys: Keys, draw: NDArray[Any] | int) -> Floats:
    """Uniform numbers in [0, 1) with 53 bits: draw number `draw` of each key, or many of one key."""
    draws = _to_numbers(draw)
    units = np.empty(len(keys) if len(draws) == 1 else len(draws), np.float64)
    _draw_all(np.ascontiguousarray(keys), draws, units)
    return units


def _to_numbers(index: NDArray[Any] | int) -> Keys:
    return np.array([index], np.uint64) if isinstance(index, int) else np.ascontiguousarray(index, np.uint64)


def to_unit(keys: Keys) -> Floats:
    """Read keys that serve no other purpose as uniform numbers in [0, 1)."""
    return (keys >> np.uint64(11)).astype(np.float64) * _UNIT


def draw_below(keys: Keys, draw: NDArray[Any] | int, limit: NDArray[Any] | int) -> Ints:
    """Uniform integers in [0, limit); limit below 2**53."""
    return (draw_unit(keys, draw) * limit).astype(np.int64)


def draw_between(keys: Keys, draw: int, least: int, most: int) -> Ints:
    """Uniform integers in [least, most], both included."""
    return least + draw_below(keys, draw, most - least + 1)


def raise_to(units: Floats, power: int) -> Floats:
    """An integer power by multiplication: `**` may differ in the last bit between platforms."""
    result = units.copy()
    for _ in range(power - 1):
        result *= units
    return result


# The same, one number at a time, for compiled loops. numba makes a double of an unsigned and a signed
# integer, so every operand is unsigned.


@kernel
def mix_one(value: np.uint64) -> np.uint64:
    """`mix` of one number."""
    value ^= value >> np.uint64(30)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@kernel
def derive_one(parent: np.uint64, stream: np.uint64, index: int) -> np.uint64:
    """`derive` of one child."""
    return mix_one(mix_one(parent ^ stream) + np.uint64(index) * np.uint64(_GOLDEN))


@kernel
def draw_one(key: np.uint64, draw: int) -> float:
    """`draw_unit` of one key."""
    return float(mix_one(key + np.uint64(draw + 1) * np.uint64(_GOLDEN)) >> np.uint64(11)) * _UNIT


@kernel
def _mix_all(values: Keys, mixed: Keys) -> None:
    for place in range(len(values)):
        mixed[place] = mix_one(values[place])


@kernel
def _derive_all(parents: Keys, stream: np.uint64, numbers: Keys, keys: Keys) -> None:
    one_parent, one_number = len(parents) == 1, len(numbers) == 1
    for place in range(len(keys)):
        parent, number = parents[0 if one_parent else place], numbers[0 if one_number else place]
        keys[place] = derive_one(parent, stream, number)


@kernel
def _draw_all(keys: Keys, draws: Keys, units: Floats) -> None:
    one_key, one_draw = len(keys) == 1, len(draws) == 1
    for place in range(len(units)):
        key, draw = keys[0 if one_key else place], draws[0 if one_draw else place]
        units[place] = to_unit_one(mix_one(key + (draw + np.uint64(1)) * np.uint64(_GOLDEN)))


@kernel
def to_unit_one(key: np.uint64) -> float:
    """`to_unit` of one key."""
    return float(key >> np.uint64(11)) * _UNIT


@kernel
def below_one(key: np.uint64, draw: int, limit: int) -> int:
    """`draw_below` of one key."""
    return int(draw_one(key, draw) * limit)


@kernel
def choose_one(unit: float, bounds: Floats) -> int:
    """`distributions.choose` of one number, for few choices."""
    place = 0
    while place < len(bounds) and unit >= bounds[place]:
        place += 1
    return place
