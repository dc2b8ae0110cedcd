"""Upkeep joins files and shortens logs, and a table is what it was before."""

import json
import os
import time
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import CommitProperties, DeltaTable, Transaction
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import fs

from stafford.errors import NotReady, StorageError
from stafford.lakehouse import replaced, upkeep
from stafford.lakehouse.commits import append
from stafford.lakehouse.maintenance import join, list_files, take_young
from stafford.lakehouse.replaced import delete_replaced
from stafford.lakehouse.upkeep import shorten_log, tend

EVERY = 5
"""Commits from one checkpoint of a log to the next."""


@pytest.fixture(autouse=True)
def keep_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small numbers, so that small tables show what large ones do."""
    monkeypatch.setattr(upkeep, "KEPT_COMMITS", 10)
    monkeypatch.setattr(upkeep, "KEPT_BY_BRONZE", 10)
    monkeypatch.setattr(upkeep, "YOUNG_FILES", 10)
    monkeypatch.setattr(replaced, "KEPT_S", 0.0)


def make(uri: Path, commits: int) -> str:
    """A table with a row, a file and a transaction of each commit."""
    properties = {"delta.checkpointInterval": str(EVERY)}
    DeltaTable.create(uri, pa.schema([("number", pa.int64())]), configuration=properties)
    add(str(uri), 0, commits)
    return str(uri)


def add(uri: str, first: int, commits: int) -> None:
    for number in range(first, first + commits):
        known = CommitProperties(app_transactions=[Transaction(f"app-{number}", 7)])
        append(uri, pa.table({"number": [number]}), known)


def numbers(uri: str) -> list[int]:
    """The rows of a table, and each transaction is known."""
    table = DeltaTable(uri)
    found = sorted(table.to_pyarrow_table()["number"].to_pylist())
    assert all(table.transaction_version(f"app-{number}") == 7 for number in found)
    return found


def versions(uri: str, kind: str = "json") -> list[int]:
    """Of the log's files of a kind."""
    return sorted(int(path.name[:20]) for path in (Path(uri) / "_delta_log").glob(f"*.{kind}"))


def sizes(uri: str) -> list[int]:
    """Of the files of a table, the largest last."""
    return sorted(pa.table(DeltaTable(uri).get_add_actions())["size_bytes"].to_pylist())


def left_over(uri: str) -> set[str]:
    """Data files that the table does not have any more, and has not deleted yet."""
    return {str(path) for path in Path(uri).rglob("*.parquet") if "_delta_log" not in path.parts} - set(
        DeltaTable(uri).file_uris()
    )


def lists(uri: str) -> list[Path]:
    """Of files that were replaced."""
    return sorted((Path(uri) / "_replaced").glob("*"))


def listed(uri: str) -> set[str]:
    """What is in them."""
    return {f"{uri}/{unquote(name)}" for path in lists(uri) for name in path.read_text().splitlines()}


def test_a_log_becomes_short_and_the_table_is_the_same(tmp_path: Path) -> None:
    """It begins with a checkpoint, at what is needed or just before; what is no part of it stays."""
    uri = make(tmp_path / "t", 33)
    (tmp_path / "t" / "_delta_log" / f"{7:020}.crc").write_text("{}")
    strange = tmp_path / "t" / "_delta_log" / "notes.json"
    strange.write_text("{}")
    before = DeltaTable(uri)
    begins = shorten_log(uri, 23)
    strange.unlink()
    assert begins == versions(uri)[0] > 0
    assert versions(uri) == list(range(versions(uri, "checkpoint.parquet")[0], 34))
    assert 23 - EVERY < versions(uri)[0] <= 23
    assert versions(uri, "crc") == []
    assert numbers(uri) == list(range(33))
    before.update_incremental()  # who had it open goes on
    assert before.version() == 33
    assert shorten_log(uri, 23) == versions(uri)[0]
    add(uri, 33, 1)
    assert numbers(uri) == list(range(34))


