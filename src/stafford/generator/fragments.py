"""Bytes that bodies are put together from, in one array, so that compiled code can copy them."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stafford.generator.compiled import BLOCK
from stafford.generator.randomness import Ints

Bytes = NDArray[np.uint8]


@dataclass(slots=True)
class Fragments:
    """Collects fragments; each is known by its number."""

    _parts: list[bytes] = field(default_factory=list)

    def add(self, text: bytes) -> int:
        """Number of a new fragment."""
        self._parts.append(text)
        return len(self._parts) - 1

    def freeze(self) -> tuple[Bytes, Ints]:
        """All fragments, and [start, length] of each."""
        lengths = np.array([len(part) for part in self._parts], np.int64)
        starts = np.cumsum(lengths) - lengths
        pool = np.frombuffer(b"".join(self._parts) + bytes(BLOCK), np.uint8)
        return pool, np.stack([starts, lengths], axis=1)
