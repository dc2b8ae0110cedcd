"""Runs as files, for readers without Kafka: the one place where this room writes.

<folder>/manifest.json
<folder>/<topic>.parquet         records, RECORD_SCHEMA (ndjson: one body a line, spoilt ones too)
<folder>/labels/<topic>.parquet  labels, LABEL_SCHEMA, row by row beside the records
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from orjson import dumps

from stafford.errors import ConfigError, StorageError
from stafford.generator.assembly import Batch

MANIFEST = "manifest.json"


class Format(StrEnum):
    """How records and labels are written."""

    PARQUET = "parquet"
    NDJSON = "ndjson"


class _Writer(Protocol):
    def write(self, rows: pa.RecordBatch) -> None: ...

    def close(self) -> None: ...


@dataclass
class RunFiles:
    """A run's files while they are written: aside, and in their place only when all of them are whole."""

    folder: Path
    format: Format
    identity: Mapping[str, Any]
    rows: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._closing = ExitStack()
        self._writers: dict[Path, _Writer] = {}
        with _storage_errors(self.folder):
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            prefix = f".{self.folder.name}.partial-"
            # Only its owner may enter a mkdtemp folder, so the one that stays is made inside it.
            self._scratch = Path(tempfile.mkdtemp(prefix=prefix, dir=self.folder.parent))
            self._aside = self._scratch / "run"
            (self._aside / "labels").mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            with _storage_errors(self.folder):
                self._closing.close()
                if kind is None:
                    self._commit()
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def write(self, batch: Batch) -> None:
        """Append a batch, each topic to its own files.

        Raises:
            StorageError: the disk is full or the folder cannot be written.
        """
        topics = batch.records.column("topic")
        with _storage_errors(self.folder):
            for topic in pc.unique(topics).to_pylist():
                rows = pc.equal(topics, topic)
                records, labels = batch.records.filter(rows), batch.labels.filter(rows)
                self._open(Path(topic), records.schema, _write_bodies).write(records)
                self._open(Path("labels", topic), labels.schema, _write_objects).write(labels)
                self.rows[topic] = self.rows.get(topic, 0) + records.num_rows

    def _open(self, name: Path, schema: pa.Schema, to_lines: "_ToLines") -> _Writer:
        if name not in self._writers:
            path = self._aside / name.with_suffix(f".{self.format}")
            writer: _Writer = (
                _ParquetWriter(path, schema) if self.format is Format.PARQUET else _LineWriter(path, to_lines)
            )
            self._writers[name] = writer
            self._closing.callback(writer.close)
        return self._writers[name]

    def _commit(self) -> None:
        manifest = {**self.identity, "rows": dict(sorted(self.rows.items()))}
        text = json.dumps(manifest, indent=2) + "\n"
        (self._aside / MANIFEST).write_text(text, encoding="utf-8")
        if self.folder.exists():
            self.folder.rmdir()  # Windows renames to no folder that exists; it must be empty
        self._aside.rename(self.folder)


def find_run(folder: Path, identity: Mapping[str, Any]) -> dict[str, int] | None:
    """Rows of each topic where the folder holds this very run already; None where the folder is free.

    Raises:
        ConfigError: the folder holds something else.
        StorageError: the folder cannot be read.
    """
    with _storage_errors(folder):
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return None
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            rows: dict[str, int] = manifest.pop("rows")
        except (FileNotFoundError, NotADirectoryError, KeyError, ValueError) as exc:
            raise ConfigError(f"{folder} exists and holds no run; choose a folder that is free") from exc
    if manifest != dict(identity):
        raise ConfigError(
            f"{folder} holds another run, {manifest.get('run_id')}; choose another folder, or delete it"
        )
    return rows


_ToLines = Callable[[pa.RecordBatch], list[bytes]]


class _ParquetWriter:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")

    def write(self, rows: pa.RecordBatch) -> None:
        self._writer.write_batch(rows)

    def close(self) -> None:
        self._writer.close()


class _LineWriter:
    def __init__(self, path: Path, to_lines: _ToLines) -> None:
        self._file = path.open("wb")
        self._to_lines = to_lines

    def write(self, rows: pa.RecordBatch) -> None:
        self._file.writelines(line + b"\n" for line in self._to_lines(rows))

    def close(self) -> None:
        self._file.close()


def _write_bodies(records: pa.RecordBatch) -> list[bytes]:
    bodies: list[bytes] = records.column("value").to_pylist()
    return bodies


def _write_objects(labels: pa.RecordBatch) -> list[bytes]:
    return [dumps(row) for row in labels.to_pylist()]


@contextmanager
def _storage_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise StorageError(
            f"{folder} cannot be read or written: {exc}; free space or choose another"
        ) from exc
