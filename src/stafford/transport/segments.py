"""Spool segments on disk: their names, who is still writing them, and what is in them.

A segment is `<number>-<token>.spool`, and its name without the suffix is what bronze records as `source`.
Numbers give the order. The random token keeps a name from ever coming back after a spool was emptied:
(source, position) identifies a record in bronze for good.

While a writer lives it holds a lock on `<name>.lock`. The operating system drops the lock with the process,
so an unlocked segment is sealed: nobody will ever add to it.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from filelock import FileLock, Timeout

from stafford.domain.record import LANDED_SCHEMA
from stafford.errors import CorruptSegment, StorageError
from stafford.transport.frames import measure_frames, read_frames

SUFFIX = ".spool"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment as it was when it was listed."""

    path: Path
    size_bytes: int  # with a torn tail, if there is one
    is_sealed: bool

    @property
    def name(self) -> str:
        """What bronze records as `source`."""
        return self.path.stem

    @property
    def number(self) -> int:
        """Place in the order of segments."""
        return int(self.path.stem.partition("-")[0])


def list_segments(directory: Path) -> list[Segment]:
    """List the segments of a spool, oldest first; none where there is no spool yet.

    Raises:
        StorageError: the directory cannot be read.
    """
    found = []
    try:
        for path in sorted(directory.glob(f"*{SUFFIX}")):
            # One that was drained and removed since is none any more.
            with suppress(FileNotFoundError):
                # Whether it is sealed comes first: a size read while the writer lived may still grow.
                found.append(Segment(path, is_sealed=is_sealed(path), size_bytes=path.stat().st_size))
    except OSError as exc:
        raise StorageError(
            f"spool {directory} cannot be read: {exc.strerror}; check its permissions"
        ) from exc
    return found


def read_segment(segment: Segment, start: int = 0) -> Iterator[pa.RecordBatch]:
    """Read complete frames as batches of LANDED_SCHEMA, from the record at position `start` on.

    An open segment may be read at any time: what is being written is left out. One that is gone gives
    nothing: only what Kafka has entirely is removed.

    Raises:
        CorruptSegment: damage other than a torn tail.
        StorageError: the file cannot be read.
    """
    try:
        with segment.path.open("rb") as file:
            for payload in read_frames(file, segment.path.stat().st_size, segment.name):
                batch = decode(payload, segment.name)
                last = batch.column("offset")[-1].as_py()
                if last >= start:
                    yield batch.slice(max(0, batch.num_rows - (last + 1 - start)))
    except FileNotFoundError:
        return
    except OSError as exc:
        raise StorageError(
            f"spool segment {segment.path} cannot be read: {exc.strerror}; check the disk and its permissions"
        ) from exc


def read_segments(
    directory: Path, start: Mapping[str, int] | None = None
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Read every segment in order, as pairs of segment name and batch of LANDED_SCHEMA.

    Args:
        directory: the spool.
        start: for each segment name, the first position that is wanted; 0 where a name is missing.

    Raises:
        CorruptSegment: damage other than a torn tail; everything before it was given.
        StorageError: a file cannot be read.
    """
    for segment in list_segments(directory):
        for batch in read_segment(segment, (start or {}).get(segment.name, 0)):
            yield segment.name, batch


def recover_segments(directory: Path) -> dict[str, int]:
    """Cut the torn tails that dead writers left; gives the bytes cut for each segment that had one.

    Damaged segments are left as they are: reading reports them, and new records have their own segment.

    Raises:
        StorageError: a file cannot be changed.
    """
    cut = {}
    for segment in list_segments(directory):
        lock = lock_path(segment.path)
        if not segment.is_sealed or not lock.exists():
            continue
        try:
            with segment.path.open("rb+") as file:
                whole = measure_frames(file, segment.size_bytes, segment.name)
                file.truncate(whole)
            lock.unlink()
        except (CorruptSegment, FileNotFoundError):
            continue
        except OSError as exc:
            raise StorageError(f"spool segment {segment.path} cannot be repaired: {exc.strerror}") from exc
        if whole < segment.size_bytes:
            cut[segment.name] = segment.size_bytes - whole
    return cut


def lock_path(path: Path) -> Path:
    """Where the writer of a segment holds its lock."""
    return path.with_suffix(".lock")


def is_sealed(path: Path) -> bool:
    """Tell whether nobody will write to this segment any more."""
    lock = lock_path(path)
    if not lock.exists():
        return True
    try:
        with FileLock(lock, timeout=0):
            return True
    except Timeout:
        return False


def decode(payload: bytes, segment: str) -> pa.RecordBatch:
    """Read the batch of a frame.

    Raises:
        CorruptSegment: it holds no batch of LANDED_SCHEMA.
    """
    try:
        with pa.ipc.open_stream(payload) as stream:
            batch = stream.read_next_batch()
    except (pa.ArrowInvalid, StopIteration) as exc:
        raise CorruptSegment(
            f"spool segment {segment} has a frame that is whole and yet holds no batch: {exc}; it was "
            "written by something else, move it away"
        ) from exc
    if not batch.schema.equals(LANDED_SCHEMA):
        raise CorruptSegment(
            f"spool segment {segment} has another schema than this version reads; read it with the version "
            "that wrote it"
        )
    return batch
