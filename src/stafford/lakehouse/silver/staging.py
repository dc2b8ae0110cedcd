"""Where tasks leave what they judged for the driver, which alone knows all doubles."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from uuid import uuid4

import pyarrow as pa
from pyarrow import fs

from stafford.contracts import Contract
from stafford.lakehouse.silver.judging import Judged, judge_rows
from stafford.lakehouse.tables import QUARANTINE

STAGED = "topic STRING, path STRING"
"""What a task reports: a row for each file; topic is null for the one with what was refused."""
_SCHEMA = pa.schema([("topic", pa.string()), ("path", pa.string())])


def stage(
    batches: Iterator[pa.RecordBatch], contracts: Mapping[str, Contract], folder: str
) -> Iterator[pa.RecordBatch]:
    """Judge a task's share of bronze and write it to Arrow files, one for each topic and one for the refused.

    Nobody reads the files of a task that failed: it never reported them.
    """
    files, directory = _open(folder)
    paths: dict[str | None, str] = {}
    with ExitStack() as stack:
        writers: dict[str | None, pa.ipc.RecordBatchFileWriter] = {}

        def write(topic: str | None, rows: pa.Table) -> None:
            if not len(rows):
                return
            if topic not in writers:
                paths[topic] = f"{directory}/{uuid4()}.arrow"
                sink = stack.enter_context(files.open_output_stream(paths[topic]))
                writers[topic] = stack.enter_context(pa.ipc.new_file(sink, rows.schema))
            writers[topic].write_table(rows)

        for batch in batches:
            judged = judge_rows(pa.Table.from_batches([batch]), contracts)
            for topic, rows in judged.passed.items():
                write(topic, rows)
            write(None, judged.refused)
    yield pa.RecordBatch.from_arrays([list(paths), list(paths.values())], schema=_SCHEMA)


def read_staged(folder: str, reports: pa.Table) -> Judged:
    """What the tasks judged, from their reports."""
    files, _ = _open(folder)
    passed: dict[str, list[pa.Table]] = {}
    refused = [pa.schema(QUARANTINE.items()).empty_table()]
    for report in reports.to_pylist():
        with files.open_input_file(report["path"]) as source:
            rows = pa.ipc.open_file(source).read_all()
        (refused if report["topic"] is None else passed.setdefault(report["topic"], [])).append(rows)
    return Judged(
        {topic: pa.concat_tables(passed[topic]) for topic in sorted(passed)}, pa.concat_tables(refused)
    )


def clear(folder: str) -> None:
    """Make the folder, empty."""
    files, directory = _open(folder)
    files.create_dir(directory)
    files.delete_dir_contents(directory)


def _open(folder: str) -> tuple[fs.FileSystem, str]:
    # A path of Windows is no URI.
    if "://" in folder:
        return fs.FileSystem.from_uri(folder)  # type: ignore[no-any-return]
    return fs.LocalFileSystem(), folder
