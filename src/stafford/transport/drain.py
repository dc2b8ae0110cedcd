"""Gives what is in the spool to Kafka, in order, and removes what Kafka has.

How far a segment was drained stands beside it, in `<name>.drained`: a number in text, the first position
that Kafka has not acknowledged. It is written after the acknowledgement and is not synced, so after a crash
it may be behind and never ahead; what is sent twice then has the same ids.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

import pyarrow as pa
from filelock import FileLock, Timeout

from stafford.errors import CorruptSegment, HomeInUse, StorageError
from stafford.transport.segments import SUFFIX, Segment, list_segments, lock_path, read_segment

ROWS_AT_ONCE = 10_000
DRAINED = ".drained"
_LOCK_FILE = "drain.lock"

Forward = Callable[[pa.RecordBatch], object]
"""Gives records of LANDED_SCHEMA to Kafka, and returns when it has acknowledged all of them."""
Note = Callable[[Segment, int], None]
"""Is told of records that were acknowledged: of which segment, and how many."""


@contextmanager
def drain_alone(directory: Path) -> Iterator[None]:
    """Let nobody else drain this spool for as long as the `with` lasts; appending goes on.

    Raises:
        HomeInUse: another process drains it.
        StorageError: the directory cannot be written.
    """
    lock = FileLock(directory / _LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout as exc:
        raise HomeInUse(f"another process drains the spool {directory}; wait until it is done") from exc
    except OSError as exc:
        raise StorageError(f"spool {directory} cannot be written: {exc.strerror}; permit it") from exc
    try:
        yield
    finally:
        lock.release()


def drain(
    directory: Path, forward: Forward, *, note: Note = lambda *_: None, stop: Event | None = None
) -> int:
    """Give Kafka every record that the spool has now, oldest first; returns how many. See drain_alone.

    Delivery: at least once. A segment is removed when it is sealed and Kafka acknowledged all of it; after an
    error or a crash, draining again goes on at the last acknowledged portion. Order: as spooled.

    Args:
        directory: the spool; draining one that is not there gives 0.
        forward: sends to Kafka; an error ends the drain.
        note: is told after every portion.
        stop: ends the drain after the portion in flight.

    Raises:
        CorruptSegment: damage; everything before it was given, nothing behind it is, because that would
            overtake what the damage hides.
        StorageError: a segment cannot be read or removed.
        StaffordError: whatever `forward` raises.
    """
    sent = 0
    for segment in list_segments(directory):
        for portion in _portions(read_segment(segment, read_position(segment))):
            if stop and stop.is_set():
                return sent
            forward(portion)
            _write_position(segment, portion.column("offset")[-1].as_py() + 1)
            sent += portion.num_rows
            note(segment, portion.num_rows)
        # Sealed when it was listed, so it was read to its end.
        if segment.is_sealed:
            remove_segment(segment)
    return sent


def read_position(segment: Segment) -> int:
    """Give the first position of a segment that Kafka may not have; 0 where nobody knows better."""
    try:
        return int(segment.path.with_suffix(DRAINED).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0  # sent again, which is harmless


def remove_segment(segment: Segment) -> None:
    """Remove a segment that Kafka has, and what stands beside it.

    Raises:
        StorageError: it cannot be removed, for example because a reader on Windows has it open.
    """
    try:
        segment.path.unlink(missing_ok=True)
        segment.path.with_suffix(DRAINED).unlink(missing_ok=True)
        lock_path(segment.path).unlink(missing_ok=True)
    except OSError as exc:
        raise StorageError(
            f"spool segment {segment.path} was drained and cannot be removed: {exc.strerror}; Kafka has all "
            "of it, so draining again and removing it by hand are both right"
        ) from exc


def sweep(directory: Path) -> None:
    """Remove what a crash left of segments that are gone."""
    for left in directory.glob(f"*{DRAINED}*"):
        if not left.with_suffix(SUFFIX).exists():
            with suppress(OSError):
                left.unlink()


def _write_position(segment: Segment, position: int) -> None:
    path = segment.path.with_suffix(DRAINED)
    aside = path.with_suffix(f"{DRAINED}-new")
    # On a full disk the position stays behind: what is drained frees space, so nothing must stop it.
    with suppress(OSError):
        aside.write_text(str(position), encoding="ascii")
        aside.replace(path)


def _portions(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Put small frames together: each portion costs a wait for its acknowledgement."""
    waiting: list[pa.RecordBatch] = []
    try:
        for batch in batches:
            if waiting and sum(part.num_rows for part in waiting) + batch.num_rows > ROWS_AT_ONCE:
                yield pa.concat_batches(waiting)
                waiting = []
            waiting.append(batch)
    except CorruptSegment:
        if waiting:
            yield pa.concat_batches(waiting)
        raise
    if waiting:
        yield pa.concat_batches(waiting)