@pytest.mark.parametrize("needed", [0, 1, 12, 15, 29, 33])
def test_what_somebody_needs_stays(tmp_path: Path, needed: int) -> None:
    """Each version from the one that is needed can still be read, and its commit is there."""
    uri = make(tmp_path / "t", 33)
    shorten_log(uri, needed)
    kept = versions(uri)
    assert kept == list(range(kept[0], 34))
    # no more than it takes to begin at a checkpoint
    assert needed - EVERY <= kept[0] <= needed
    for version in range(needed, 34):
        assert DeltaTable(uri, version=version).count() == version


class Cut(fs.LocalFileSystem):
    """A disk that deletes so many files and then no more, as if the process had been killed."""

    left = 0

    def delete_file(self, path: str) -> None:
        if not self.left:
            raise OSError("killed")
        self.left -= 1
        Path(path).unlink()


@pytest.mark.parametrize("deleted", [0, 1, 7, 20])
def test_one_that_was_cut_off_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deleted: int) -> None:
    """What is left is a log without a gap, and the next time deletes the rest."""
    uri = make(tmp_path / "t", 33)
    disk = Cut()
    disk.left = deleted
    with monkeypatch.context() as patched:
        patched.setattr(upkeep, "locate", lambda found: (disk, found))
        with pytest.raises(StorageError, match="killed"):
            shorten_log(uri, 23)
    kept = versions(uri)
    assert kept == list(range(kept[0], 34))
    assert numbers(uri) == list(range(33))
    shorten_log(uri, 23)
    assert versions(uri)[0] == versions(uri, "checkpoint.parquet")[0]
    assert numbers(uri) == list(range(33))


def test_a_checkpoint_that_is_damaged_stands_for_nothing(tmp_path: Path) -> None:
    """All that it would stand for is still there, and the table can be read without it."""
    uri = make(tmp_path / "t", 33)
    log = tmp_path / "t" / "_delta_log"
    base = max(at for at in versions(uri, "checkpoint.parquet") if at <= 23)
    file = log / f"{base:020}.checkpoint.parquet"
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(StorageError, match="cannot shorten the log"):
        shorten_log(uri, 23)
    assert versions(uri) == list(range(34))
    file.unlink()
    assert numbers(uri) == list(range(33))


def test_only_tables_with_many_small_files_are_joined(tmp_path: Path) -> None:
    uris = {
        "many": make(tmp_path / "many", 12),
        "few": make(tmp_path / "few", 8),
        "none": str(tmp_path / "no"),
    }
    tend(uris, str(tmp_path / "checkpoint"))
    (joined,) = DeltaTable(uris["many"]).file_uris()
    assert pq.read_metadata(joined).row_group(0).column(0).compression == "ZSTD"  # as it was before
    assert numbers(uris["many"]) == list(range(12))
    assert len(DeltaTable(uris["few"]).file_uris()) == 8


def test_a_stream_is_given_rest_after_each_join(tmp_path: Path) -> None:
    """Told how long it took, and whoever stops waits for no other; logs come first."""
    uris = {name: make(tmp_path / name, 33) for name in ("arrivals", "quarantine", "silver/orders")}
    took: list[float] = []

    def rest(seconds: float) -> bool:
        took.append(seconds)
        return len(took) == 2

    tend(uris, str(tmp_path / "checkpoint"), rest)
    assert len(took) == 2
    assert min(took) > 0
    assert [len(sizes(uri)) for uri in uris.values()] == [1, 1, 33]
    assert all(versions(uri)[0] > 0 for uri in uris.values())


def test_a_large_file_waits_until_as_much_is_new(tmp_path: Path) -> None:
    """Control: `maintain compact` joins whatever is not full yet."""
    uri = make(tmp_path / "t", 0)
    append(uri, pa.table({"number": list(range(100, 20_000))}), CommitProperties())
    (large,) = sizes(uri)
    for number in range(12):
        append(uri, pa.table({"number": [number]}), CommitProperties())
    tend({"arrivals": uri}, str(tmp_path / "checkpoint"))
    assert len(sizes(uri)) == 2
    assert sizes(uri)[-1] == large
    join("arrivals", DeltaTable(uri))
    assert len(sizes(uri)) == 1
    rows = DeltaTable(uri).to_pyarrow_table()["number"].to_pylist()
    assert sorted(rows) == [*range(12), *range(100, 20_000)]


