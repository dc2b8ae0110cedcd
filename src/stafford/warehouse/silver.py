"""Reads silver by delta-rs, without Spark: one pinned version of a table, as a stream of Arrow batches."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from stafford.contracts import Contract
from stafford.errors import ContractViolation, StorageError

INGESTED_AT = "_ingested_at"
"""The one lineage column that the warehouse keeps: how fresh a row is."""

PLAIN_FILES = 1
"""The reader version of Delta in which data files are read as they are; silver is made in it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of a silver table; later commits to the table do not change what it reads.

    `table_id` is Delta's own identity: a table that was deleted and made again has another one, though
    its path and its version may be the same.
    """

    topic: str
    uri: str
    table: DeltaTable | None
    """None when no event of the topic ever reached silver."""

    @classmethod
    def open(cls, topic: str, uri: str) -> Self:
        """Pin the newest version of the table at a URI.

        Raises:
            StorageError: there is a table and it cannot be read.
        """
        with _readable(topic, uri):
            return cls(topic, uri, DeltaTable(uri) if _exists(uri) else None)

    @property
    def version(self) -> int | None:
        """Delta version; None for a table that does not exist."""
        return None if self.table is None else self.table.version()

    @property
    def table_id(self) -> str | None:
        """Delta's identity of the table; None for a table that does not exist."""
        return None if self.table is None else str(self.table.metadata().id)

    def columns(self, contract: Contract) -> list[str]:
        """Names of the wanted columns that the table has: the contract's fields and `_ingested_at`.

        Raises:
            ContractViolation: the table lacks a field that the contract requires.
        """
        if self.table is None:
            return []
        present = {field.name for field in self.table.schema().fields}
        missing = [f.name for f in contract.fields if f.required and f.name not in present]
        if missing:
            raise ContractViolation(
                f"silver table {self.topic} at version {self.version} has no column {', '.join(missing)}, "
                f"which contract {contract.version} requires; ingest it again with this contract"
            )
        return [name for name in (*(f.name for f in contract.fields), INGESTED_AT) if name in present]

    @property
    def rows(self) -> int | None:
        """How many this version has, as its log says; None where it does not."""
        if self.table is None:
            return 0
        counts = pa.table(self.table.get_add_actions())["num_records"]
        return None if counts.null_count else int(pc.sum(counts).as_py() or 0)

    @property
    def files(self) -> list[str] | None:
        """Names of its files, which are never given to another; None where files do not tell the whole.

        Rows may be masked by a deletion vector, or columns be stored under other names.
        """
        if self.table is None or self.table.protocol().min_reader_version != PLAIN_FILES:
            return None
        return sorted(pa.table(self.table.get_add_actions())["path"].to_pylist())

    def batches(self, columns: list[str]) -> pa.RecordBatchReader:
        """The rows of this version, read as they are consumed; deletion vectors are honoured.

        Raises:
            StorageError: the table does not exist or cannot be read.
        """
        with _readable(self.topic, self.uri):
            return pa.RecordBatchReader.from_stream(self._made().scan(columns=columns))

    def batches_of(self, files: Collection[str], columns: list[str]) -> pa.RecordBatchReader:
        """The rows of some of its `files`, read as they are consumed.

        Raises:
            StorageError: the table does not exist or cannot be read.
        """
        with _readable(self.topic, self.uri):
            all_of_it = self._made().to_pyarrow_dataset()
            some = [fragment for fragment in all_of_it.get_fragments() if fragment.path in files]
            return (
                ds.FileSystemDataset(some, all_of_it.schema, all_of_it.format, all_of_it.filesystem)
                .scanner(columns=columns)
                .to_reader()
            )

    def _made(self) -> DeltaTable:
        if self.table is None:
            raise StorageError(
                f"there is no silver table {self.topic} at {self.uri}; ingest some events first"
            )
        return self.table


def _exists(uri: str) -> bool:
    # delta-rs creates a missing local folder when it is asked about it.
    return ("://" in uri or Path(uri).is_dir()) and DeltaTable.is_deltatable(uri)


@contextmanager
def _readable(topic: str, uri: str) -> Iterator[None]:
    try:
        yield
    except (DeltaError, OSError) as exc:
        raise StorageError(
            f"silver table {topic} at {uri} cannot be read: {exc}; check the path and its permissions"
        ) from exc
