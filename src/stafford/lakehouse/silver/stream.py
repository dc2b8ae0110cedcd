"""Bronze to silver, quarantine and duplicates, as one Structured Streaming query."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from stafford.contracts import Contract
from stafford.domain.lake import Lake
from stafford.lakehouse.silver.batch import judged
from stafford.lakehouse.silver.latency import Latency
from stafford.lakehouse.tables import ARRIVALS, read_table
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

        arrivals = read_table(batch.sparkSession, self.lake.arrivals)
        with judged(batch, arrivals, self.contracts) as records:
            if not records.frames:
                return
            frames = {self.lake.silver(topic): records.silver(topic) for topic in records.frames}
            frames[self.lake.quarantine] = records.quarantine()
            writes = [(frame, uri) for uri, frame in frames.items() if frame is not None]
            with ThreadPoolExecutor(max_workers=WRITERS, thread_name_prefix="silver") as pool:
                for write in [pool.submit(append, *write) for write in writes]:
                    write.result()
            # Last, because a record that stands here is never looked at again.
            arrived = records.arrivals()
            if arrived is not None:
                append(arrived.select(*ARRIVALS), self.lake.arrivals)
            latency = records.latency(datetime.now(UTC)) if self.watch else None
            if self.watch and latency:
                self.watch(latency)
