"""Appends to Delta tables without Spark, which plans and runs a job for each: a few milliseconds a commit."""

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake

_ZSTD = WriterProperties(compression="ZSTD")
"""Half the size of snappy at about the same speed."""


def append(table: str | DeltaTable, rows: pa.Table, properties: CommitProperties | None = None) -> None:
    """Append rows in one commit; they have the table's columns, in any order.

    Raises:
        DeltaError: the table does not take them.
        OSError: it cannot be written.
    """
    target = table if isinstance(table, DeltaTable) else DeltaTable(table)
    # delta-rs casts by position.
    ordered = rows.select([field.name for field in target.schema().fields])
    write_deltalake(target, ordered, mode="append", writer_properties=_ZSTD, commit_properties=properties)


def append_once(uri: str, rows: pa.Table, app_id: str, version: int) -> None:
    """Append rows, unless a commit with this transaction id or a later one is there.

    Delivery: exactly once, however often it is tried.

    Args:
        uri: the table.
        rows: as in `append`.
        app_id: whose transactions they are.
        version: which of them; later ones are greater.
    """
    table = DeltaTable(uri)
    done = table.transaction_version(app_id)
    if done is None or done < version:
        append(table, rows, CommitProperties(app_transactions=[Transaction(app_id, version)]))
