"""Draining gives everything once more at worst, never less, and removes only what was acknowledged."""

import os
from pathlib import Path
from threading import Event

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stafford.errors import CorruptSegment, HomeInUse, TransportUnavailable
from stafford.transport import SpoolLog, list_segments, read_segments
from stafford.transport.drain import ROWS_AT_ONCE, drain, drain_alone, read_position, sweep
from stafford.transport.inspection import examine, glance
from stafford.transport.segments import lock_path

from .builders import build_records, read_stamps, stand_still


def fill(directory: Path, *sizes: int, segment_bytes: int = 1) -> list[str]:
    """Spool batches, by default each in a segment of its own; gives their ids."""
    log = SpoolLog(directory, "run", stand_still, segment_bytes)
    batches = [build_records(size) for size in sizes]
    for batch in batches:
        log.append(batch)
    log.close()
    return [name for batch in batches for name in batch.column("event_id").to_pylist()]


class Taker:
    """Takes portions, and refuses one of them."""

    def __init__(self, refuse: int | None = None) -> None:
        self.portions: list[list[str]] = []
        self.refuse = refuse

    def __call__(self, landed: pa.RecordBatch) -> None:
        if self.refuse == len(self.portions):
            self.refuse = None
            raise TransportUnavailable("Kafka went away")
        self.portions.append([event_id for event_id, _, _ in read_stamps(landed)])

    @property
    def ids(self) -> list[str]:
        return [event_id for portion in self.portions for event_id in portion]


def test_everything_goes_in_order_and_nothing_stays(tmp_path: Path) -> None:
    """Segment after segment, and afterwards the folder has none of them and nothing beside them."""
    ids, take = fill(tmp_path, 3, 2, 4), Taker()
    noted: list[int] = []
    assert drain(tmp_path, take, note=lambda _, rows: noted.append(rows)) == 9
    assert take.ids == ids
    assert noted == [3, 2, 4]
    assert list(tmp_path.iterdir()) == []


def test_draining_again_gives_nothing(tmp_path: Path) -> None:
    """An empty spool, and one that is not there, give 0."""
    fill(tmp_path, 3)
    drain(tmp_path, Taker())
    take = Taker()
    assert drain(tmp_path, take) == drain(tmp_path / "nowhere", take) == 0
    assert take.portions == []


@pytest.mark.parametrize("refused", [0, 1, 2])
def test_an_interrupted_drain_goes_on(tmp_path: Path, refused: int) -> None:
    """A segment stays until all of it was acknowledged; the next drain begins where this one failed."""
    ids, take = fill(tmp_path, 3, 2, 4), Taker(refuse=refused)
    with pytest.raises(TransportUnavailable):
        drain(tmp_path, take)
    assert len(list_segments(tmp_path)) == 3 - refused
    drain(tmp_path, take)
    assert take.ids == ids


def test_a_segment_is_left_in_its_middle(tmp_path: Path) -> None:
    """What was acknowledged of a segment is remembered, and the segment keeps all of its records."""
    ids = fill(tmp_path, ROWS_AT_ONCE, 5, segment_bytes=1 << 26)
    take = Taker(refuse=1)
    with pytest.raises(TransportUnavailable):
        drain(tmp_path, take)
    (segment,) = list_segments(tmp_path)
    assert read_position(segment) == ROWS_AT_ONCE
    assert glance(segment).waiting == 5
    assert sum(batch.num_rows for _, batch in read_segments(tmp_path)) == ROWS_AT_ONCE + 5
    drain(tmp_path, take)
    assert take.ids == ids


@pytest.mark.parametrize("text", ["", "garbage", "\x00\x00"])
def test_a_lost_position_means_again(tmp_path: Path, text: str) -> None:
    """A crash may leave nothing of the position; then the whole segment is sent, under the same ids."""
    ids, take = fill(tmp_path, 3), Taker()
    list_segments(tmp_path)[0].path.with_suffix(".drained").write_text(text)
    drain(tmp_path, take)
    assert take.ids == ids
    assert list(tmp_path.iterdir()) == []


@given(part=st.floats(0, 1), batches=st.integers(1, 4))
def test_a_torn_tail_is_never_sent(
    tmp_path_factory: pytest.TempPathFactory, part: float, batches: int
) -> None:
    """Cut at any byte, exactly the batches that are whole are drained, and the tail goes with the segment."""
    directory = tmp_path_factory.mktemp("spool")
    log, ids, ends = SpoolLog(directory, "run", stand_still), [], [0]
    for _ in range(batches):
        batch = build_records(2)
        log.append(batch)
        ids += batch.column("event_id").to_pylist()
        ends.append(list_segments(directory)[0].size_bytes)
    log.close()
    (segment,) = list_segments(directory)
    size = int(part * ends[-1])
    os.truncate(segment.path, size)
    lock_path(segment.path).touch()  # as a dead writer leaves it
    take = Taker()
    drain(directory, take)
    assert take.ids == ids[: 2 * (sum(end <= size for end in ends) - 1)]
    assert list(directory.iterdir()) == []


