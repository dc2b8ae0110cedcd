"""What silver remembers, compared with plain sets."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st

from stafford.domain.lake import Lake
from stafford.lakehouse.commits import append
from stafford.lakehouse.silver import memory as memories
from stafford.lakehouse.silver.memory import Memory, _Known, _Ranges
from stafford.lakehouse.silver.snapshot import load
from stafford.lakehouse.tables import ARRIVALS, create_tables

NUMBERS = st.lists(st.integers(0, 60), max_size=20)


@given(st.lists(NUMBERS, max_size=6))
def test_ranges_are_a_set(portions):
    """Whatever is added in whatever order is contained, and nothing else."""
    ranges = _Ranges()
    for portion in portions:
        ranges.add(np.array(portion, dtype=np.int64))
    everything = np.arange(-1, 62)
    expected = np.isin(everything, [number for portion in portions for number in portion])
    assert np.array_equal(ranges.contain(everything), expected)


@given(st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), max_size=12), max_size=6))
def test_known_hashes_are_a_set_of_pairs(portions):
    """Upper halves that collide, at the end of a run too, do not make two pairs one."""
    known = _Known()
    for portion in portions:
        pairs = np.array(portion, dtype=np.uint64).reshape(-1, 2)
        known.add(pairs[:, 0], pairs[:, 1])
    asked = np.array([(high, low) for high in range(6) for low in range(11)], dtype=np.uint64)
    expected = {pair for portion in portions for pair in portion}
    found = known.contains(asked[:, 0], asked[:, 1])
    assert [tuple(pair) in expected for pair in asked.tolist()] == found.tolist()


def arrive(*offsets: int, source: str = "kafka") -> pa.Table:
    rows = [
        {
            "identity": f"orders/{source}-{n}",
            "topic": "orders",
            "_source": source,
            "_partition": 1,
            "_offset": n,
        }
        for n in offsets
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema(ARRIVALS.items()))


@pytest.fixture
def lake(tmp_path) -> Lake:
    lake = Lake(str(tmp_path))
    create_tables(lake, [])
    return lake


def test_it_is_made_of_arrivals(lake):
    """At a start, and again where somebody else wrote the table."""
    append(lake.arrivals, arrive(1, 2, 3))
    memory = Memory(lake)
    memory.refresh()
    asked = arrive(2, 4)
    assert memory.knows(asked["identity"]).tolist() == [True, False]
    assert memory.has_judged(asked).tolist() == [True, False]
    append(lake.arrivals, arrive(4))
    assert memory.knows(asked["identity"]).tolist() == [True, False]
    memory.refresh()
    assert memory.knows(asked["identity"]).tolist() == [True, True]


def test_its_own_rows_are_not_read_again(lake):
    """What `add` was told is known, and the table is read again only after another's commit."""
    memory = Memory(lake)
    memory.refresh()
    append(lake.arrivals, arrive(7))
    memory.add(arrive(7))
    DeltaTable(lake.arrivals).delete()  # a read would now find nothing
    memory._added += 1  # noqa: SLF001  # the deletion is taken for ours
    memory.refresh()
    assert memory.knows(arrive(7)["identity"]).all()


def test_a_position_is_one_of_its_own_log(lake):
    """The same offset in another source is another record."""
    append(lake.arrivals, arrive(5))
    memory = Memory(lake)
    memory.refresh()
    both = pa.concat_tables([arrive(5, source="segment-1"), arrive(5)])
    assert memory.has_judged(both).tolist() == [False, True]


@pytest.fixture
def saves_at_once(monkeypatch):
    monkeypatch.setattr(memories, "WORTH_SAVING", 1)


def start(lake: Lake) -> Memory:
    memory = Memory(lake)
    memory.refresh()
    return memory


def knows(memory: Memory, *offsets: int) -> list[bool]:
    asked = arrive(*offsets)
    known = memory.knows(asked["identity"])
    assert np.array_equal(known, memory.has_judged(asked))
    return known.tolist()


def ruin(lake: Lake) -> None:
    """Make the data files of arrivals unreadable: who reads one of them fails."""
    for file in Path(lake.arrivals).glob("*.parquet"):
        file.write_bytes(b"ruined")


@pytest.mark.usefixtures("saves_at_once")
def test_a_start_reads_what_came_since_the_snapshot(lake):
    """The files that it has are not opened; those that came later are."""
    append(lake.arrivals, arrive(1, 2, 5))
    start(lake)
    ruin(lake)
    append(lake.arrivals, arrive(3))
    assert knows(start(lake), 0, 1, 2, 3, 4, 5, 6) == [False, True, True, True, False, True, False]
    # control: without the snapshot they are opened
    Path(lake.memory).unlink()
    with pytest.raises((OSError, pa.ArrowException)):
        start(lake)