def test_partitions_are_joined_each_by_itself(tmp_path: Path) -> None:
    """A topic that is quiet waits, whatever comes to another; names off the wire are only names."""
    uri, names = str(tmp_path / "t"), ["busy", "it's = odd/%20", "quiet"]
    kinds = pa.schema([("number", pa.int64()), ("topic", pa.string())])
    DeltaTable.create(uri, kinds, partition_by=["topic"])
    for number in range(12):
        busy = names[:2] if number else names
        append(uri, pa.table({"number": [number] * len(busy), "topic": busy}), CommitProperties())
    tend({"quarantine": uri}, str(tmp_path / "checkpoint"))
    assert len(sizes(uri)) == 3
    found = DeltaTable(uri).to_pyarrow_table().group_by("topic").aggregate([("number", "sum")])
    assert dict(zip(*(found[name].to_pylist() for name in found.column_names), strict=True)) == dict(
        zip(names, [66, 66, 0], strict=True)
    )


@given(st.lists(st.integers(1, 1000), max_size=300))
def test_what_is_joined_at_least_doubles(found: list[int]) -> None:
    """So a row is written a number of times that is a logarithm; and few files stay small for good."""
    young = take_young(found)
    assert not young or 2 * young[-1] <= sum(young)
    left = sorted((Counter(found) - Counter(young)).elements())
    assert len(left) <= 10  # each is larger than all that are smaller, together
    assert all(size > sum(young) + sum(left[:place]) for place, size in enumerate(left))


def test_bronze_s_log_is_kept_for_silver(tmp_path: Path) -> None:
    """Whole until silver has begun two batches.

    Control: under another name, which nobody reads by its log, the same table is shortened further.
    """
    uri = make(tmp_path / "t", 33)
    offsets = tmp_path / "checkpoint" / "offsets"
    offsets.mkdir(parents=True)
    position = {"reservoirId": str(DeltaTable(uri).metadata().id), "reservoirVersion": 8}
    for batch in ("3", "4"):
        tend({"bronze": uri}, str(tmp_path / "checkpoint"))
        assert versions(uri)[0] == 0
        (offsets / batch).write_text(f"v1\n{{}}\n{json.dumps(position)}")
    tend({"bronze": uri}, str(tmp_path / "checkpoint"))
    assert 0 < versions(uri)[0] <= 8
    tend({"arrivals": uri}, str(tmp_path / "checkpoint"))
    assert 8 < versions(uri)[0] <= DeltaTable(uri).version() - 10


def test_what_a_batch_job_reads_stays(tmp_path: Path) -> None:
    """It began with a version, and may ask for it after hours; files are joined all the same."""
    uri = make(tmp_path / "t", 33)
    tend({"silver/orders": uri}, str(tmp_path / "checkpoint"), is_pinned=True)
    assert versions(uri)[0] == 0
    assert len(DeltaTable(uri).file_uris()) == 1
    tend({"silver/orders": uri}, str(tmp_path / "checkpoint"), is_pinned=False)
    assert versions(uri)[0] > 0


def test_without_a_checkpoint_bronze_s_log_is_kept_whole(tmp_path: Path) -> None:
    """Silver may begin anew, and read it from its beginning."""
    uri = make(tmp_path / "t", 33)
    tend({"bronze": uri}, str(tmp_path / "checkpoint"))
    assert versions(uri)[0] == 0


