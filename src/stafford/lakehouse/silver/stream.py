"""Bronze to silver, quarantine and duplicates, as one Structured Streaming query."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows
from pyspark.sql.streaming.query import StreamingQuery

from stafford.contracts import Contract
from stafford.domain.lake import Lake
from stafford.domain.outcome import Outcome
from stafford.lakehouse.silver.deduplication import FATE, decide_fates
from stafford.lakehouse.silver.latency import Latency, measure_latency
from stafford.lakehouse.silver.parsing import parse
from stafford.lakehouse.silver.rules import value
from stafford.lakehouse.tables import ARRIVALS, LINEAGE, QUARANTINE, read_table
from stafford.lakehouse.triggers import Trigger

MAX_FILES_PER_BATCH = 200
MAX_BYTES_PER_BATCH = "32m"
"""Bound a micro-batch, so that a long backlog needs time rather than memory: 32 MB of bronze's files hold
about 280,000 events."""

Watch = Callable[[Latency], None]

WRITERS = 4
"""Tables written side by side: a write waits for files more than it computes."""


def start_silver(
    spark: SparkSession,
    lake: Lake,
    contracts: Mapping[str, Contract],
    checkpoint: str,
    trigger: Trigger,
    watch: Watch | None = None,
) -> StreamingQuery:
    """Start reading bronze where the checkpoint stands.

    Delivery: effectively once. A batch that is replayed after a crash meets its own writes: those that
    were committed are skipped by their transaction id, and the others come out as they did the first time.

    Args:
        watch: is told how long the records of each batch took; without it nobody computes that.
    """
    bronze = (
        spark.readStream.format("delta")
        .option("maxFilesPerTrigger", MAX_FILES_PER_BATCH)
        .option("maxBytesPerTrigger", MAX_BYTES_PER_BATCH)
        .load(lake.bronze)
    )
    writer = (
        bronze.writeStream.queryName("silver")
        .foreachBatch(BatchWriter(lake, contracts, watch).write)
        .option("checkpointLocation", checkpoint)
    )
    return trigger.apply(writer).start()


@dataclass(frozen=True, slots=True)
class BatchWriter:
    """Writes one micro-batch of bronze to the tables it belongs in."""

    lake: Lake
    contracts: Mapping[str, Contract]
    watch: Watch | None = None

    def write(self, batch: DataFrame, batch_id: int) -> None:
        """Give each record of the batch exactly one fate: silver, quarantine, or duplicate.

        Every write is idempotent by (query, table, batch): Delta skips a transaction it has seen.
        """
        query_id = batch.sparkSession.sparkContext.getLocalProperty("sql.streaming.queryId")

        def append(frame: DataFrame, uri: str) -> None:
            writer = frame.write.format("delta").mode("append")
            writer.option("txnAppId", f"silver/{query_id}").option("txnVersion", batch_id).save(uri)

        judged = self._judge(batch).persist(StorageLevel.MEMORY_AND_DISK)
        try:
            # Also fills the cache that all the writes read.
            fates = judged.select("topic", FATE).distinct().collect()
            writes = [
                (self._silver(judged, row["topic"]), self.lake.silver(row["topic"]))
                for row in fates
                if row[FATE] == Outcome.SILVER
            ]
            if any(row[FATE] == Outcome.QUARANTINE for row in fates):
                writes.append((self._quarantine(judged), self.lake.quarantine))
            with ThreadPoolExecutor(max_workers=WRITERS, thread_name_prefix="silver") as pool:
                for write in [pool.submit(append, *write) for write in writes]:
                    write.result()
            # Before `arrivals` has them: Spark then forgets what it cached, and would find nothing new.
            if self.watch and (latency := measure_latency(judged, datetime.now(UTC))):
                self.watch(latency)
            # Last, because a record that stands here is never looked at again.
            append(judged.select(*ARRIVALS), self.lake.arrivals)
        finally:
            judged.unpersist()

    def _judge(self, bronze: DataFrame) -> DataFrame:
        """One row per bronze row that was not judged before, with its fields, reasons and fate."""
        parsed = parse(bronze, self.contracts)
        # A record that breaks its contract has no id to trust, so its bytes are its identity.
        fingerprint = F.sha2(
            F.concat_ws("/", "topic", F.coalesce("_sent_id", F.lit("")), F.hex("key"), F.hex("value")), 256
        )
        in_body = F.concat_ws("/", "topic", self._field("event_id"))
        # The body's own id is preferred; a body that cannot be read still has the one in its header.
        has_good_id = ~F.array_join("reasons", " ").contains(":event_id")
        identified = parsed.withColumns(
            {
                "identity": F.when(F.size("reasons") == 0, in_body).otherwise(fingerprint),
                "event_id": F.coalesce(F.when(has_good_id, self._field("event_id")), F.col("_sent_id")),
            }
        )
        return decide_fates(identified, read_table(bronze.sparkSession, self.lake.arrivals))

    def _silver(self, judged: DataFrame, topic: str) -> DataFrame:
        fields = (
            F.expr(value(field, f"`{topic}`")).alias(field.name) for field in self.contracts[topic].fields
        )
        is_mine = (F.col("topic") == topic) & (F.col(FATE) == Outcome.SILVER.value)
        return judged.filter(is_mine).select(*fields, *LINEAGE)

    def _quarantine(self, judged: DataFrame) -> DataFrame:
        return (
            judged.filter(F.col(FATE) == Outcome.QUARANTINE.value)
            .withColumn("quarantine_id", F.col("identity"))
            .withColumn("reason", F.get("reasons", F.lit(0)))
            .withColumn("contract_version", self._field("contract_version"))
            .select(*QUARANTINE)
        )

    def _field(self, name: str) -> Column:
        """A field that every contract has; all but one of the topics' structs are null in a row."""
        return F.coalesce(*(F.col(f"`{topic}`.`{name}`") for topic in self.contracts))