def test_damage_stops_the_drain_there(tmp_path: Path) -> None:
    """What stands before the damage goes to Kafka; nothing behind it may overtake what it hides."""
    ids = fill(tmp_path, 3, 2, 4)
    damaged = list_segments(tmp_path)[1]
    content = bytearray(damaged.path.read_bytes())
    content[-1] ^= 1
    damaged.path.write_bytes(content)
    take = Taker()
    with pytest.raises(CorruptSegment, match=damaged.name):
        drain(tmp_path, take)
    assert take.ids == ids[:3]
    assert len(list_segments(tmp_path)) == 2
    assert damaged.path.read_bytes() == bytes(content)


def test_an_open_segment_is_drained_and_stays(tmp_path: Path) -> None:
    """While its writer lives a segment is not removed, and what comes later goes with the next drain."""
    log = SpoolLog(tmp_path, "run", stand_still)
    first, second, take = build_records(2), build_records(3), Taker()
    log.append(first)
    drain(tmp_path, take)
    log.append(second)
    assert len(list_segments(tmp_path)) == 1
    log.close()
    drain(tmp_path, take)
    assert take.ids == first["event_id"].to_pylist() + second["event_id"].to_pylist()
    assert list_segments(tmp_path) == []


def test_it_stops_when_asked(tmp_path: Path) -> None:
    """After the portion in flight; the rest waits."""
    ids, stop, take = fill(tmp_path, 3, 2), Event(), Taker()

    def take_and_stop(landed: pa.RecordBatch) -> None:
        take(landed)
        stop.set()

    assert drain(tmp_path, take_and_stop, stop=stop) == 3
    assert drain(tmp_path, take) == 2
    assert take.ids == ids


def test_a_spool_is_drained_once_at_a_time(tmp_path: Path) -> None:
    """Two drains would send everything twice; the second is refused."""
    with (
        drain_alone(tmp_path),
        pytest.raises(HomeInUse, match="another process drains"),
        drain_alone(tmp_path),
    ):
        pass
    with drain_alone(tmp_path):
        pass


def test_a_reader_is_not_disturbed(tmp_path: Path) -> None:
    """An ingestion that reads while segments are drained away gets what is left, and no error."""
    ids = fill(tmp_path, 3, 2, 4)
    reader = read_segments(tmp_path)
    read = [event_id for event_id, _, _ in read_stamps(next(reader)[1])]
    drain(tmp_path, Taker())
    assert read == ids[:3]
    assert list(reader) == []


def test_a_position_without_its_segment_is_swept(tmp_path: Path) -> None:
    """What a crash between two removals leaves is removed; a living segment's stays."""
    fill(tmp_path, 3)
    (segment,) = list_segments(tmp_path)
    segment.path.with_suffix(".drained").write_text("2")
    (tmp_path / "00000009-gone.drained").write_text("2")
    sweep(tmp_path)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".drained", ".spool"]
    assert read_position(segment) == 2


def test_an_inspection_tells_what_is_there(tmp_path: Path) -> None:
    """Records, drained ones, the torn tail, damage with its place; a glance and a whole reading agree."""
    fill(tmp_path, 3, 2, 4)
    whole, torn, damaged = list_segments(tmp_path)
    whole.path.with_suffix(".drained").write_text("1")
    with torn.path.open("ab") as file:
        file.write(b"SPF\x01half")
    content = bytearray(damaged.path.read_bytes())
    content[5] ^= 1
    damaged.path.write_bytes(content)
    for look in (glance, examine):
        one, two, three = map(look, list_segments(tmp_path))
        assert (one.records, one.drained, one.waiting, one.torn_bytes, one.damage) == (3, 1, 2, 0, "")
        assert (two.records, two.torn_bytes, two.damage) == (2, 8, "")
        assert (three.records, three.began_at) == (0, None)
        assert f"{damaged.name} is damaged in the frame at byte 0" in three.damage


def test_a_whole_reading_finds_what_a_glance_does_not(tmp_path: Path) -> None:
    """A changed byte in the middle, and a frame that belongs to another segment."""
    fill(tmp_path, 2, 2, 2, segment_bytes=1 << 26)
    (segment,) = list_segments(tmp_path)
    content = segment.path.read_bytes()
    changed = bytearray(content)
    changed[len(content) // 2] ^= 1
    segment.path.write_bytes(changed)
    assert glance(segment).damage == ""
    assert "is damaged in the frame at byte" in examine(segment).damage
    segment.path.write_bytes(content)
    segment.path.rename(tmp_path / "00000002-other.spool")
    (renamed,) = list_segments(tmp_path)
    assert "where its own position 0 belongs" in examine(renamed).damage
