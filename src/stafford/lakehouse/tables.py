"""What the Delta tables look like, and making them."""

from collections.abc import Iterable, Mapping

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from stafford.contracts import Contract, Field
from stafford.domain.lake import Lake
from stafford.domain.record import HEADER_TYPE, UTC_MICROS
from stafford.errors import StorageError

COORDINATES = ("_source", "_partition", "_offset")
"""Where a record stands in its log: with the topic, the identity of a bronze row."""

_STAND = {
    "_source": pa.string(),
    "_partition": pa.int32(),
    "_offset": pa.int64(),
    "_arrived_at": UTC_MICROS,
    "_ingested_at": UTC_MICROS,
}
LINEAGE = {**_STAND, "_produced_at": UTC_MICROS, "_run_id": pa.string()}
"""Beside every silver and quarantine row: where it stood, and its three later times."""

BRONZE = {
    "topic": pa.string(),
    "partition": pa.int32(),
    "offset": pa.int64(),
    "timestamp": UTC_MICROS,
    "key": pa.binary(),
    "value": pa.binary(),
    "headers": HEADER_TYPE,
    "source": pa.string(),
    "ingested_at": UTC_MICROS,
}
QUARANTINE = {
    "quarantine_id": pa.string(),
    "topic": pa.string(),
    "event_id": pa.string(),
    "reason": pa.string(),
    "reasons": pa.list_(pa.string()),
    "contract_version": pa.string(),
    "key": pa.binary(),
    "value": pa.binary(),
    "headers": HEADER_TYPE,
    **LINEAGE,
}
REPLAYS = {
    "quarantine_id": pa.string(),
    "batch": pa.int64(),  # from 0; a batch is one commit, and is applied as a whole
    "topic": pa.string(),
    "event_id": pa.string(),
    "fate": pa.string(),  # a Resolution
    "reasons_before": pa.list_(pa.string()),
    "reasons": pa.list_(pa.string()),  # what is still wrong; empty unless the fate is quarantine
    "rules": pa.list_(pa.string()),  # each rule that touched the record, whole, as JSON
    "contract_version": pa.string(),  # of the contract that judged it
    "value": pa.binary(),  # the body after the rules
    "replayed_at": UTC_MICROS,
    **LINEAGE,
}
ARRIVALS = {
    "identity": pa.string(),
    "topic": pa.string(),
    "event_id": pa.string(),
    "fate": pa.string(),  # an Outcome
    **_STAND,
}

TYPES = {"string": pa.string(), "integer": pa.int64(), "boolean": pa.bool_(), "timestamp": UTC_MICROS}


def create_tables(lake: Lake, contracts: Iterable[Contract]) -> None:
    """Make the tables that do not exist yet; existing ones are left as they are.

    delta-rs does it in milliseconds, where Spark takes most of a second for each table.

    Raises:
        StorageError: the lake cannot be written.
    """
    try:
        _create(lake.bronze, BRONZE, ["topic"], {"delta.appendOnly": "true"})
        _create(lake.quarantine, QUARANTINE, ["topic"])
        _create(lake.arrivals, ARRIVALS)
        _create(lake.replays, REPLAYS, properties={"delta.appendOnly": "true"})
        for contract in contracts:
            # Batch jobs read days of event time.
            stated = {"delta.dataSkippingStatsColumns": "occurred_at"}
            _create(lake.silver(contract.topic), {**silver_columns(contract), **LINEAGE}, properties=stated)
    except (DeltaError, OSError) as exc:
        raise StorageError(
            f"cannot make the tables of {lake.uri}: {exc}; free the disk or its rights"
        ) from exc


def silver_columns(contract: Contract) -> dict[str, pa.DataType]:
    """The contract's fields as silver holds them, without lineage."""
    return {field.name: _type(field) for field in contract.fields}


def _create(
    uri: str,
    columns: Mapping[str, pa.DataType],
    partition_by: list[str] | None = None,
    properties: Mapping[str, str | None] | None = None,
) -> None:
    DeltaTable.create(
        uri,
        schema=pa.schema(columns.items()),
        mode="ignore",
        partition_by=partition_by,
        configuration={
            # Statistics on one column keep commits small.
            "delta.dataSkippingNumIndexedCols": "1",
            # Who opens a table reads what was committed since its last checkpoint, and a batch opens eleven.
            "delta.checkpointInterval": "20",
            # Files that were joined stay in each checkpoint for so long, a week by default, and are read by
            # whoever opens the table. VACUUM goes by the age of the files themselves.
            "delta.deletedFileRetentionDuration": "interval 1 minutes",
            # Upkeep shortens logs by what is needed of them. delta-rs would by the clock, also where it joins
            # files and is told not to (1.6.6): what is a month old would go, though silver had not read it.
            "delta.enableExpiredLogCleanup": "false",
            **(properties or {}),
        },
    )


def _type(field: Field) -> pa.DataType:
    if field.type != "array":
        return TYPES[field.type]
    return pa.list_(pa.struct([(item.name, _type(item)) for item in field.items]))
