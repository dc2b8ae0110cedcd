"""What a checkpoint says, and how it is known to be older than its table."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import CommitProperties, Transaction, write_deltalake

from stafford.domain.ranges import Range
from stafford.errors import Terminal
from stafford.lakehouse.bronze import find_ranges
from stafford.lakehouse.checkpoints import (
    is_cut_off,
    is_older_than,
    last_batch,
    oldest_version,
    read_offsets,
    set_aside,
)


def begin(folder: Path, *batches: int, query: str = "q1") -> str:
    """A checkpoint in which so many batches were begun."""
    (folder / "offsets").mkdir(parents=True)
    (folder / "metadata").write_text(json.dumps({"id": query}), encoding="utf-8")
    for batch in batches:
        (folder / "offsets" / str(batch)).write_text("v1", encoding="utf-8")
        (folder / "offsets" / f".{batch}.crc").write_bytes(b"")
    return str(folder)


def write(table: Path, app_id: str, batch: int) -> str:
    """A table that has a batch of a query."""
    known = CommitProperties(app_transactions=[Transaction(app_id, batch)])
    write_deltalake(table, pa.table({"a": [batch]}), mode="append", commit_properties=known)
    return str(table)


def test_the_newest_batch_is_by_number(tmp_path: Path) -> None:
    """Not by the alphabet, and a checksum beside it is none."""
    assert last_batch(begin(tmp_path / "c", 8, 9, 10)) == 10


def test_a_checkpoint_that_is_not_there_began_nothing(tmp_path: Path) -> None:
    """Nor is it older than anything."""
    table = write(tmp_path / "t", "q1", 3)
    assert last_batch(str(tmp_path / "c")) is None
    assert not is_older_than(str(tmp_path / "c"), [table], str)


@pytest.mark.parametrize(
    ("begun", "is_older"), [((0, 1), True), ((0, 1, 2), False), ((0, 1, 2, 3), False), ((), True)]
)
def test_a_table_that_is_ahead_gives_an_old_checkpoint_away(
    tmp_path: Path, begun: tuple[int, ...], is_older: bool
) -> None:
    """The batch that is begun may be written or not; a later one cannot."""
    table = write(tmp_path / "t", "silver/q1", 2)
    checkpoint = begin(tmp_path / "c", *begun)
    assert is_older_than(checkpoint, [table], lambda query: f"silver/{query}") is is_older


def test_another_query_and_a_missing_table_say_nothing(tmp_path: Path) -> None:
    """A checkpoint that was made anew has an id of its own."""
    table = write(tmp_path / "t", "q1", 9)
    checkpoint = begin(tmp_path / "c", 0, query="q2")
    assert not is_older_than(checkpoint, [table], str)
    assert not is_older_than(checkpoint, [str(tmp_path / "none")], str)


def test_one_table_that_is_ahead_is_enough(tmp_path: Path) -> None:
    """A batch that was cut off is in some tables of several, whichever comes first."""
    behind, ahead = write(tmp_path / "behind", "q1", 4), write(tmp_path / "ahead", "q1", 5)
    checkpoint = begin(tmp_path / "c", 4)
    assert is_older_than(checkpoint, [behind, ahead], str)
    assert is_older_than(checkpoint, [ahead, behind], str)
    assert not is_older_than(checkpoint, [behind], str)


def test_a_batch_is_cut_off_until_it_is_finished(tmp_path: Path) -> None:
    """Where none was begun, none is."""
    checkpoint = begin(tmp_path / "c", 0, 1)
    assert is_cut_off(checkpoint)
    commits = tmp_path / "c" / "commits"
    commits.mkdir(exist_ok=True)
    (commits / "0").write_text("v1", encoding="utf-8")
    assert is_cut_off(checkpoint)
    (commits / "1").write_text("v1", encoding="utf-8")
    assert not is_cut_off(checkpoint)
    assert not is_cut_off(str(tmp_path / "none"))


def test_one_that_names_no_query_is_damaged(tmp_path: Path) -> None:
    """And the message says what to do."""
    checkpoint = begin(tmp_path / "c", 0)
    (tmp_path / "c" / "metadata").write_bytes(b"\x00garbage")
    with pytest.raises(Terminal, match="Move it away"):
        is_older_than(checkpoint, [write(tmp_path / "t", "q1", 0)], str)


def test_what_was_read_ends_with_the_last_finished_batch(tmp_path: Path) -> None:
    """One that was only begun may never have been written; with none finished it is where the first began."""
    folder = tmp_path / "c"
    assert read_offsets(str(folder)) is None
    checkpoint = begin(folder, 0, 1)
    assert read_offsets(checkpoint) is None
    (folder / "sources" / "0").mkdir(parents=True)
    (folder / "sources" / "0" / "0").write_bytes(b'\x00v1\n{"orders":{"0":7}}')
    assert read_offsets(checkpoint) == {"orders": {0: 7}}
    for batch, offset in enumerate((8, 9)):
        (folder / "offsets" / str(batch)).write_text(
            f'v1\n{{}}\n{{"orders":{{"0":{offset}}}}}', encoding="utf-8"
        )
    (folder / "commits").mkdir()
    (folder / "commits" / "0").write_text("v1\n{}", encoding="utf-8")
    assert read_offsets(checkpoint) == {"orders": {0: 8}}


def test_offsets_that_are_no_offsets_are_damaged(tmp_path: Path) -> None:
    """And the message says what to do."""
    folder = tmp_path / "c"
    checkpoint = begin(folder, 0)
    (folder / "commits").mkdir()
    (folder / "commits" / "0").write_text("v1\n{}", encoding="utf-8")
    with pytest.raises(Terminal, match="Move it away"):
        read_offsets(checkpoint)


def test_one_that_is_set_aside_stays_as_it_is(tmp_path: Path) -> None:
    """Under another name, and the old one is free."""
    checkpoint = begin(tmp_path / "c", 0, 1)
    aside = set_aside(checkpoint, datetime(2026, 2, 1, 12, tzinfo=UTC))
    assert not Path(checkpoint).exists()
    assert last_batch(aside) == 1


def test_a_batch_has_what_its_checkpoint_says(tmp_path: Path) -> None:
    """From where the one before ended, the first from where the query began; a new partition whole."""
    checkpoint = Path(begin(tmp_path / "c"))
    (checkpoint / "sources" / "0").mkdir(parents=True)
    for name, offsets in {
        "sources/0/0": {"a": {"0": 5}, "b": {"0": 0}},
        "offsets/0": {"a": {"0": 9}, "b": {"0": 0}},
        "offsets/1": {"a": {"0": 9, "1": 3}, "b": {"0": 1}},
    }.items():
        (checkpoint / name).write_text(f"v1\n{{}}\n{json.dumps(offsets)}", encoding="utf-8")
    assert find_ranges(str(checkpoint), 0) == [Range("a", 0, 5, 9)]
    assert find_ranges(str(checkpoint), 1) == [Range("a", 1, 0, 3), Range("b", 0, 0, 1)]
    (checkpoint / "offsets" / "0").unlink()
    with pytest.raises(Terminal, match="lacks the offsets of batch 1"):
        find_ranges(str(checkpoint), 1)


def test_the_oldest_batch_that_is_kept_says_what_a_query_may_need(tmp_path: Path) -> None:
    """Of its own table alone; without one before the last it may need everything."""
    checkpoint = begin(tmp_path / "c", 9, 10, 11)
    for batch, version in ((9, 40), (10, 41), (11, 57)):
        offset = {"reservoirId": "t1", "reservoirVersion": version, "index": -1, "isStartingVersion": False}
        (tmp_path / "c" / "offsets" / str(batch)).write_text(f"v1\n{{}}\n{json.dumps(offset)}")
    assert oldest_version(checkpoint, "t1") == 40
    assert oldest_version(checkpoint, "made again") == 0
    assert oldest_version(str(tmp_path / "none"), "t1") == 0
    for batch in (9, 10):
        (tmp_path / "c" / "offsets" / str(batch)).unlink()
    assert oldest_version(checkpoint, "t1") == 0  # where 11 begins stands nowhere


@pytest.mark.parametrize("text", ["", "v1", "v1\n{}\n{", "v1\n{}\n[]"])
def test_a_torn_offset_is_not_guessed(tmp_path: Path, text: str) -> None:
    checkpoint = begin(tmp_path / "c", 9, 10)
    (tmp_path / "c" / "offsets" / "9").write_text(text)
    with pytest.raises(Terminal, match="offsets cannot be read"):
        oldest_version(checkpoint, "t1")
