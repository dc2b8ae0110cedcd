"""What was judged before: which identities have their row, and which records have their fate.

It is held in memory, so that the search for doubles costs the same however long the history is: 16 bytes for
each identity, and next to nothing for positions, which are nearly all consecutive. `arrivals` is what it is
made of, and made of again at a start.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from deltalake import DeltaTable
from pyarrow.dataset import ParquetReadOptions

Mask = npt.NDArray[np.bool_]
Longs = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

POSITION = ("topic", "_source", "_partition", "_offset")
"""Which record of bronze it is."""


class Memory:
    """The identities and positions of `arrivals`."""

    def __init__(self, arrivals: str) -> None:
        """Nothing is read before `refresh`; arrivals: the table."""
        self._uri = arrivals
        # Nobody else knows the seeds: ids come off the wire, and one that is made to collide with another
        # would remove it. Of a thousand million ids, two share 128 bits by chance once in 10^20 times.
        self._seeds = (secrets.randbits(64), secrets.randbits(64))
        self._version = -1
        self._forget()

    def _forget(self) -> None:
        self._known = _Known()
        self._judged: dict[tuple[str, str, int], _Ranges] = defaultdict(_Ranges)

    def refresh(self) -> None:
        """Read `arrivals`, unless it is as the last `add` left it: at a start, or after a compaction."""
        table = DeltaTable(self._uri)
        if table.version() == self._version:
            return
        self._forget()
        # Names of logs are few: as Parquet has them they need not be told apart again.
        options = ParquetReadOptions(dictionary_columns={"topic", "_source"})
        rows = table.to_pyarrow_dataset(parquet_read_options=options)
        for batch in rows.to_batches(columns=["identity", *POSITION]):
            if len(batch):
                self._take(pa.Table.from_batches([batch]))
        self._version = table.version()

    def add(self, arrived: pa.Table) -> None:
        """Remember rows that were just appended to `arrivals`, by the one commit since `refresh`."""
        self._take(arrived)
        self._version += 1

    def knows(self, identities: pa.ChunkedArray) -> Mask:
        """Which identities have a row in silver or quarantine."""
        return self._known.contains(*self._hash(identities))

    def has_judged(self, stands: pa.Table) -> Mask:
        """Which records have their fate already; stands: rows with POSITION."""
        found = np.zeros(len(stands), dtype=bool)
        for name, rows, offsets in _by_log(stands):
            if name in self._judged:
                found[rows] = self._judged[name].contain(offsets)
        return found

    def _take(self, rows: pa.Table) -> None:
        self._known.add(*self._hash(rows["identity"]))
        for name, _, offsets in _by_log(rows):
            self._judged[name].add(offsets)

    def _hash(self, identities: pa.ChunkedArray) -> tuple[Hashes, Hashes]:
        texts = pl.Series(pl.from_arrow(identities))
        high, low = (texts.hash(seed).to_numpy() for seed in self._seeds)
        return high, low


class _Known:
    """A set of pairs of hashes: sorted runs, of which each is more than twice as long as the next."""

    def __init__(self) -> None:
        self._runs: list[tuple[Hashes, Hashes]] = []
        self._waiting: list[tuple[Hashes, Hashes]] = []

    def add(self, high: Hashes, low: Hashes) -> None:
        # Sorted when somebody asks: at a start the whole history comes first.
        self._waiting.append((high, low))

    def _sort(self) -> None:
        fresh, self._waiting = self._waiting, []
        length = sum(len(high) for high, _ in fresh)
        while self._runs and len(self._runs[-1][0]) <= 2 * length:
            fresh.append(self._runs.pop())
            length += len(fresh[-1][0])
        if length:
            high, low = (np.concatenate(halves) for halves in zip(*fresh, strict=True))
            # Ten million take polars half a second, and numpy's argsort two.
            ordered = pl.DataFrame({"high": high, "low": low}).sort("high")
            self._runs.append((ordered["high"].to_numpy(), ordered["low"].to_numpy()))

    def contains(self, high: Hashes, low: Hashes) -> Mask:
        self._sort()
        found = np.zeros(len(high), dtype=bool)
        for run_high, run_low in self._runs:
            first = np.searchsorted(run_high, high)
            hits = np.flatnonzero(run_high[np.minimum(first, len(run_high) - 1)] == high)
            # Different ids that share their upper half stand side by side.
            width = np.searchsorted(run_high, high[hits], side="right") - first[hits]
            for step in range(width.max(initial=0)):
                at = hits[width > step]
                found[at] |= run_low[first[at] + step] == low[at]
        return found


class _Ranges:
    """A set of whole numbers that are nearly all consecutive: ranges, both ends included."""

    def __init__(self) -> None:
        # The least of all stands before every other, so that there is a range below any number.
        self._starts = self._ends = np.array([np.iinfo(np.int64).min])

    def add(self, numbers: Longs) -> None:
        if (numbers[1:] < numbers[:-1]).any():  # a log is nearly always read in its order
            numbers = np.sort(numbers)
        starts = np.concatenate([self._starts, numbers])
        ends = np.concatenate([self._ends, numbers])
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], np.maximum.accumulate(ends[order])
        begins = np.append(True, starts[1:] > ends[:-1] + 1)
        self._starts = starts[begins]
        self._ends = ends[np.append(begins[1:], True)]

    def contain(self, numbers: Longs) -> Mask:
        places = np.searchsorted(self._starts, numbers, side="right") - 1
        return np.asarray(numbers <= self._ends[places])


def _by_log(rows: pa.Table) -> Iterator[tuple[tuple[str, str, int], Longs, Longs]]:
    """Each log's name, the places of its rows, and their offsets."""
    offsets = rows["_offset"].to_numpy()
    codes = np.zeros(len(rows), dtype=np.int64)
    for column in POSITION[:-1]:
        encoded = _encode(rows[column].combine_chunks())
        codes = codes * len(encoded.dictionary) + encoded.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    for places in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        if len(places):
            topic, source, partition = (rows[column][places[0]].as_py() for column in POSITION[:-1])
            yield (topic, source, partition), places, offsets[places]


def _encode(column: pa.Array) -> pa.DictionaryArray:
    return column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
