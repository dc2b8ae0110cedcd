"""Where Spark's tasks leave rows for the driver, which commits those of all of them at once.

Arrow files in a folder that both reach. Through the JVM's heap the rows of a batch would go three times.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TypeVar
from uuid import uuid4

import pyarrow as pa
from pyspark.sql import SparkSession

from stafford.lakehouse import tasks
from stafford.lakehouse.files import locate

Named = Iterable[tuple[str, pa.Table]]
"""Rows under the names of the tables that they are for; a name may come again and again."""

Piece = TypeVar("Piece")


def stage(
    spark: SparkSession,
    pieces: Iterable[tuple[int, Piece]],
    work: Callable[[Sequence[Piece]], Named],
    folder: str,
) -> dict[str, pa.Table]:
    """Let tasks turn pieces of work into tables, and give what all of them made.

    Args:
        spark: whose tasks.
        pieces: as `tasks.run` has them.
        work: likewise.
        folder: emptied first, so nobody else may use it. Files of a task that failed are in no report.

    Returns:
        The rows by name, in the order of names; in memory, so the batch must be bounded.
    """
    files, directory = locate(folder)
    files.create_dir(directory)
    files.delete_dir_contents(directory)
    reports = tasks.run(spark, pieces, partial(_write, work=work, folder=folder))
    found: dict[str, list[pa.Table]] = {}
    for name, path in sorted(reports):
        with files.open_input_file(path) as source:
            found.setdefault(name, []).append(pa.ipc.open_file(source).read_all())
    return {name: pa.concat_tables(tables) for name, tables in found.items()}


def _write(
    share: Sequence[Piece], work: Callable[[Sequence[Piece]], Named], folder: str
) -> list[tuple[str, str]]:
    files, directory = locate(folder)
    paths: dict[str, str] = {}
    with ExitStack() as stack:
        writers: dict[str, pa.ipc.RecordBatchFileWriter] = {}
        for name, rows in work(share):
            if name not in writers:
                paths[name] = f"{directory}/{uuid4()}.arrow"
                sink = stack.enter_context(files.open_output_stream(paths[name]))
                writers[name] = stack.enter_context(pa.ipc.new_file(sink, rows.schema))
            writers[name].write_table(rows)
    return list(paths.items())
