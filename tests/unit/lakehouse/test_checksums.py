"""Version checksum files: what they say is what the table is, and none that is wrong stays."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from stafford.lakehouse import checksums
from stafford.lakehouse.checksums import KEPT, write_checksum
from stafford.lakehouse.commits import append, append_files_once, has_done
from stafford.lakehouse.data_files import write_rows

ROWS = pa.table({"topic": ["orders", "returns"], "offset": [1, 2]})


@pytest.fixture
def table(tmp_path: Path) -> str:
    """A table of two partitions with a commit of two files."""
    uri = str(tmp_path / "table")
    properties = {"delta.appendOnly": "true"}
    DeltaTable.create(uri, pa.schema(ROWS.schema), partition_by=["topic"], configuration=properties)
    append(uri, ROWS)
    return uri


def read(uri: str) -> dict[int, dict[str, object]]:
    """The files that stand there, by version."""
    found = sorted((Path(uri) / "_delta_log").glob("*.crc"))
    return {int(path.stem): json.loads(path.read_text()) for path in found}


def measure(uri: str) -> tuple[int, int]:
    """Files and bytes of the newest version, by the disk."""
    paths = [Path(path) for path in DeltaTable(uri).file_uris()]
    return len(paths), sum(path.stat().st_size for path in paths)


def test_it_says_what_the_table_is(table: str) -> None:
    write_checksum(DeltaTable(table))
    ((version, said),) = read(table).items()
    assert version == 1
    assert (said["numFiles"], said["tableSizeBytes"]) == measure(table)
    log = [
        json.loads(line) for line in (Path(table) / "_delta_log" / f"{0:020}.json").read_text().splitlines()
    ]
    (written,) = (action["metaData"] for action in log if "metaData" in action)
    (protocol,) = (action["protocol"] for action in log if "protocol" in action)
    said_metadata = said["metadata"]
    assert isinstance(said_metadata, dict)
    assert json.loads(said_metadata.pop("schemaString")) == json.loads(written.pop("schemaString"))
    assert said_metadata == written
    assert said["protocol"] == protocol


def test_an_append_is_added_to_what_was_said(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a table with many files none is looked at again; control: without the last one all are."""
    write_checksum(DeltaTable(table))
    append(table, ROWS)
    with monkeypatch.context() as patched:
        patched.setattr(checksums, "_describe", lambda _: pytest.fail("the whole table was described"))
        write_checksum(DeltaTable(table))
    assert (read(table)[2]["numFiles"], read(table)[2]["tableSizeBytes"]) == measure(table)
    append(table, ROWS)
    append(table, ROWS)  # and nobody wrote of the one before
    write_checksum(DeltaTable(table))
    assert sorted(read(table)) == [1, 2, 4]
    assert (read(table)[4]["numFiles"], read(table)[4]["tableSizeBytes"]) == measure(table)


def test_after_files_were_joined_it_is_described_anew(table: str) -> None:
    """What was said a version ago does not hold when files went as well as came."""
    for _ in range(3):
        append(table, ROWS)
    write_checksum(DeltaTable(table))
    assert DeltaTable(table).optimize.compact()["numFilesRemoved"] > 0
    write_checksum(DeltaTable(table))
    said = read(table)[DeltaTable(table).version()]
    assert (said["numFiles"], said["tableSizeBytes"]) == measure(table)
    assert said["numFiles"] == 2


def test_a_table_that_was_opened_before_files_were_joined_takes_more(table: str) -> None:
    """A batch opens bronze once; what is committed meanwhile is neither lost nor miscounted."""
    files = [write_rows(table, ROWS.slice(0, 1).drop_columns("topic"), {"topic": "orders"})]
    opened = DeltaTable(table)
    append(table, ROWS)
    assert DeltaTable(table).optimize.compact()["numFilesRemoved"] == 4
    append_files_once(opened, files, "bronze/q", 0)
    write_checksum(opened)
    said = read(table)[4]
    assert (said["numFiles"], said["tableSizeBytes"]) == measure(table)
    assert said["numFiles"] == 3
    assert has_done(opened, "bronze/q", 0)
    assert DeltaTable(table).count() == 5


def test_only_the_newest_stay(table: str) -> None:
    for _ in range(KEPT + 3):
        write_checksum(DeltaTable(table))
        append(table, ROWS)
    write_checksum(DeltaTable(table))
    newest = DeltaTable(table).version()
    assert sorted(read(table)) == list(range(newest - KEPT + 1, newest + 1))


def test_a_torn_one_is_described_anew(table: str) -> None:
    write_checksum(DeltaTable(table))
    (Path(table) / "_delta_log" / f"{1:020}.crc").write_text('{"numFiles": 7')
    append(table, ROWS)
    write_checksum(DeltaTable(table))
    (Path(table) / "_delta_log" / f"{1:020}.crc").unlink()
    assert (read(table)[2]["numFiles"], read(table)[2]["tableSizeBytes"]) == measure(table)


def test_a_log_that_takes_no_file_is_no_failure(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(checksums, "json", type("Full", (), {"dumps": refuse, "loads": json.loads}))
        write_checksum(DeltaTable(table))
    assert read(table) == {}
