"""Where Spark's tasks leave rows for the driver, which commits those of all of them at once.

Arrow files in a folder that both reach. Through the JVM's heap the rows of a batch would go three times.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from uuid import uuid4

import pyarrow as pa
from pyspark.sql import DataFrame

from stafford.lakehouse.files import locate

Named = Iterable[tuple[str, pa.Table]]
"""Rows under the names of the tables that they are for; a name may come again and again."""

_REPORT = pa.schema([("name", pa.string()), ("path", pa.string())])


def stage(
    rows: DataFrame, work: Callable[[Iterator[pa.RecordBatch]], Named], folder: str
) -> dict[str, pa.Table]:
    """Let tasks turn rows into tables, and give what all of them made.

    Args:
        rows: what is to be worked on, a share for each task.
        work: is called in a Python worker for each task. It must be known to pickle by its name.
        folder: emptied first, so nobody else may use it. Files of a task that failed are in no report.

    Returns:
        The rows by name, in the order of names; in memory, so the batch must be bounded.
    """
    files, directory = locate(folder)
    files.create_dir(directory)
    files.delete_dir_contents(directory)
    task = partial(_write, work=work, folder=folder)
    # Fewer tasks than Kafka has partitions: each costs a round trip to a worker.
    cores = rows.sparkSession.sparkContext.defaultParallelism
    reports = rows.coalesce(cores).mapInArrow(task, "name STRING, path STRING").toArrow().to_pylist()
    found: dict[str, list[pa.Table]] = {}
    for report in sorted(reports, key=lambda report: report["name"]):
        with files.open_input_file(report["path"]) as source:
            found.setdefault(report["name"], []).append(pa.ipc.open_file(source).read_all())
    return {name: pa.concat_tables(tables) for name, tables in found.items()}


def _write(
    batches: Iterator[pa.RecordBatch], work: Callable[[Iterator[pa.RecordBatch]], Named], folder: str
) -> Iterator[pa.RecordBatch]:
    files, directory = locate(folder)
    paths: dict[str, str] = {}
    with ExitStack() as stack:
        writers: dict[str, pa.ipc.RecordBatchFileWriter] = {}
        for name, rows in work(batches):
            if name not in writers:
                paths[name] = f"{directory}/{uuid4()}.arrow"
                sink = stack.enter_context(files.open_output_stream(paths[name]))
                writers[name] = stack.enter_context(pa.ipc.new_file(sink, rows.schema))
            writers[name].write_table(rows)
    yield pa.RecordBatch.from_arrays([list(paths), list(paths.values())], schema=_REPORT)
