"""Says what a table is at its newest version, in the version checksum file that Delta's protocol has for it.

Spark makes a snapshot of a table whenever a stream of its finds a commit. Without such a file it learns the
table's metadata from the log by a job, a third of the time of a small batch of silver. delta-rs writes none.

Source: Delta's protocol, "Version Checksum File".
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyarrow import fs

from stafford.errors import StorageError
from stafford.lakehouse.files import locate

KEPT = 10
"""Only the newest version is asked for, but a reader may be a few commits behind."""

_APPENDING = {"add", "commitInfo", "txn"}
"""Actions after which a table is what it was, with more files."""

State = dict[str, Any]


def write_checksum(table: DeltaTable) -> None:
    """Write the file of the newest version, and bring the table up to it.

    Delivery: at its best. Without the file Spark is slower and nothing else, so one that cannot be written is
    not missed, and one that is there is whole.
    """
    with suppress(DeltaError, StorageError, pa.ArrowException, OSError, ValueError):
        table.update_incremental()
        files, path = locate(table.table_uri)
        log, version = f"{path}/_delta_log", table.version()
        state = _grow(files, log, version) or _describe(table)
        aside = f"{_name(log, version)}.tmp"
        with files.open_output_stream(aside) as stream:
            stream.write(json.dumps(state).encode())
        files.move(aside, _name(log, version))
        with suppress(OSError):  # there was none
            files.delete_file(_name(log, version - KEPT))


def _name(log: str, version: int, kind: str = "crc") -> str:
    return f"{log}/{version:020}.{kind}"


def _grow(files: fs.FileSystem, log: str, version: int) -> State | None:
    """What the table was a version ago with the files that came; None where that is not known, or not all."""
    try:
        before: State = json.loads(_read(files, _name(log, version - 1)))
    except (OSError, ValueError):
        return None
    actions = [json.loads(line) for line in _read(files, _name(log, version, "json")).splitlines()]
    if not all(action.keys() <= _APPENDING for action in actions):
        return None
    added = [action["add"]["size"] for action in actions if "add" in action]
    return _state(
        before["tableSizeBytes"] + sum(added),
        before["numFiles"] + len(added),
        before["metadata"],
        before["protocol"],
    )


def _describe(table: DeltaTable) -> State:
    sizes = pa.table(table.get_add_actions())["size_bytes"]
    metadata, protocol = table.metadata(), table.protocol()
    return _state(
        pc.sum(sizes).as_py() or 0,
        len(sizes),
        {
            "id": str(metadata.id),
            "name": metadata.name,
            "description": metadata.description,
            "format": {"provider": "parquet", "options": {}},
            "schemaString": table.schema().to_json(),
            "partitionColumns": metadata.partition_columns,
            "configuration": metadata.configuration,
            "createdTime": metadata.created_time,
        },
        {
            "minReaderVersion": protocol.min_reader_version,
            "minWriterVersion": protocol.min_writer_version,
            **_features("readerFeatures", protocol.reader_features),
            **_features("writerFeatures", protocol.writer_features),
        },
    )


def _features(name: str, features: Iterable[str] | None) -> Mapping[str, list[str]]:
    return {} if features is None else {name: list(features)}


def _state(size: int, count: int, metadata: Mapping[str, Any], protocol: Mapping[str, Any]) -> State:
    return {
        "tableSizeBytes": size,
        "numFiles": count,
        "numMetadata": 1,
        "numProtocol": 1,
        "metadata": metadata,
        "protocol": protocol,
    }


def _read(files: fs.FileSystem, path: str) -> bytes:
    with files.open_input_stream(path) as stream:
        return bytes(stream.read())
