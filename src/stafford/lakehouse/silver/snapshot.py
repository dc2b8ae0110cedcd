"""What silver remembers, in a file: a start reads what came since, and not all of `arrivals`.

The file is a copy of what the table says, for the data files of the table that it names; those never change.
It may be deleted at any time: the next start reads the table, and a new one is written.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from stafford.errors import StorageError
from stafford.lakehouse.files import locate

Longs = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Log = tuple[str, str, int]
"""Topic, source and partition."""

_KEY = b"stafford"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Identities and positions of some data files of `arrivals`.

    seeds, probe: what the hashes were made with, and what some known text gives with it: another version of
    the library, or another processor, may hash otherwise. files: names in the table's folder. high, low: the
    halves of each identity's hash, sorted by `high`. judged: first and last offsets of each log's ranges.
    """

    seeds: tuple[int, int]
    probe: tuple[int, ...]
    files: frozenset[str]
    high: Hashes
    low: Hashes
    judged: Mapping[Log, tuple[Longs, Longs]]


def save(snapshot: Snapshot, uri: str) -> None:
    """Write it in place of the one that is there.

    Raises:
        StorageError: it cannot be written; the one before is still there.
    """
    ranges = [[*log, *(half.tolist() for half in halves)] for log, halves in snapshot.judged.items()]
    described = {
        "seeds": snapshot.seeds,
        "probe": snapshot.probe,
        "files": sorted(snapshot.files),
        "judged": ranges,
    }
    rows = pa.table({"high": snapshot.high, "low": snapshot.low})
    rows = rows.replace_schema_metadata({_KEY: json.dumps(described)})
    files, path = locate(uri)
    fresh = f"{path}.{uuid4()}"
    try:
        files.create_dir(path.rpartition("/")[0])
        # Hashes are not to be compressed. The checksums are what makes a damaged file known as one.
        pq.write_table(
            rows, fresh, filesystem=files, compression="none", use_dictionary=False, write_page_checksum=True
        )
        files.move(fresh, path)
    except (OSError, pa.ArrowException) as exc:
        raise StorageError(f"cannot write {uri}: {exc}") from exc


def load(uri: str) -> Snapshot | None:
    """Read it; None where there is none that is whole."""
    files, path = locate(uri)
    try:
        rows = pq.read_table(path, filesystem=files, page_checksum_verification=True)
        described: dict[str, Any] = json.loads(rows.schema.metadata[_KEY])
        high, low = described["seeds"]
        return Snapshot(
            seeds=(high, low),
            probe=tuple(described["probe"]),
            files=frozenset(described["files"]),
            high=rows["high"].to_numpy(),
            low=rows["low"].to_numpy(),
            judged={
                (topic, source, partition): (np.array(starts, np.int64), np.array(ends, np.int64))
                for topic, source, partition, starts, ends in described["judged"]
            },
        )
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError):
        return None
