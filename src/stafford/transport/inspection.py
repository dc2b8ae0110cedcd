"""Looks at spool segments without changing them: what is in each, how far it was drained, what is wrong."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from stafford.errors import CorruptSegment, StorageError
from stafford.transport.drain import read_position
from stafford.transport.frames import measure_frames, read_ends
from stafford.transport.segments import Segment, decode, read_segment


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one segment was like when it was looked at."""

    segment: Segment
    records: int  # in complete frames; of a damaged segment, those before the damage
    drained: int  # of those, the first that Kafka has acknowledged for certain
    began_at: datetime | None  # log-append time of its first record, UTC; None where it has none
    torn_bytes: int  # at its end, of a batch that was never accepted
    damage: str  # empty where none was found

    @property
    def waiting(self) -> int:
        """Records that Kafka is still to be given."""
        return self.records - self.drained


def glance(segment: Segment) -> Inspection:
    """Read the headers of a segment's frames, and its first and last frame.

    Raises:
        StorageError: it cannot be read.
    """
    try:
        with segment.path.open("rb") as file:
            ends = read_ends(file, segment.size_bytes, segment.name)
            torn = segment.size_bytes - measure_frames(file, segment.size_bytes, segment.name)
    except FileNotFoundError:
        return Inspection(segment, 0, 0, None, 0, "")
    except OSError as exc:
        raise StorageError(f"spool segment {segment.path} cannot be read: {exc.strerror}; check it") from exc
    except CorruptSegment:
        return examine(segment)
    if ends is None:
        return Inspection(segment, 0, 0, None, torn, "")
    first, last = (decode(payload, segment.name) for payload in ends)
    records = last.column("offset")[-1].as_py() + 1
    began_at = first.column("timestamp")[0].as_py()
    return Inspection(segment, records, min(read_position(segment), records), began_at, torn, "")


def _check_place(batch: pa.RecordBatch, segment: Segment, position: int) -> None:
    first, source = batch.column("offset")[0].as_py(), batch.column("source")[0].as_py()
    if (first, source) != (position, segment.name):
        raise CorruptSegment(
            f"spool segment {segment.name} has position {first} of {source} where its own position "
            f"{position} belongs: it was put together from others. Copy it away, and restore it from a backup"
        )


def examine(segment: Segment) -> Inspection:
    """Read all of a segment: every checksum, every batch, and that positions have no gap.

    Raises:
        StorageError: it cannot be read.
    """
    records, began_at, damage, torn = 0, None, "", 0
    try:
        for batch in read_segment(segment):
            _check_place(batch, segment, records)
            began_at = began_at or batch.column("timestamp")[0].as_py()
            records += batch.num_rows
        with segment.path.open("rb") as file:
            torn = segment.size_bytes - measure_frames(file, segment.size_bytes, segment.name)
    except CorruptSegment as exc:
        damage = str(exc)
    except OSError as exc:
        raise StorageError(f"spool segment {segment.path} cannot be read: {exc.strerror}; check it") from exc
    return Inspection(segment, records, min(read_position(segment), records), began_at, torn, damage)
