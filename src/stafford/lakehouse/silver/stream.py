"""Bronze to silver, quarantine and duplicates, as one Structured Streaming query."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows
from pyspark.sql.streaming.query import StreamingQuery

from stafford.contracts import Contract
from stafford.domain.lake import Lake
from stafford.lakehouse.silver.deduplication import IS_DUPLICATE, mark_duplicates
from stafford.lakehouse.silver.parsing import parse
from stafford.lakehouse.tables import (
    COORDINATES,
    DUPLICATES,
    LINEAGE,
    QUARANTINE,
    read_table,
)
from stafford.lakehouse.triggers import Trigger

MAX_FILES_PER_BATCH = 200
"""Bounds a micro-batch; bronze adds a handful of files for each topic and batch of its own."""

IDENTITY = "_identity"
IS_VALID = "_is_valid"


def start_silver(
    spark: SparkSession, lake: Lake, contracts: Mapping[str, Contract], checkpoint: str, trigger: Trigger
) -> StreamingQuery:
    """Start reading bronze where the checkpoint stands.

    Delivery: effectively once. A batch that is replayed after a crash meets its own writes: those that
    were committed are skipped by their transaction id, and the others come out as they did the first time.
    """
    bronze = (
        spark.readStream.format("delta").option("maxFilesPerTrigger", MAX_FILES_PER_BATCH).load(lake.bronze)
    )
    writer = (
        bronze.writeStream.queryName("silver")
        .foreachBatch(BatchWriter(lake, contracts).write)
        .option("checkpointLocation", checkpoint)
    )
    return trigger.apply(writer).start()


@dataclass(frozen=True, slots=True)
class BatchWriter:
    """Writes one micro-batch of bronze to the tables it belongs in."""

    lake: Lake
    contracts: Mapping[str, Contract]

    def write(self, batch: DataFrame, batch_id: int) -> None:
        """Append each record of the batch to exactly one of silver, quarantine and duplicates.

        Every write is idempotent by (query, table, batch): Delta skips a transaction it has seen.
        """
        spark = batch.sparkSession
        query_id = spark.sparkContext.getLocalProperty("sql.streaming.queryId")
        topics = sorted(row["topic"] for row in batch.select("topic").distinct().collect())
        marked = {topic: self._mark(batch.filter(F.col("topic") == topic), topic) for topic in topics}

        def append(frame: DataFrame, uri: str) -> None:
            writer = frame.write.format("delta").mode("append")
            writer.option("txnAppId", f"silver/{query_id}").option("txnVersion", batch_id).save(uri)

        try:
            with ThreadPoolExecutor(max_workers=4, thread_name_prefix="silver") as pool:
                writes = [
                    pool.submit(append, self._silver(marked[topic], topic), self.lake.silver(topic))
                    for topic in topics
                ]
                for write in writes:
                    write.result()
            if marked:
                append(reduce(DataFrame.union, map(_quarantine, marked.values())), self.lake.quarantine)
                append(reduce(DataFrame.union, map(_duplicates, marked.values())), self.lake.duplicates)
        finally:
            for frame in marked.values():
                frame.unpersist()

    def _mark(self, bronze: DataFrame, topic: str) -> DataFrame:
        """One row per bronze row, with its identity, its reasons and whether it is a double."""
        parsed = parse(bronze, self.contracts[topic])
        is_valid = F.size("reasons") == 0
        # A record that breaks its contract has no id to trust, so its bytes are its identity.
        fingerprint = F.sha2(
            F.concat_ws("/", "topic", F.coalesce("_ce_id", F.lit("")), F.hex("key"), F.hex("value")), 256
        )
        identified = parsed.withColumn(IS_VALID, is_valid).withColumn(
            IDENTITY, F.when(is_valid, F.col("event_id")).otherwise(fingerprint)
        )
        spark = bronze.sparkSession
        in_silver = read_table(spark, self.lake.silver(topic)).select(
            F.col("event_id").alias(IDENTITY), *COORDINATES
        )
        in_quarantine = (
            read_table(spark, self.lake.quarantine)
            .filter(F.col("topic") == topic)
            .select(F.col("quarantine_id").alias(IDENTITY), *COORDINATES)
        )
        marked = mark_duplicates(identified, in_silver.union(in_quarantine), IDENTITY)
        return marked.persist(StorageLevel.MEMORY_AND_DISK)

    def _silver(self, marked: DataFrame, topic: str) -> DataFrame:
        fields = (field.name for field in self.contracts[topic].fields)
        return marked.filter(F.col(IS_VALID) & ~F.col(IS_DUPLICATE)).select(*fields, *LINEAGE)


def _quarantine(marked: DataFrame) -> DataFrame:
    return (
        marked.filter(~F.col(IS_VALID) & ~F.col(IS_DUPLICATE))
        .withColumn("quarantine_id", F.col(IDENTITY))
        .withColumn("event_id", _best_event_id())
        .withColumn("reason", F.get("reasons", F.lit(0)))
        .select(*QUARANTINE)
    )


def _duplicates(marked: DataFrame) -> DataFrame:
    return (
        marked.filter(IS_DUPLICATE)
        .withColumn("event_id", _best_event_id())
        .withColumn("duplicate_of", F.when(F.col(IS_VALID), "silver").otherwise("quarantine"))
        .select(*DUPLICATES)
    )


def _best_event_id() -> Column:
    # The body's own id is preferred; a body that cannot be read still has its CloudEvents header.
    is_broken = F.exists("reasons", lambda reason: reason.endswith(":event_id"))
    return F.coalesce(F.when(~is_broken, F.col("event_id")), F.col("_ce_id"))
