"""Data files of Delta tables, written and read without Delta: which of them a table has, its log alone says.

So tasks and threads can write side by side what becomes one commit. A file that nobody commits is no part of
the table, and VACUUM takes it.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import dataset

from stafford.lakehouse.files import locate
from stafford.lakehouse.tables import BRONZE

BYTES_AT_ONCE = 64 << 20
"""Bounds what of a file waits in memory to be written."""
ROWS_AT_ONCE = 10_000
"""Of a file that is read."""

_BRONZE_BY = "topic"
_BRONZE_STORED = pa.schema([(name, kind) for name, kind in BRONZE.items() if name != _BRONZE_BY])
_BY_TOPIC = dataset.partitioning(pa.schema([(_BRONZE_BY, BRONZE[_BRONZE_BY])]), flavor="hive")
# Bodies and keys hardly repeat as a whole, and what repeats in them zstd finds.
_BRONZE_REPEATS = ["partition", "source", "headers.list.element.key"]


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file that is written whole.

    path: within the table. columns: of its rows, with those that its folder stands for; their values are in
    `partition`. stats: as Delta's log has them, JSON. written_at_ms: since 1970.
    """

    path: str
    columns: Mapping[str, pa.DataType]
    partition: Mapping[str, str]
    size: int
    stats: str
    written_at_ms: int


class FileWriter:
    """Writes rows to a new file in the folder of a table."""

    def __init__(
        self,
        table: str,
        schema: pa.Schema,
        partition: Mapping[str, str],
        *,
        dictionary: bool | list[str] = True,
        stated: Sequence[str] = (),
    ) -> None:
        """Begin the file.

        Args:
            table: URI of the table.
            schema: of what the file holds: the table's columns but those of `partition`.
            partition: values of the columns by which the table is partitioned.
            dictionary: columns whose values repeat.
            stated: columns of instants, of which the log is to know the first and the last.
        """
        self._files, folder = locate(table)
        # Values come off the wire, and must name one folder here whatever they are.
        place = "".join(f"{name}={quote(value, safe='')}/" for name, value in partition.items())
        self._name = f"{place}{uuid4()}.parquet"
        self._path = f"{folder}/{self._name}"
        self._partition, self._schema, self._stated = partition, schema, stated
        self._files.create_dir(f"{folder}/{place}".rstrip("/"))
        self._metadata: list[pq.FileMetaData] = []
        self._writer = pq.ParquetWriter(
            self._path,
            schema,
            filesystem=self._files,
            compression="zstd",
            use_dictionary=dictionary,
            write_statistics=list(stated),
            metadata_collector=self._metadata,
        )
        self._waiting: list[pa.Table] = []
        self._bytes = 0

    def add(self, rows: pa.Table) -> None:
        """Write rows; they have the columns of `partition` or not, and all others, in any order."""
        self._waiting.append(rows.select(self._schema.names))
        self._bytes += self._waiting[-1].nbytes
        if self._bytes >= BYTES_AT_ONCE:
            self._write()

    def close(self) -> DataFile:
        """End the file."""
        self._write()
        self._writer.close()
        size = self._files.get_file_info(self._path).size
        stats = json.dumps(_state(self._metadata[0], self._stated))
        columns = dict(zip(self._schema.names, self._schema.types, strict=True))
        columns |= dict.fromkeys(self._partition, pa.string())
        return DataFile(self._name, columns, self._partition, size, stats, time.time_ns() // 1_000_000)

    def _write(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
        self._waiting, self._bytes = [], 0


def write_rows(
    table: str, rows: pa.Table, partition: Mapping[str, str], stated: Sequence[str] = ()
) -> DataFile:
    """Write rows as one file; the arguments are those of `FileWriter`."""
    writer = FileWriter(table, rows.schema, partition, stated=stated)
    writer.add(rows)
    return writer.close()


def _state(metadata: pq.FileMetaData, columns: Sequence[str]) -> dict[str, Any]:
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    stats: dict[str, Any] = {
        "numRecords": metadata.num_rows,
        "minValues": {},
        "maxValues": {},
        "nullCount": {},
    }
    for name in columns:
        place = metadata.schema.names.index(name)
        found = [group.column(place).statistics for group in groups]
        if found and all(one is not None and one.has_min_max for one in found):
            # Delta's log has milliseconds: no instant may lie outside of what it says.
            stats["minValues"][name] = _write_instant(min(one.min for one in found))
            latest = max(one.max for one in found) + timedelta(microseconds=999)
            stats["maxValues"][name] = _write_instant(latest)
            stats["nullCount"][name] = sum(one.null_count for one in found)
    return stats


def _write_instant(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_bronze(bronze: str, tables: Iterable[pa.Table]) -> list[DataFile]:
    """Write rows as files of bronze, one for each topic.

    Args:
        bronze: URI of the table.
        tables: rows with its columns, of one topic each.

    Raises:
        OSError: a file cannot be written.
    """
    writers: dict[str, FileWriter] = {}
    for rows in tables:
        topic = rows[_BRONZE_BY][0].as_py()
        if topic not in writers:
            writers[topic] = FileWriter(
                bronze, _BRONZE_STORED, {_BRONZE_BY: topic}, dictionary=_BRONZE_REPEATS
            )
        writers[topic].add(rows)
    return [writer.close() for writer in writers.values()]


def read_bronze(bronze: str, uris: Sequence[str]) -> Iterator[pa.Table]:
    """Read files of bronze.

    Args:
        bronze: URI of the table.
        uris: of the files, as Spark gives them.

    Yields:
        Rows with bronze's columns, of one file each.
    """
    files, folder = locate(bronze)
    for uri in uris:
        # Spark writes "file:/lake", which is no URI to others; below the table both mean the same.
        partition, name = unquote(uri).rsplit("/", 2)[1:]
        rows = dataset.dataset(
            f"{folder}/{partition}/{name}",
            schema=pa.schema(BRONZE.items()),
            format="parquet",
            filesystem=files,
            partitioning=_BY_TOPIC,
        )
        # Spark has a task for each core already.
        for batch in rows.to_batches(batch_size=ROWS_AT_ONCE, use_threads=False):
            if batch.num_rows:
                yield pa.Table.from_batches([batch])
