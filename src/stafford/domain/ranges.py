"""Stretches of a log, and whoever reads them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Range:
    """Offsets `first` to `until`, exclusive, of one partition."""

    topic: str
    partition: int
    first: int
    until: int


ReadRanges = Callable[[Sequence[Range]], Iterator[pa.Table]]
"""Gives the rows of ranges of different partitions: tables of one partition each, in the order of offsets,
with the columns of LANDED_SCHEMA but `source`. Raises StaffordError."""
