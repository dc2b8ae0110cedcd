"""Frames keep batches apart and tell a torn tail from damage."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stafford.errors import CorruptSegment
from stafford.transport.frames import HEADER_BYTES, encode_frame, measure_frames, read_frames

PAYLOADS = [b"first", b"", b"\0" * 40, b"the last one"]


def read(content: bytes) -> list[bytes]:
    return list(read_frames(io.BytesIO(content), len(content), "00000001-test"))


def measure(content: bytes) -> int:
    return measure_frames(io.BytesIO(content), len(content), "00000001-test")


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_what_was_framed_is_read(payloads: list[bytes]) -> None:
    """Any payloads come back as they were, in order."""
    content = b"".join(map(encode_frame, payloads))
    assert read(content) == payloads
    assert measure(content) == len(content)


@given(st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=4))
def test_a_file_cut_at_any_byte_gives_its_whole_frames(payloads: list[bytes]) -> None:
    """A torn tail is ignored, wherever the cut is, and never an error."""
    frames = [encode_frame(payload) for payload in payloads]
    content = b"".join(frames)
    ends = [sum(map(len, frames[:count])) for count in range(len(frames) + 1)]
    for cut in range(len(content) + 1):
        whole = sum(end <= cut for end in ends) - 1
        assert read(content[:cut]) == payloads[:whole]
        assert measure(content[:cut]) == ends[whole]


def test_a_flipped_bit_anywhere_is_damage() -> None:
    """No single damaged bit passes for data or for a torn tail, in the last frame neither."""
    content = b"".join(map(encode_frame, PAYLOADS))
    for position in range(len(content) * 8):
        damaged = bytearray(content)
        damaged[position // 8] ^= 1 << position % 8
        with pytest.raises(CorruptSegment):
            read(bytes(damaged))


def test_damage_names_segment_and_byte() -> None:
    """The message leads to the place."""
    content = bytearray(b"".join(map(encode_frame, PAYLOADS)))
    second = HEADER_BYTES + len(PAYLOADS[0])
    content[second + 5] ^= 0xFF
    with pytest.raises(CorruptSegment, match=f"00000001-test is damaged in the frame at byte {second}"):
        read(bytes(content))


def test_frames_before_the_damage_are_given() -> None:
    """A reader gets everything that is whole before it learns of the damage."""
    content = bytearray(b"".join(map(encode_frame, PAYLOADS)))
    content[-1] ^= 0xFF
    frames = read_frames(io.BytesIO(content), len(content), "s")
    assert [next(frames) for _ in PAYLOADS[:-1]] == PAYLOADS[:-1]
    with pytest.raises(CorruptSegment):
        next(frames)


def test_a_blank_tail_is_torn() -> None:
    """Zeros up to the end are what a power cut leaves of a file that had grown already."""
    content = b"".join(map(encode_frame, PAYLOADS))
    assert read(content + b"\0" * 5000) == PAYLOADS
    assert measure(content + b"\0" * 5000) == len(content)
    with pytest.raises(CorruptSegment):
        read(content + b"\0" * 5000 + b"x")


def test_another_version_is_refused() -> None:
    """A frame of a later format is not guessed at."""
    fields = struct.pack("<4sII", b"SPF\x02", 3, zlib.crc32(b"abc"))
    with pytest.raises(CorruptSegment, match="this reader knows"):
        read(fields + struct.pack("<I", zlib.crc32(fields)) + b"abc")
