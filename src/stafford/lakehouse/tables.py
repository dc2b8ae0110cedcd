"""What the Delta tables look like."""

from collections.abc import Iterable, Mapping

from pyspark.sql import DataFrame, SparkSession

from stafford.contracts import Contract, spark_ddl
from stafford.domain.lake import Lake

COORDINATES = ("_source", "_partition", "_offset")
"""Where a record stands in its log: with the topic, the identity of a bronze row."""

_HEADERS = "ARRAY<STRUCT<key: STRING, value: BINARY>>"
_STAND = {
    "_source": "STRING",
    "_partition": "INT",
    "_offset": "BIGINT",
    "_arrived_at": "TIMESTAMP",
    "_ingested_at": "TIMESTAMP",
}

LINEAGE = {**_STAND, "_produced_at": "TIMESTAMP", "_run_id": "STRING"}
"""Beside every silver and quarantine row: where it stood, and its three later times."""

BRONZE = {
    "topic": "STRING",
    "partition": "INT",
    "offset": "BIGINT",
    "timestamp": "TIMESTAMP",
    "key": "BINARY",
    "value": "BINARY",
    "headers": _HEADERS,
    "source": "STRING",
    "ingested_at": "TIMESTAMP",
}
QUARANTINE = {
    "quarantine_id": "STRING",
    "topic": "STRING",
    "event_id": "STRING",
    "reason": "STRING",
    "reasons": "ARRAY<STRING>",
    "contract_version": "STRING",
    "key": "BINARY",
    "value": "BINARY",
    "headers": _HEADERS,
    **LINEAGE,
}
DUPLICATES = {"topic": "STRING", "event_id": "STRING", "duplicate_of": "STRING", **_STAND}


def create_tables(spark: SparkSession, lake: Lake, contracts: Iterable[Contract]) -> None:
    """Make the tables that do not exist yet; existing ones are left as they are."""
    _create(spark, lake.bronze, _ddl(BRONZE), partitioned_by="topic", append_only=True)
    _create(spark, lake.quarantine, _ddl(QUARANTINE), partitioned_by="topic")
    _create(spark, lake.duplicates, _ddl(DUPLICATES), partitioned_by="topic")
    for contract in contracts:
        _create(spark, lake.silver(contract.topic), f"{spark_ddl(contract)}, {_ddl(LINEAGE)}")


def _ddl(columns: Mapping[str, str]) -> str:
    return ", ".join(f"`{name}` {kind}" for name, kind in columns.items())


def _create(
    spark: SparkSession, uri: str, ddl: str, partitioned_by: str | None = None, *, append_only: bool = False
) -> None:
    partitioning = f"PARTITIONED BY ({partitioned_by})" if partitioned_by else ""
    spark.sql(
        f"CREATE TABLE IF NOT EXISTS delta.`{uri}` ({ddl}) USING DELTA {partitioning} "
        # Statistics on the first column alone (event_id, or the topic's first) keep commits small and
        # still let the search for doubles skip files.
        f"TBLPROPERTIES ('delta.appendOnly' = '{str(append_only).lower()}', "
        "'delta.dataSkippingNumIndexedCols' = '1', 'delta.checkpointInterval' = '100')"
    )


def read_table(spark: SparkSession, uri: str) -> DataFrame:
    """The current version of a table."""
    return spark.read.format("delta").load(uri)