@pytest.mark.usefixtures("saves_at_once")
def test_what_was_added_is_in_the_next_snapshot(lake):
    """A running ingestion writes one when enough came: half as many as the last one has."""
    memory = start(lake)
    for offset in range(8):
        append(lake.arrivals, arrive(offset))
        memory.add(arrive(offset))
        memory.refresh()
        kept = load(lake.memory)
        assert len(kept.high) == [1, 2, 3, 4, 4, 6, 6, 6][offset]
    assert knows(start(lake), *range(9)) == [True] * 8 + [False]


@pytest.mark.usefixtures("saves_at_once")
def test_after_a_compaction_the_table_is_read_anew(lake):
    """A snapshot of files that are gone says nothing, and the next one has the new ones."""
    for offset in range(4):
        append(lake.arrivals, arrive(offset))
    start(lake)
    before = load(lake.memory).files
    DeltaTable(lake.arrivals).optimize.compact()
    assert knows(start(lake), 0, 3, 4) == [True, True, False]
    after = load(lake.memory).files
    assert (len(before), len(after), before & after) == (4, 1, frozenset())


def join_all_but(lake: Lake, large: Path) -> None:
    """Join the files that are smaller than a large one, as upkeep does."""
    size = large.stat().st_size
    assert DeltaTable(lake.arrivals).optimize.compact(target_size=size - 1)["numFilesRemoved"] > 1


def data_files(lake: Lake) -> set[Path]:
    return {Path(lake.arrivals) / name for name in DeltaTable(lake.arrivals).file_uris()}


@pytest.fixture
def joined_lake(lake, monkeypatch) -> Lake:
    """A snapshot has a large file and a small one; the small one was joined with what came later."""
    monkeypatch.setattr(memories, "WORTH_SAVING", 2001)
    append(lake.arrivals, arrive(*range(2000)))
    (large,) = data_files(lake)
    append(lake.arrivals, arrive(2000))
    memory = start(lake)
    for offset in (2001, 2002):
        append(lake.arrivals, arrive(offset))
        memory.add(arrive(offset))
    memory.refresh()
    written = load(lake.memory)
    join_all_but(lake, large)
    memory.refresh()
    kept = load(lake.memory)
    assert kept.name == written.name
    assert len(kept.high) == 2001
    assert (len(kept.files), kept.covered) == (2, {large.name})
    return lake


def test_a_snapshot_outlives_the_joining_of_files(joined_lake, monkeypatch):
    """It is not written anew, and a start reads the joined file alone, each identity once."""
    (large,) = (Path(joined_lake.arrivals) / name for name in load(joined_lake.memory).covered)
    large.write_bytes(b"ruined")
    memory = start(joined_lake)
    assert knows(memory, 0, 1999, 2000, 2001, 2002, 2003) == [True] * 5 + [False]
    monkeypatch.setattr(memories, "WORTH_SAVING", 1)
    append(joined_lake.arrivals, arrive(*range(3000, 4500)))
    memory.add(arrive(*range(3000, 4500)))
    memory.refresh()
    assert len(load(joined_lake.memory).high) == 2003 + 1500
    assert len(list(Path(joined_lake.memory).parent.iterdir())) == 2
    # control: without the snapshot the large one is opened
    Path(joined_lake.memory).unlink()
    with pytest.raises((OSError, pa.ArrowException)):
        start(joined_lake)


def test_an_older_table_is_not_what_a_snapshot_says(joined_lake):
    """It has a file that the snapshot covers, and not all that the snapshot has: their events came never."""
    DeltaTable(joined_lake.arrivals).restore(1)
    assert load(joined_lake.memory).covered == {file.name for file in data_files(joined_lake)}
    assert knows(start(joined_lake), 0, 2000) == [True, False]


def test_a_snapshot_of_another_table_is_not_kept(lake, monkeypatch):
    """A table that was made anew is joined, too: what the old one had is not taken for known."""
    monkeypatch.setattr(memories, "WORTH_SAVING", 3)
    append(lake.arrivals, arrive(1, 2, 3))
    start(lake)
    shutil.rmtree(lake.arrivals)
    create_tables(lake, [])
    append(lake.arrivals, arrive(7))
    memory = start(lake)
    append(lake.arrivals, arrive(8))
    memory.add(arrive(8))
    assert DeltaTable(lake.arrivals).optimize.compact()["numFilesRemoved"] == 2
    memory.refresh()
    assert knows(start(lake), 1, 7, 8) == [False, True, True]


