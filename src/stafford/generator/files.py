"""The files of a run, for readers without Kafka.

<folder>/manifest.json                    what it is, and how many records of each topic
<folder>/<topic>/<part>.<format>          events (csv, parquet and delta: columns of the topic's contract;
                                          ndjson: one body a line, spoilt ones as they are)
<folder>/spoilt/<topic>/<part>.parquet    bodies that the mess spoilt, which no typed column can hold
<folder>/labels/<topic>/<part>.parquet    FILE_LABEL_SCHEMA: the truth about every record that is not clean

A part holds a stretch of the shop's time.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from stafford.domain.record import LABEL_SCHEMA
from stafford.generator.assembly import to_instants, to_labels
from stafford.generator.columns import to_columns
from stafford.generator.draft import Draft
from stafford.generator.layout import COPY, DEFECT, EMITTED, KEY, LAYOUTS, OCCURRED
from stafford.generator.randomness import Ints
from stafford.generator.rendering import choose_changes, render, render_lines
from stafford.generator.storage import storage_errors
from stafford.generator.text import event_ids

_LEAST_ROWS = 100_000
"""Rows of a row group, at least, but for the last: few large ones are read faster than many small ones."""
FILE_LABEL_SCHEMA = pa.schema([*LABEL_SCHEMA, pa.field("line", pa.int64())])
"""LABEL_SCHEMA, and in which line of the part of the same name the record stands; null without lines.

A record without a label is clean, must reach silver, and is there once.
"""

_SPOILT_SCHEMA = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("emitted_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("value", pa.binary(), nullable=False),
    ]
)


class Format(StrEnum):
    """How events are written; labels are always Parquet."""

    PARQUET = "parquet"
    NDJSON = "ndjson"
    CSV = "csv"
    DELTA = "delta"


class Part:
    """One part of every topic's files, in a `with`; after an error its files are not to be read.

    Args:
        folder: of the run.
        name: of the part.
        file_format: of the events.
    """

    def __init__(self, folder: Path, name: str, file_format: Format) -> None:
        self.rows: Counter[str] = Counter()
        self._folder = folder
        self._name = name
        self._format = file_format
        self._held: dict[str, list[Ints]] = defaultdict(list)
        self._waiting: Counter[str] = Counter()
        self._written: Counter[str] = Counter()
        self._writers: dict[Path, Any] = {}
        self._closing = ExitStack()

    def write(self, drafts: Mapping[str, Draft]) -> None:
        """Append events.

        Raises:
            StorageError: the disk is full or the folder cannot be written.
        """
        for topic, draft in drafts.items():
            self.rows[topic] += len(draft)
            self._held[topic].append(draft.rows)
            self._waiting[topic] += len(draft)
            if self._waiting[topic] >= _LEAST_ROWS:
                self._flush(topic)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Complete the files: each topic has one, be it empty.

        Raises:
            StorageError: the disk is full or the folder cannot be written.
        """
        with storage_errors(self._folder), self._closing:
            if kind is None:
                for topic in LAYOUTS:
                    self._flush(topic)

    def _flush(self, topic: str) -> None:
        rows = _join(self._held.pop(topic, [np.empty((0, LAYOUTS[topic].width), np.int64, order="F")]))
        self._waiting[topic] = 0
        with storage_errors(self._folder):
            draft = Draft(topic, rows)
            self._write_labels(draft)
            if self._format is Format.NDJSON:
                file = self._open(Path(topic), self._open_lines)
                for lines in render_lines(draft):
                    file.write(lines)
                return
            is_whole = choose_changes(draft) < 0
            self._write_spoilt(draft.take(~is_whole))
            table = to_columns(draft, is_whole)
            if self._format is Format.CSV:
                flat = _flatten(table)
                self._open(Path(topic), lambda path: pc.CSVWriter(path, flat.schema)).write_table(flat)
            else:
                self._open_parquet(Path(topic), table.schema).write_table(table, max(len(table), 1))

    def _write_labels(self, draft: Draft) -> None:
        """Of what is not clean; line: where it stands in the part, if that has lines."""
        marked = np.flatnonzero((draft.rows[:, DEFECT] != 0) | (draft.rows[:, COPY] != 0))
        batch = to_labels(draft.take(marked))
        line = self._written[draft.topic] + marked + 1
        self._written[draft.topic] += len(draft)
        lines = pa.array(line) if self._format is Format.NDJSON else pa.nulls(len(marked), pa.int64())
        labels = pa.RecordBatch.from_arrays([*batch.columns, lines], schema=FILE_LABEL_SCHEMA)
        self._open_parquet(Path("labels", draft.topic), FILE_LABEL_SCHEMA).write_batch(labels)

    def _write_spoilt(self, draft: Draft) -> None:
        columns = [
            event_ids(draft.rows[:, OCCURRED], draft.rows[:, KEY]),
            to_instants(draft.rows[:, EMITTED]),
            render(draft).to_arrow(),
        ]
        batch = pa.RecordBatch.from_arrays(columns, schema=_SPOILT_SCHEMA)
        self._open_parquet(Path("spoilt", draft.topic), _SPOILT_SCHEMA).write_batch(batch)

    def _open_parquet(self, place: Path, schema: pa.Schema) -> pq.ParquetWriter:
        return self._open(place, lambda path: _open_parquet(path, schema), "parquet")

    @staticmethod
    def _open_lines(path: Path) -> IO[bytes]:
        return path.open("wb")

    def _open(self, place: Path, make: Any, suffix: str | None = None) -> Any:
        if place not in self._writers:
            folder = self._folder / place
            folder.mkdir(parents=True, exist_ok=True)
            ending = suffix or ("parquet" if self._format is Format.DELTA else self._format.value)
            self._writers[place] = self._closing.enter_context(make(folder / f"{self._name}.{ending}"))
        return self._writers[place]


def _open_parquet(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """What costs time and gives nothing is off: ids do not compress, and only times are searched by range."""
    names = [field.name for field in schema]
    times = [name for name in names if name in {"occurred_at", "emitted_at"}]
    encoded = [
        field.name
        for field in schema
        if field.name not in {"event_id", "value", *times} and not pa.types.is_nested(field.type)
    ]
    if any(pa.types.is_nested(field.type) for field in schema):
        return pq.ParquetWriter(path, schema, compression="snappy", write_statistics=times)
    # Times that rise slowly are short as differences.
    encoding = dict.fromkeys(times, "DELTA_BINARY_PACKED")
    compression = {name: "NONE" if name == "event_id" else "SNAPPY" for name in names}
    return pq.ParquetWriter(
        path,
        schema,
        compression=compression,
        use_dictionary=encoded,
        write_statistics=times,
        column_encoding=encoding,
    )


def _join(parts: list[Ints]) -> Ints:
    if len(parts) == 1:
        return parts[0]
    joined: Ints = np.empty((sum(map(len, parts)), parts[0].shape[1]), np.int64, order="F")
    np.concatenate(parts, out=joined)
    return joined


def _flatten(table: pa.Table) -> pa.Table:
    """CSV has no lists: they become JSON."""
    for place, field in enumerate(table.schema):
        if pa.types.is_list(field.type):
            texts = [json.dumps(value) for value in table.column(place).to_pylist()]
            table = table.set_column(place, field.name, pa.array(texts, pa.string()))
        elif pa.types.is_dictionary(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.string()))
    return table
