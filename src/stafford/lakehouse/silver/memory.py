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
import pyarrow as pa
from deltalake import DeltaTable
from pandas.util import hash_array

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
        # SipHash with keys that nobody else knows: ids come off the wire, and one that is made to collide
        # with another would remove it. Of a thousand million ids, two share 128 bits once in 10^20 times.
        self._keys = (secrets.token_hex(8), secrets.token_hex(8))
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
        columns = ["identity", *POSITION]
        for batch in table.to_pyarrow_dataset().to_batches(columns=columns):
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
        texts = identities.to_numpy()
        high, low = (hash_array(texts, hash_key=key, categorize=False) for key in self._keys)
        return high, low


class _Known:
    """A set of pairs of hashes: sorted runs, of which each is more than twice as long as the next."""

    def __init__(self) -> None:
        self._runs: list[tuple[Hashes, Hashes]] = []

    def add(self, high: Hashes, low: Hashes) -> None:
        while self._runs and len(self._runs[-1][0]) <= 2 * len(high):
            other_high, other_low = self._runs.pop()
            high, low = np.concatenate([other_high, high]), np.concatenate([other_low, low])
        order = np.argsort(high, kind="stable")
        if len(high):
            self._runs.append((high[order], low[order]))

    def contains(self, high: Hashes, low: Hashes) -> Mask:
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
        numbers = np.unique(numbers)
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
        encoded = rows[column].combine_chunks().dictionary_encode()
        codes = codes * len(encoded.dictionary) + encoded.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    for places in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        if len(places):
            topic, source, partition = (rows[column][places[0]].as_py() for column in POSITION[:-1])
            yield (topic, source, partition), places, offsets[places]
