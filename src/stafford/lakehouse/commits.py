"""Appends to Delta tables without Spark, which plans and runs a job for each: a few milliseconds a commit."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
from deltalake import (
    CommitProperties,
    DeltaTable,
    PostCommitHookProperties,
    Transaction,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import SchemaMismatchError
from deltalake.transaction import AddAction, RemoveAction

from stafford.lakehouse.data_files import DataFile

ZSTD = WriterProperties(compression="ZSTD")
"""Half the size of snappy at about the same speed."""

LEAVES_LOG = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
"""delta-rs would list a table's whole log after every commit, to find what is older than a month in it: three
quarters of a commit's time where it has 20,000 files. `stafford.lakehouse.upkeep` does that, and seldom."""


def append(table: str | DeltaTable, rows: pa.Table, properties: CommitProperties | None = None) -> None:
    """Append rows in one commit; they have the table's columns, in any order.

    Raises:
        DeltaError: the table does not take them.
        OSError: it cannot be written.
    """
    target = table if isinstance(table, DeltaTable) else DeltaTable(table)
    # delta-rs casts by position.
    ordered = rows.select([field.name for field in target.schema().fields])
    write_deltalake(
        target,
        ordered,
        mode="append",
        writer_properties=ZSTD,
        commit_properties=properties,
        post_commithook_properties=LEAVES_LOG,
    )


def append_once(uri: str, rows: pa.Table, app_id: str, version: int) -> None:
    """Append rows, if there are any, unless a commit with this transaction id or a later one is there.

    Delivery: exactly once, however often it is tried.

    Args:
        uri: the table.
        rows: as in `append`.
        app_id: whose transactions they are.
        version: which of them; later ones are greater.
    """
    table = DeltaTable(uri)
    if len(rows) and not has_done(table, app_id, version):
        append(table, rows, CommitProperties(app_transactions=[Transaction(app_id, version)]))


def append_files_once(table: str | DeltaTable, files: Sequence[DataFile], app_id: str, version: int) -> None:
    """Append files that stand in the table's folder already, as `append_once` does rows.

    Delivery: exactly once, however often it is tried.

    Raises:
        DeltaError: the table does not take them.
        OSError: it cannot be written.
    """
    target = table if isinstance(table, DeltaTable) else DeltaTable(table)
    if not files or has_done(target, app_id, version):
        return
    wanted = {field.name: field.type for field in pa.schema(target.schema())}
    for file in files:
        if file.columns != wanted:
            named = target.table_uri if isinstance(table, DeltaTable) else table
            raise SchemaMismatchError(f"{named} has {_list(wanted)}; {file.path} has {_list(file.columns)}")
    actions: list[AddAction | RemoveAction] = [
        AddAction(
            file.path, file.size, file.partition, file.written_at_ms, data_change=True, stats=file.stats
        )
        for file in files
    ]
    target.create_write_transaction(
        actions,
        mode="append",
        schema=target.schema(),
        partition_by=target.metadata().partition_columns,
        commit_properties=CommitProperties(app_transactions=[Transaction(app_id, version)]),
        post_commithook_properties=LEAVES_LOG,
    )


def has_done(table: DeltaTable, app_id: str, version: int) -> bool:
    """Whether a table had, when it was opened, a commit with this transaction id or a later one."""
    done = table.transaction_version(app_id)
    return done is not None and done >= version


def _list(columns: Mapping[str, pa.DataType]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in sorted(columns.items()))
