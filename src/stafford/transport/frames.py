"""Frames: how a spool segment keeps batches apart and notices damage.

A segment is a file of frames and nothing else. A frame is a header of 16 bytes and its payload:

    offset  size  content
    0       4     magic and version: the letters "SPF" and the byte 1
    4       4     length of the payload in bytes, unsigned, little endian
    8       4     CRC-32 (zlib's) of the payload
    12      4     CRC-32 of the 12 bytes before
    16      ...   payload: an Arrow IPC stream with one batch of LANDED_SCHEMA

The header has a checksum of its own: without it a damaged length would look like a frame that was cut
short, and the whole frames behind it would be dropped in silence.

A file can end in the middle of a frame, because its writer died or the disk was full: a torn tail. It was
never accepted, so readers stop before it. Anything else that does not match is damage: CorruptSegment.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from stafford.errors import CorruptSegment

MAGIC = b"SPF\x01"
_FIELDS = struct.Struct("<4sII")
_CHECKSUM = struct.Struct("<I")
HEADER_BYTES = _FIELDS.size + _CHECKSUM.size
MAX_PAYLOAD_BYTES = 2**32 - 1


def encode_frame(payload: bytes) -> bytes:
    """Put header and payload together."""
    fields = _FIELDS.pack(MAGIC, len(payload), zlib.crc32(payload))
    return fields + _CHECKSUM.pack(zlib.crc32(fields)) + payload


def read_frames(file: BinaryIO, size: int, segment: str) -> Iterator[bytes]:
    """Give the payload of every complete frame in the first `size` bytes of a file.

    Raises:
        CorruptSegment: a frame is damaged; names the segment and the byte where the frame begins.
    """
    for place in _walk(file, size, segment):
        yield _read_payload(file, place, segment)


def measure_frames(file: BinaryIO, size: int, segment: str) -> int:
    """Count the bytes that complete frames take, from their headers alone.

    Raises:
        CorruptSegment: a header is damaged.
    """
    return max((start + HEADER_BYTES + length for start, length, _ in _walk(file, size, segment)), default=0)


def read_ends(file: BinaryIO, size: int, segment: str) -> tuple[bytes, bytes] | None:
    """Give the payloads of the first and the last complete frame, without reading those between.

    Raises:
        CorruptSegment: a header, or one of the two payloads, is damaged.
    """
    places = list(_walk(file, size, segment))
    if not places:
        return None
    first, last = (_read_payload(file, place, segment) for place in (places[0], places[-1]))
    return first, last


def _read_payload(file: BinaryIO, place: tuple[int, int, int], segment: str) -> bytes:
    start, length, checksum = place
    file.seek(start + HEADER_BYTES)
    payload = file.read(length)
    if zlib.crc32(payload) != checksum:
        raise _damaged(segment, start, "the checksum of its payload does not match")
    return payload


def _walk(file: BinaryIO, size: int, segment: str) -> Iterator[tuple[int, int, int]]:
    start = 0
    while size - start >= HEADER_BYTES:
        file.seek(start)
        header = file.read(HEADER_BYTES)
        magic, length, checksum = _FIELDS.unpack_from(header)
        if zlib.crc32(header[: _FIELDS.size]) != _CHECKSUM.unpack_from(header, _FIELDS.size)[0]:
            if _is_blank(file, start, size):
                return
            raise _damaged(segment, start, "its header does not match its checksum")
        if magic != MAGIC:
            raise _damaged(segment, start, f"its header says {magic!r}, and this reader knows {MAGIC!r}")
        if start + HEADER_BYTES + length > size:
            return
        yield start, length, checksum
        start += HEADER_BYTES + length


def _is_blank(file: BinaryIO, start: int, size: int) -> bool:
    # After a power cut some file systems have grown the file and not yet written what belongs there.
    file.seek(start)
    remaining = size - start
    while remaining > 0:
        chunk = file.read(min(remaining, 1 << 20))
        if not chunk or chunk.strip(b"\0"):
            return False
        remaining -= len(chunk)
    return True


def _damaged(segment: str, start: int, what: str) -> CorruptSegment:
    return CorruptSegment(
        f"spool segment {segment} is damaged in the frame at byte {start}: {what}. Copy the file away, check "
        "the disk, restore the segment from a backup, or remove it and let `stafford reconcile` list what "
        "was lost"
    )
