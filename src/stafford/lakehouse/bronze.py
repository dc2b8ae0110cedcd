"""Kafka and spool as they were, appended to one Delta table."""

import json
from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows
from pyspark.sql.streaming.query import StreamingQuery

from stafford.domain.lake import Lake
from stafford.domain.record import LANDED_SCHEMA
from stafford.lakehouse.tables import BRONZE, read_table
from stafford.lakehouse.triggers import Trigger

KAFKA = "kafka"
"""The `source` of records that came from a broker; the others name their spool segment."""

MAX_RECORDS_PER_BATCH = 400_000
"""Bounds a micro-batch, so that a long backlog needs time rather than memory."""

MAX_RECORDS_LANDED = 200_000
"""Bounds what is landed at once: other than a stream's, these records pass through the driver's memory."""


Positions = Mapping[str, Mapping[int, int]]
"""By topic and partition: the offset that is next."""


def start_bronze(
    spark: SparkSession,
    lake: Lake,
    kafka: Mapping[str, str],
    topics: Iterable[str],
    checkpoint: str,
    trigger: Trigger,
    start_at: Positions | None = None,
) -> StreamingQuery:
    """Start copying topics into bronze where the checkpoint stands.

    Delivery: exactly once from the log's offsets to the table: the Delta sink remembers the batches it
    committed. Records that retention took before they were read stop the query (failOnDataLoss).

    Args:
        kafka: client settings, at least bootstrap.servers.
        topics: names of existing topics.
        start_at: where to begin without a checkpoint, all partitions of all topics; None for their beginning.
    """
    records = read_kafka(spark, kafka, topics, start_at).withColumn("source", F.lit(KAFKA))
    writer = (
        _stamped(records)
        .writeStream.queryName("bronze")
        .format("delta")
        .outputMode("append")
        .option("checkpointLocation", checkpoint)
    )
    return trigger.apply(writer).start(lake.bronze)


def read_kafka(
    spark: SparkSession, kafka: Mapping[str, str], topics: Iterable[str], start_at: Positions | None = None
) -> DataFrame:
    """Every record of some topics as a stream, from their beginning or `start_at`, in bounded batches."""
    return (
        spark.readStream.format("kafka")
        .options(**{f"kafka.{name}": value for name, value in kafka.items()})
        .option("subscribe", ",".join(topics))
        .option("startingOffsets", "earliest" if start_at is None else json.dumps(start_at))
        .option("failOnDataLoss", "true")
        .option("includeHeaders", "true")
        .option("maxOffsetsPerTrigger", MAX_RECORDS_PER_BATCH)
        .load()
    )


def read_positions(spark: SparkSession, lake: Lake) -> dict[str, dict[int, int]]:
    """Where bronze stands in each topic and partition of which it has a record."""
    rows = (
        read_table(spark, lake.bronze)
        .filter(F.col("source") == KAFKA)
        .groupBy("topic", "partition")
        .agg((F.max("offset") + 1).alias("next"))
        .collect()
    )
    positions: dict[str, dict[int, int]] = {}
    for row in rows:
        positions.setdefault(row["topic"], {})[row["partition"]] = row["next"]
    return positions


def land(spark: SparkSession, lake: Lake, batches: Iterable[pa.RecordBatch]) -> int:
    """Append the spool's records that bronze does not have yet.

    Delivery: exactly once, as long as one process lands at a time: positions already in bronze are left
    out, and each append is one commit.

    Args:
        batches: rows of LANDED_SCHEMA; each batch has one `source`, in the order of its `offset`.

    Returns:
        Rows appended.
    """
    newest = {
        row["source"]: row["newest"]
        for row in read_table(spark, lake.bronze)
        .filter(F.col("source") != KAFKA)
        .groupBy("source")
        .agg(F.max("offset").alias("newest"))
        .collect()
    }
    landed, waiting = 0, []
    for batch in batches:
        position = newest.get(batch.column("source")[0].as_py(), -1) if batch.num_rows else -1
        waiting.append(batch.filter(pc.greater(batch.column("offset"), position)))
        if sum(rows.num_rows for rows in waiting) >= MAX_RECORDS_LANDED:
            landed += _append(spark, lake, waiting)
            waiting = []
    return landed + _append(spark, lake, waiting)


def _append(spark: SparkSession, lake: Lake, batches: list[pa.RecordBatch]) -> int:
    # In one chunk: Spark stops reading an Arrow table at its first empty batch, and says nothing.
    rows = pa.Table.from_batches(batches, LANDED_SCHEMA).combine_chunks()
    if rows.num_rows:
        _stamped(spark.createDataFrame(rows)).write.format("delta").mode("append").save(lake.bronze)
    return int(rows.num_rows)


def _stamped(records: DataFrame) -> DataFrame:
    return records.withColumn("ingested_at", F.current_timestamp()).select(*BRONZE)