@pytest.mark.usefixtures("saves_at_once")
def test_beside_a_compaction_nothing_is_read(lake):
    """Who knew all rows before knows them after, and the next snapshot names the new files."""
    for offset in range(4):
        append(lake.arrivals, arrive(offset))
    memory = start(lake)
    DeltaTable(lake.arrivals).optimize.compact()
    ruin(lake)
    memory.refresh()
    assert knows(memory, 0, 3, 4) == [True, True, False]
    assert knows(start(lake), 0, 3, 4) == [True, True, False]
    # control: after somebody's append everything is read
    Path(lake.memory).unlink()
    append(lake.arrivals, arrive(9))
    with pytest.raises((OSError, pa.ArrowException)):
        memory.refresh()


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.usefixtures("saves_at_once")
def test_a_compaction_between_two_batches_is_none_of_another_s_rows(lake, is_first):
    """Before what was added, or after it; control: an append of somebody else beside both is read."""
    append(lake.arrivals, arrive(0))
    append(lake.arrivals, arrive(1))
    memory = start(lake)

    def compact() -> None:
        assert DeltaTable(lake.arrivals).optimize.compact()["numFilesRemoved"] > 1

    if is_first:
        compact()
    append(lake.arrivals, arrive(2))
    memory.add(arrive(2))
    if not is_first:
        compact()
    ruin(lake)
    memory.refresh()
    assert knows(memory, 0, 2, 3) == [True, True, False]
    append(lake.arrivals, arrive(3))
    append(lake.arrivals, arrive(4))
    memory.add(arrive(4))
    Path(lake.memory).unlink()
    with pytest.raises((OSError, pa.ArrowException)):
        memory.refresh()


def flip_a_bit(file: Path) -> None:
    body = bytearray(file.read_bytes())
    body[200] ^= 1
    file.write_bytes(body)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


@pytest.mark.parametrize("damage", [flip_a_bit, cut, lambda file: file.write_bytes(b""), Path.unlink])
@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.usefixtures("saves_at_once")
def test_a_damaged_snapshot_is_none(lake, damage, is_named):
    """Its hashes, or what names them, are known by their checksums; a new one is written from the table."""
    append(lake.arrivals, arrive(*range(100)))
    start(lake)
    damage(Path(lake.memory).with_name(load(lake.memory).name) if is_named else Path(lake.memory))
    assert load(lake.memory) is None
    assert all(knows(start(lake), *range(100)))
    assert len(load(lake.memory).high) == 100


@pytest.mark.usefixtures("saves_at_once")
def test_hashes_of_another_kind_are_none(lake, monkeypatch):
    """Another version of what hashes may hash otherwise: nothing would be known again."""
    append(lake.arrivals, arrive(1))
    start(lake)
    monkeypatch.setattr(memories, "_PROBE", memories._PROBE + "?")  # noqa: SLF001  # as if it hashed otherwise
    ruin(lake)
    with pytest.raises((OSError, pa.ArrowException)):
        start(lake)


@pytest.mark.usefixtures("saves_at_once")
def test_a_snapshot_that_cannot_be_written_stops_nothing(lake):
    """The table has everything."""
    Path(lake.memory).parent.write_text("no folder", encoding="utf-8")
    append(lake.arrivals, arrive(1))
    assert knows(start(lake), 1, 2) == [True, False]
    assert load(lake.memory) is None


ENDS_AT_ONCE = """
import sys, time
from stafford.domain.lake import Lake
from stafford.lakehouse.silver.stream import BatchWriter
BatchWriter(Lake(sys.argv[1]), {})
time.sleep(float(sys.argv[2]))
sys.exit(3)
"""


@pytest.mark.parametrize("delay_s", [0, 0.05, 0.1])
def test_a_process_ends_while_its_memory_is_read(long_lake, delay_s):
    """As an ingestion whose checkpoint is damaged: it hung, or crashed, in what was torn down meanwhile."""
    command = [sys.executable, "-c", ENDS_AT_ONCE, long_lake.uri, str(delay_s)]
    assert subprocess.run(command, timeout=60, check=False).returncode == 3


@pytest.fixture(scope="module")
def long_lake(tmp_path_factory) -> Lake:
    """Half a million identities, which take some tenths of a second to read."""
    lake = Lake(str(tmp_path_factory.mktemp("long")))
    create_tables(lake, [])
    count = 100_000
    columns = {name: pa.nulls(count, kind) for name, kind in ARRIVALS.items()}
    for start in range(0, 5 * count, count):
        offsets = np.arange(start, start + count)
        logs = {"topic": pa.repeat("orders", count), "_source": pa.repeat("kafka", count)}
        identities = pa.array([f"orders/{n:036}" for n in offsets])
        places = {"_partition": pa.repeat(pa.scalar(0, pa.int32()), count), "_offset": pa.array(offsets)}
        append(lake.arrivals, pa.table(columns | logs | places | {"identity": identities}))
    return lake
