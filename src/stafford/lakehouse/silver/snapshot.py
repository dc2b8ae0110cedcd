"""What silver remembers, in files: a start reads what came since, and not all of `arrivals`.

They are a copy of what the table says, for the data files of the table that they name; those never change.
They may be deleted at any time: the next start reads the table, and writes new ones.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from stafford.errors import StorageError
from stafford.lakehouse.files import locate

Longs = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Log = tuple[str, str, int]
"""Topic, source and partition."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Identities and positions of some data files of `arrivals`.

    seeds, probe: what the hashes were made with, and what some known text gives with it: another version of
    the library, or another processor, may hash otherwise. files: names, in the table's folder, of data files
    that together have all of its rows; where one of them is gone, this says nothing of the table. covered:
    those of which it has all rows. high, low: the halves of each identity's hash, sorted by `high`. judged:
    first and last offsets of each log's ranges. name: of the file with the hashes, which no other has.
    """

    seeds: tuple[int, int]
    probe: tuple[int, ...]
    files: frozenset[str]
    covered: frozenset[str]
    high: Hashes
    low: Hashes
    judged: Mapping[Log, tuple[Longs, Longs]]
    name: str = field(default_factory=lambda: f"{uuid4()}.parquet")


def save(snapshot: Snapshot, uri: str) -> None:
    """Write it in place of the one that is there: its hashes first, then what names them.

    Raises:
        StorageError: it cannot be written; the one before is still there.
    """
    ranges = [[*log, *(half.tolist() for half in halves)] for log, halves in snapshot.judged.items()]
    described = {
        "seeds": snapshot.seeds,
        "probe": snapshot.probe,
        "files": sorted(snapshot.files),
        "covered": sorted(snapshot.covered),
        "judged": ranges,
        "name": snapshot.name,
    }
    rows = pa.table({"high": snapshot.high, "low": snapshot.low})
    files, path = locate(uri)
    folder = path.rpartition("/")[0]
    hashes = f"{folder}/{snapshot.name}"
    try:
        files.create_dir(folder)
        # Hashes are not to be compressed. The checksums are what makes a damaged file known as one.
        pq.write_table(
            rows, hashes, filesystem=files, compression="none", use_dictionary=False, write_page_checksum=True
        )
        _describe(files, path, described)
        for file in files.get_file_info(fs.FileSelector(folder)):
            if file.path not in {path, hashes}:
                files.delete_file(file.path)
    except (OSError, pa.ArrowException) as exc:
        raise StorageError(f"cannot write {uri}: {exc}") from exc


def keep(uri: str, name: str, files: Collection[str]) -> None:
    """Have a snapshot name the data files that the table has now, after some were joined; its hashes stay.

    Another one that is there by now, or one that is not whole, is left alone.

    Args:
        uri: where it is.
        name: of the one that has rows of this table and no others.
        files: names of all data files of the table.

    Raises:
        StorageError: it cannot be written; what is there names files that are gone.
    """
    found, path = locate(uri)
    try:
        described = _read(found, path)
        if described["name"] == name:
            covered = sorted(set(described["covered"]).intersection(files))
            _describe(found, path, described | {"files": sorted(files), "covered": covered})
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise StorageError(f"cannot write {uri}: {exc}") from exc


def load(uri: str) -> Snapshot | None:
    """Read it; None where there is none that is whole."""
    files, path = locate(uri)
    try:
        described = _read(files, path)
        hashes = f"{path.rpartition('/')[0]}/{described['name']}"
        rows = pq.read_table(hashes, filesystem=files, page_checksum_verification=True)
        high, low = described["seeds"]
        return Snapshot(
            seeds=(high, low),
            probe=tuple(described["probe"]),
            files=frozenset(described["files"]),
            covered=frozenset(described["covered"]),
            high=rows["high"].to_numpy(),
            low=rows["low"].to_numpy(),
            judged={
                (topic, source, partition): (np.array(starts, np.int64), np.array(ends, np.int64))
                for topic, source, partition, starts, ends in described["judged"]
            },
            name=described["name"],
        )
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError):
        return None


def _describe(files: fs.FileSystem, path: str, described: Mapping[str, Any]) -> None:
    body = json.dumps(described).encode()
    fresh = f"{path}.{uuid4()}"
    with files.open_output_stream(fresh) as file:
        file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    files.move(fresh, path)


def _read(files: fs.FileSystem, path: str) -> dict[str, Any]:
    with files.open_input_stream(path) as file:
        digest, _, body = bytes(file.read()).partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise ValueError(f"{path} is damaged")
    described: dict[str, Any] = json.loads(body)
    return described
