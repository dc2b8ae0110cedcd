"""Data files that are written beside Delta, and become rows by a commit."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import SchemaMismatchError

from stafford.domain.lake import Lake
from stafford.domain.record import UTC_MICROS
from stafford.lakehouse import data_files
from stafford.lakehouse.commits import append_files_once
from stafford.lakehouse.data_files import read_bronze, write_bronze, write_rows
from stafford.lakehouse.tables import BRONZE, create_tables

AT = datetime(2026, 1, 15, 12, 0, 0, 123_456, tzinfo=UTC)


def rows(topic: str, *offsets: int) -> pa.Table:
    """Rows of bronze."""
    row = {
        "topic": topic,
        "partition": 0,
        "timestamp": AT,
        "key": b"k",
        "value": b"v" * 100,
        "source": "kafka",
    }
    row |= {"headers": [{"key": "sent", "value": b"x"}], "ingested_at": AT}
    listed = [{**row, "offset": offset} for offset in offsets]
    return pa.Table.from_pylist(listed, schema=pa.schema(BRONZE.items()))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty one, in a folder whose name has to be written otherwise in a URI."""
    made = Lake(str(tmp_path / "a lake"))
    create_tables(made, ())
    return made


def test_files_are_rows_once_they_are_committed(lake: Lake) -> None:
    """Not before, and not twice; what was written is what is read."""
    files = write_bronze(lake.bronze, [rows("orders", 1, 2), rows("payments", 7), rows("orders", 3)])
    assert DeltaTable(lake.bronze).to_pyarrow_table().num_rows == 0
    for _ in range(2):
        append_files_once(lake.bronze, files, "bronze/q", 0)
    wanted = pa.concat_tables([rows("orders", 1, 2, 3), rows("payments", 7)])
    table = DeltaTable(lake.bronze)
    found = table.to_pyarrow_table().select(wanted.column_names).sort_by("offset")
    assert found.to_pylist() == wanted.to_pylist()
    assert sorted(pa.table(table.get_add_actions(flatten=True))["num_records"].to_pylist()) == [1, 3]
    uris = [f"file:{uri.replace(' ', '%20')}" for uri in table.file_uris()]
    read = pa.concat_tables(read_bronze(lake.bronze, uris)).select(wanted.column_names).sort_by("offset")
    assert read.to_pylist() == wanted.to_pylist()


@pytest.mark.parametrize("topic", ["../../silver/orders", "a b/ü%20", ".."])
def test_a_name_off_the_wire_leads_nowhere_else(lake: Lake, topic: str) -> None:
    """Whatever a topic is called, its file is in the table, and its name comes back."""
    files = write_bronze(lake.bronze, [rows(topic, 1)])
    append_files_once(lake.bronze, files, "q", 0)
    table = DeltaTable(lake.bronze)
    assert table.to_pyarrow_table()["topic"].to_pylist() == [topic]
    (path,) = Path(lake.uri).rglob("*.parquet")
    assert path.parent.parent == Path(lake.bronze)
    uri = f"file:{quote(str(path))}"
    assert pa.concat_tables(read_bronze(lake.bronze, [uri]))["topic"].to_pylist() == [topic]


def test_a_large_file_does_not_wait_in_memory(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is over the bound is written, and what follows is written behind it."""
    monkeypatch.setattr(data_files, "BYTES_AT_ONCE", 1_000)
    (file,) = write_bronze(lake.bronze, [rows("orders", *range(at, at + 10)) for at in (0, 10, 20)])
    metadata = pq.ParquetFile(f"{lake.bronze}/{file.path}").metadata
    assert (metadata.num_rows, metadata.num_row_groups) == (30, 3)


def test_the_log_knows_the_first_and_the_last_instant(tmp_path: Path) -> None:
    """In milliseconds, and none lies outside."""
    uri = str(tmp_path / "t")
    times = pa.table({"occurred_at": pa.array([AT, None, AT.replace(year=2027)], UTC_MICROS)})
    DeltaTable.create(uri, times.schema)
    append_files_once(uri, [write_rows(uri, times, {}, ["occurred_at"])], "q", 0)
    (stats,) = pa.table(DeltaTable(uri).get_add_actions(flatten=True)).to_pylist()
    assert stats["null_count.occurred_at"] == 1
    first, last = stats["min.occurred_at"], stats["max.occurred_at"]
    milli = timedelta(milliseconds=1)
    assert first <= AT < first + milli
    assert last - milli < AT.replace(year=2027) <= last


def test_a_file_of_other_columns_is_refused(lake: Lake) -> None:
    """Delta does not look into files, so nobody else would."""
    other = rows("orders", 1).append_column("more", pa.array([1]))
    file = write_rows(lake.bronze, other.drop_columns("topic"), {"topic": "orders"})
    with pytest.raises(SchemaMismatchError, match="more int64"):
        append_files_once(lake.bronze, [file], "q", 0)
    assert DeltaTable(lake.bronze).to_pyarrow_table().num_rows == 0
