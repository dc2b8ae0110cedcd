"""What was judged before: which identities have their row, and which records have their fate.

It is held in memory, so that the search for doubles costs the same however long the history is: 16 bytes for
each identity, and next to nothing for positions, which are nearly all consecutive. `arrivals` is what it is
made of; a start takes most of it from a snapshot.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from deltalake import DeltaTable
from pyarrow.dataset import FileSystemDataset, ParquetReadOptions

from stafford.domain.lake import Lake
from stafford.errors import StorageError
from stafford.lakehouse.silver.snapshot import Hashes, Log, Longs, Snapshot, keep, load, save

Mask = npt.NDArray[np.bool_]

POSITION = ("topic", "_source", "_partition", "_offset")
"""Which record of bronze it is."""

WORTH_SAVING = 1_000_000
"""Identities that a snapshot must lack before a new one is written: they are read in some 0.2 s. It must lack
half as many as it has, too, so that all writing together is a few times what is remembered at the end."""

_SAME_ROWS = {"OPTIMIZE", "VACUUM START", "VACUUM END"}
"""Delta's names for commits that leave every row as it is."""

_PROBE = pl.Series(["stafford", "", "a text that is longer than any block which is hashed at once, by far"])


class Memory:
    """The identities and positions of `arrivals`."""

    def __init__(self, lake: Lake) -> None:
        """Nothing is read before `refresh`."""
        self._lake = lake
        # Nobody else knows the seeds: ids come off the wire, and one that is made to collide with another
        # would remove it. Of a thousand million ids, two share 128 bits by chance once in 10^20 times.
        self._seeds = (secrets.randbits(64), secrets.randbits(64))
        self._version = -1
        self._added = 0
        """Commits of `add` since that version."""
        self._forget()

    def _forget(self) -> None:
        self._known = _Known()
        self._judged: dict[Log, _Ranges] = defaultdict(_Ranges)
        self._snapshot = ""
        """Name of the one that has rows of this memory and no others."""
        self._covered: frozenset[str] = frozenset()
        """Data files of which it has all rows."""
        self._saved = 0
        """Rows of these."""

    def refresh(self) -> None:
        """Read `arrivals`, unless it has what `add` left: at a start, or after another wrote."""
        table = DeltaTable(self._lake.arrivals)
        if table.version() != self._version + self._added:
            if self._was_only_compacted(table):
                self._keep_snapshot(table)
            else:
                self._read(table)
        self._version, self._added = table.version(), 0
        if len(self._known) - self._saved >= max(WORTH_SAVING, self._saved // 2):
            self._save(table)

    def _read(self, table: DeltaTable) -> None:
        self._forget()
        # Names of logs are few: as Parquet has them they need not be told apart again.
        options = ParquetReadOptions(dictionary_columns={"topic", "_source"})
        rows = table.to_pyarrow_dataset(parquet_read_options=options)
        parts = {part.path: part for part in rows.get_fragments()}
        snapshot = load(self._lake.memory)
        # A file that is gone was compacted, and nobody saw that its rows stand in others.
        if snapshot and snapshot.files <= parts.keys() and snapshot.probe == _hash_probe(snapshot.seeds):
            self._restore(snapshot, table)
            parts = {name: part for name, part in parts.items() if name not in snapshot.covered}
        rows = FileSystemDataset(list(parts.values()), rows.schema, rows.format, rows.filesystem)
        for batch in rows.to_batches(columns=["identity", *POSITION]):
            if len(batch):
                self.remember(pa.Table.from_batches([batch]))

    def _was_only_compacted(self, table: DeltaTable) -> bool:
        """Whether files were joined, before or after what was added, and nothing else happened."""
        since = table.version() - self._version
        if self._version < 0 or since < self._added:
            return False
        commits = table.history(since)
        others = [commit for commit in commits if commit["operation"] not in _SAME_ROWS]
        return len(commits) == since and len(others) == self._added

    def _restore(self, snapshot: Snapshot, table: DeltaTable) -> None:
        self._seeds = snapshot.seeds
        self._known = _Known(snapshot.high, snapshot.low)
        self._judged.update({log: _Ranges(*halves) for log, halves in snapshot.judged.items()})
        self._snapshot = snapshot.name
        self._cover(snapshot.covered, _rows_by_file(table))

    def _save(self, table: DeltaTable) -> None:
        names = frozenset(_rows_by_file(table))
        judged = {log: (ranges.starts, ranges.ends) for log, ranges in self._judged.items()}
        probe = _hash_probe(self._seeds)
        with suppress(StorageError):  # the table has it all; the next start takes longer
            snapshot = Snapshot(self._seeds, probe, names, names, *self._known.merge(), judged)
            save(snapshot, self._lake.memory)
            self._snapshot, self._covered = snapshot.name, names
        self._saved = len(self._known)

    def _keep_snapshot(self, table: DeltaTable) -> None:
        """Have it say which files have its rows, now that some of them were joined into others.

        To write all of it anew would cost the more the longer the history is, once for each join.
        """
        rows = _rows_by_file(table)
        self._cover(self._covered, rows)
        with suppress(StorageError):  # then it is none, and the next start reads the table
            keep(self._lake.memory, self._snapshot, rows)

    def _cover(self, files: frozenset[str], rows: dict[str, int]) -> None:
        self._covered = files & rows.keys()
        self._saved = sum(rows[name] for name in self._covered)

    def add(self, arrived: pa.Table) -> None:
        """Remember rows that were just appended to `arrivals`, by one commit."""
        self.remember(arrived)
        self._added += 1

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

    def remember(self, rows: pa.Table) -> None:
        """Take in rows with `arrivals`' identity and POSITION."""
        self._known.add(*self._hash(rows["identity"]))
        for name, _, offsets in _by_log(rows):
            self._judged[name].add(offsets)

    def _hash(self, identities: pa.ChunkedArray) -> tuple[Hashes, Hashes]:
        return _hash(pl.Series(pl.from_arrow(identities)), self._seeds)


def _rows_by_file(table: DeltaTable) -> dict[str, int]:
    files = pa.table(table.get_add_actions())
    return dict(zip(files["path"].to_pylist(), files["num_records"].to_pylist(), strict=True))


def _hash(texts: pl.Series, seeds: tuple[int, int]) -> tuple[Hashes, Hashes]:
    high, low = (texts.hash(seed).to_numpy() for seed in seeds)
    return high, low


def _hash_probe(seeds: tuple[int, int]) -> tuple[int, ...]:
    return tuple(np.concatenate(_hash(_PROBE, seeds)).tolist())


class _Known:
    """A set of pairs of hashes: sorted runs, of which each is more than twice as long as the next."""

    def __init__(self, *sorted_run: Hashes) -> None:
        high, low = sorted_run or np.empty((2, 0), dtype=np.uint64)
        self._runs: list[tuple[Hashes, Hashes]] = [(high, low)] if len(high) else []
        self._waiting: list[tuple[Hashes, Hashes]] = []

    def __len__(self) -> int:
        return sum(len(high) for high, _ in (*self._runs, *self._waiting))

    def merge(self) -> tuple[Hashes, Hashes]:
        """All of it as one sorted run, each pair once: a start reads again what was joined with news."""
        self._waiting += self._runs
        self._runs = []
        self._sort()
        high, low = self._runs[0]
        is_new = np.append(True, (high[1:] != high[:-1]) | (low[1:] != low[:-1]))
        self._runs = [(high[is_new], low[is_new])]
        return self._runs[0]

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
        # One after the other, so that each search finds in the processor's cache where the last one went.
        order = np.argsort(high)
        high, low = high[order], low[order]
        for run_high, run_low in self._runs:
            first = np.searchsorted(run_high, high)
            hits = np.flatnonzero(run_high[np.minimum(first, len(run_high) - 1)] == high)
            # Different ids that share their upper half stand side by side.
            width = np.searchsorted(run_high, high[hits], side="right") - first[hits]
            for step in range(width.max(initial=0)):
                at = hits[width > step]
                found[at] |= run_low[first[at] + step] == low[at]
        asked = np.empty_like(found)
        asked[order] = found
        return asked


_LEAST = np.array([np.iinfo(np.int64).min])
"""Stands before every other number, so that there is a range below any."""


class _Ranges:
    """A set of whole numbers that are nearly all consecutive: ranges, both ends included."""

    def __init__(self, starts: Longs = _LEAST, ends: Longs = _LEAST) -> None:
        self.starts, self.ends = starts, ends

    def add(self, numbers: Longs) -> None:
        if (numbers[1:] < numbers[:-1]).any():  # a log is nearly always read in its order
            numbers = np.sort(numbers)
        starts = np.concatenate([self.starts, numbers])
        ends = np.concatenate([self.ends, numbers])
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], np.maximum.accumulate(ends[order])
        begins = np.append(True, starts[1:] > ends[:-1] + 1)
        self.starts = starts[begins]
        self.ends = ends[np.append(begins[1:], True)]

    def contain(self, numbers: Longs) -> Mask:
        places = np.searchsorted(self.starts, numbers, side="right") - 1
        return np.asarray(numbers <= self.ends[places])


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
