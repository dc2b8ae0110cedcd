"""What a streaming query's checkpoint says, and taking one out of use; read without Spark.

A checkpoint has the id of its query in `metadata`, in `offsets` a file for each batch that was begun, named
by its number, and in `commits` one for each that was finished. `sources/0/0` has where the first one began.
Source: Apache Spark documentation, "Structured Streaming Programming Guide".
"""

import json
from collections.abc import Callable, Iterable
from datetime import datetime

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from pyarrow import fs

from stafford.errors import StorageError, Terminal
from stafford.lakehouse.failures import MADE_ANEW
from stafford.lakehouse.files import locate


def last_batch(checkpoint: str) -> int | None:
    """Number of the newest batch that was begun; None where no query began one.

    Raises:
        StorageError: the folder cannot be read.
    """
    return _newest(checkpoint, "offsets")


def is_cut_off(checkpoint: str) -> bool:
    """Whether a batch was begun and is not finished.

    Raises:
        StorageError: the folder cannot be read.
    """
    return _newest(checkpoint, "offsets") != _newest(checkpoint, "commits")


def read_offsets(checkpoint: str) -> dict[str, dict[int, int]] | None:
    """The offset that is next of each topic and partition: behind the last finished batch, or the start.

    Returns:
        By topic and partition; None where no query got as far as to look at Kafka.

    Raises:
        Terminal: the checkpoint cannot be understood.
        StorageError: the folder cannot be read.
    """
    finished = _newest(checkpoint, "commits")
    text = _read(checkpoint, "sources/0/0" if finished is None else f"offsets/{finished}")
    if text is None:
        return None
    return _parse(checkpoint, text)


def read_bounds(checkpoint: str, batch: int) -> tuple[dict[str, dict[int, int]], dict[str, dict[int, int]]]:
    """Where a batch that was begun starts and ends: the offset that is next of each topic and partition.

    Raises:
        Terminal: the checkpoint cannot be understood.
        StorageError: the folder cannot be read.
    """
    first, last = (
        _read(checkpoint, name)
        for name in (f"offsets/{batch - 1}" if batch else "sources/0/0", f"offsets/{batch}")
    )
    if first is None or last is None:
        raise _damaged(checkpoint, f"it lacks the offsets of batch {batch}")
    return _parse(checkpoint, first), _parse(checkpoint, last)


def oldest_version(checkpoint: str, table_id: str) -> int:
    """The version of a Delta table behind which a query that reads it never goes back.

    Spark plans its last batch again when it starts, also one that was finished, and a checkpoint keeps the
    offsets of some before that. An offset says where a batch ends; so where the first one begins stands
    nowhere, and Spark reads it as the version before its end, or from the beginning of the table.

    Returns:
        0 where all of the table's log may be needed: fewer than two batches were begun, or none read it.

    Raises:
        Terminal: the checkpoint cannot be understood.
        StorageError: the folder cannot be read.
    """
    batches = sorted(_batches(checkpoint, "offsets"))
    text = _read(checkpoint, f"offsets/{batches[0]}") if len(batches) > 1 else None
    if text is None:
        return 0
    try:
        offset = json.loads(text.splitlines()[-1])
        return int(offset["reservoirVersion"]) if offset["reservoirId"] == table_id else 0
    except (ValueError, KeyError, TypeError, IndexError) as exc:
        raise _damaged(checkpoint, "its offsets cannot be read") from exc


def is_older_than(checkpoint: str, tables: Iterable[str], app_id: Callable[[str], str]) -> bool:
    """Tell whether a table has later batches of this checkpoint's query than the checkpoint knows of.

    So it is when an older copy was restored. Going on with it would lose records: it gives its next batches
    numbers that the table has, and a batch with such a number is skipped as one that was written already.

    Args:
        checkpoint: of the query.
        tables: URIs of all Delta tables that the query writes.
        app_id: what the query calls itself in their transactions, by its id.

    Raises:
        Terminal: the checkpoint cannot be understood.
        StorageError: checkpoint or table cannot be read.
    """
    begun = last_batch(checkpoint)
    query_id = _query_id(checkpoint)
    if query_id is None:
        return False
    return any(_last_written(table, app_id(query_id)) > (-1 if begun is None else begun) for table in tables)


def set_aside(checkpoint: str, now: datetime) -> str:
    """Rename a checkpoint, so that its query begins a new one; gives the new name.

    Raises:
        StorageError: it cannot be renamed.
    """
    files, path = locate(checkpoint)
    aside = f"{path}.{now:%Y%m%dT%H%M%S}"
    try:
        files.move(path, aside)
    except OSError as exc:
        raise StorageError(f"the checkpoint {checkpoint} cannot be moved away: {exc}; permit it") from exc
    return aside


def _last_written(table: str, app_id: str) -> int:
    """The newest batch that a table has of a query, or -1."""
    try:
        written = DeltaTable(table).transaction_version(app_id)
    except TableNotFoundError:
        return -1
    except DeltaError as exc:
        raise StorageError(f"cannot read the Delta table {table}: {exc}") from exc
    return -1 if written is None else written


def _newest(checkpoint: str, log: str) -> int | None:
    return max(_batches(checkpoint, log), default=None)


def _batches(checkpoint: str, log: str) -> list[int]:
    files, path = locate(checkpoint)
    try:
        found = files.get_file_info(fs.FileSelector(f"{path}/{log}", allow_not_found=True))
    except OSError as exc:
        raise StorageError(f"the checkpoint {checkpoint} cannot be read: {exc}; permit it") from exc
    return [int(file.base_name) for file in found if file.base_name.isdigit()]


def _query_id(checkpoint: str) -> str | None:
    text = _read(checkpoint, "metadata")
    try:
        return None if text is None else str(json.loads(text)["id"])
    except (ValueError, KeyError, TypeError) as exc:
        raise _damaged(checkpoint, "its `metadata` names no query") from exc


def _read(checkpoint: str, name: str) -> str | None:
    files, path = locate(checkpoint)
    try:
        with files.open_input_stream(f"{path}/{name}") as file:
            return bytes(file.read()).decode(errors="replace")
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise StorageError(f"the checkpoint {checkpoint} cannot be read: {exc}; permit it") from exc


def _parse(checkpoint: str, text: str) -> dict[str, dict[int, int]]:
    try:
        offsets = json.loads(text.splitlines()[-1])
        return {topic: {int(part): int(at) for part, at in parts.items()} for topic, parts in offsets.items()}
    except (ValueError, AttributeError, IndexError) as exc:
        raise _damaged(checkpoint, "its offsets cannot be read") from exc


def _damaged(checkpoint: str, what: str) -> Terminal:
    return Terminal(f"the checkpoint {checkpoint} is damaged: {what}. Move it away and {MADE_ANEW}")