def test_a_table_that_others_write_is_left_for_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its log is shortened all the same."""

    def lose(*_: object) -> int:
        raise NotReady("others were faster")

    monkeypatch.setattr(upkeep, "join", lose)
    uri = make(tmp_path / "t", 33)
    tend({"arrivals": uri}, str(tmp_path / "checkpoint"))
    assert len(DeltaTable(uri).file_uris()) == 33
    assert versions(uri)[0] > 0


def test_whatever_version_can_be_opened_can_be_read(tmp_path: Path) -> None:
    """While files are joined and deleted behind it; and no more is left over than the log still reaches."""
    uri, seen = make(tmp_path / "t", 0), {}
    for number in range(60):
        add(uri, number, 1)
        seen[DeltaTable(uri).version()] = list(range(number + 1))
        tend({"arrivals": uri}, str(tmp_path / "checkpoint"))
        if number % 10 == 9:
            for version in seen.keys() & set(versions(uri)):
                rows = DeltaTable(uri, version=version).to_pyarrow_table()["number"].to_pylist()
                assert sorted(rows) == seen[version]
    assert versions(uri)[0] > 40
    assert all(int(path.stem) > versions(uri)[0] for path in lists(uri))
    assert left_over(uri) == listed(uri)


def test_what_no_list_names_stays(tmp_path: Path) -> None:
    """It may be of a writer who has not committed. What was joined goes, whatever its partition is called."""
    uri, name = str(tmp_path / "t"), "it's = odd/%20"
    kinds = pa.schema([("number", pa.int64()), ("topic", pa.string())])
    properties = {"delta.checkpointInterval": str(EVERY)}
    DeltaTable.create(uri, kinds, partition_by=["topic"], configuration=properties)
    strange = tmp_path / "t" / "part-of-somebody.parquet"
    strange.write_text("not committed")
    for number in range(40):
        append(uri, pa.table({"number": [number], "topic": [name]}), CommitProperties())
        if number == 20:
            tend({"quarantine": uri}, str(tmp_path / "checkpoint"))
            assert len(left_over(uri)) == 1 + 21
    tend({"quarantine": uri}, str(tmp_path / "checkpoint"))
    # of the first join all is gone, of the second nothing
    assert left_over(uri) == {str(strange), *listed(uri)}
    assert sorted(DeltaTable(uri).to_pyarrow_table()["number"].to_pylist()) == list(range(40))


@pytest.fixture
def outlived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A table with files that were joined a moment ago, and that no version has."""
    monkeypatch.setattr(replaced, "KEPT_S", 3600.0)
    uri = make(tmp_path / "t", 12)
    tend({"arrivals": uri}, str(tmp_path / "checkpoint"))
    add(uri, 12, 30)
    shorten_log(uri, DeltaTable(uri).version())
    return uri


def age(uri: str) -> None:
    """An hour passes."""
    for path in lists(uri):
        os.utime(path, (time.time() - 3601,) * 2)


def test_what_was_joined_stays_for_an_hour(outlived: str) -> None:
    """Somebody may have opened the table before, and still be reading."""
    begins = versions(outlived)[0]
    assert delete_replaced(outlived, begins) == 0
    assert len(left_over(outlived)) == 12
    age(outlived)
    assert delete_replaced(outlived, int(lists(outlived)[0].stem) - 1) == 0
    assert delete_replaced(outlived, begins) == 12
    assert left_over(outlived) == set()
    assert lists(outlived) == []
    assert numbers(outlived) == list(range(42))


@pytest.mark.parametrize("deleted", [0, 1, 7, 12])
def test_a_deletion_that_was_cut_off_goes_on(
    outlived: str, monkeypatch: pytest.MonkeyPatch, deleted: int
) -> None:
    """The list goes last."""
    age(outlived)
    disk = Cut()
    disk.left = deleted
    with monkeypatch.context() as patched:
        patched.setattr(replaced, "locate", lambda found: (disk, found))
        with pytest.raises(StorageError, match="killed"):
            delete_replaced(outlived, versions(outlived)[0])
    assert len(left_over(outlived)) == 12 - deleted
    assert delete_replaced(outlived, versions(outlived)[0]) == 12 - deleted
    assert left_over(outlived) == set()
    assert lists(outlived) == []


def test_of_a_list_that_was_cut_off_the_whole_lines_count(outlived: str) -> None:
    """Half a name is no name."""
    (note,) = lists(outlived)
    text = note.read_text()
    victim = Path(outlived) / text.splitlines()[-1][:-1]
    victim.write_text("has the name that is left")
    note.write_text(text[:-2])
    age(outlived)
    assert delete_replaced(outlived, versions(outlived)[0]) == 11
    assert victim.exists()


def test_what_a_version_has_all_the_same_stays(outlived: str) -> None:
    """On a local disk Spark can write its commit over that of a join, which then never happened."""
    begins = versions(outlived)[0]
    live = list_files(DeltaTable(outlived, version=begins))
    (note,) = lists(outlived)
    note.write_text(note.read_text() + "".join(f"{name}\n" for name in live))
    age(outlived)
    assert delete_replaced(outlived, begins) == 12
    assert lists(outlived) == []
    assert numbers(outlived) == list(range(42))
