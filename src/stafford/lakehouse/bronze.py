"""Kafka and spool as they were, appended to one Delta table."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from stafford.domain.lake import Lake
from stafford.domain.ranges import Range, ReadRanges
from stafford.domain.record import LANDED_SCHEMA, UTC_MICROS
from stafford.errors import StorageError
from stafford.lakehouse import checkpoints, tasks
from stafford.lakehouse.checksums import write_checksum
from stafford.lakehouse.commits import append, append_files_once, has_done
from stafford.lakehouse.data_files import DataFile, write_bronze
from stafford.lakehouse.triggers import Trigger

KAFKA = "kafka"
"""The `source` of records that came from a broker; the others name their spool segment."""

MAX_RECORDS_PER_BATCH = 500_000
"""Bounds a micro-batch, so that a long backlog arrives in silver bit by bit."""

READER = {"fetch.max.wait.ms": "1"}
"""Kafka's client settings where none are given. Spark's reader asks for the ends of a partition after each
fetch, on the connection on which the client has sent the next fetch already. At the end of the log the broker
holds that one back for so many milliseconds, 500 by default, and the question behind it too, partition by
partition."""

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
    read: ReadRanges,
    start_at: Positions | None = None,
) -> StreamingQuery:
    """Start copying topics into bronze where the checkpoint stands.

    Delivery: exactly once from the log's offsets to the table: a batch that is repeated has the same offsets,
    and the table knows by its transaction id whether it has it. Records that retention
    took before they were read stop the query (failOnDataLoss).

    Args:
        kafka: client settings, at least bootstrap.servers; they win over READER.
        topics: names of existing topics.
        read: what tasks read the log with; known to pickle.
        start_at: where to begin without a checkpoint, all partitions of all topics; None for their beginning.
    """
    writer = (
        read_kafka(spark, kafka, topics, start_at)
        .writeStream.queryName("bronze")
        .foreachBatch(partial(_append_batch, lake, read, checkpoint))
        .option("checkpointLocation", checkpoint)
    )
    return trigger.apply(writer).start()


def app_id(query_id: str | None) -> str:
    """What a query calls itself in bronze's transactions."""
    return f"bronze/{query_id}"


def _append_batch(lake: Lake, read: ReadRanges, checkpoint: str, batch: DataFrame, batch_id: int) -> None:
    spark = batch.sparkSession
    name = app_id(spark.sparkContext.getLocalProperty("sql.streaming.queryId"))
    table = DeltaTable(lake.bronze)
    if has_done(table, name, batch_id):
        return
    ranges = ((range_.until - range_.first, range_) for range_ in find_ranges(checkpoint, batch_id))
    work = partial(_copy, bronze=lake.bronze, read=read, now=datetime.now(UTC))
    append_files_once(table, tasks.run(spark, ranges, work), name, batch_id)
    write_checksum(table)


def _copy(ranges: Sequence[Range], bronze: str, read: ReadRanges, now: datetime) -> list[DataFile]:
    return write_bronze(bronze, (_stamp(rows, now) for rows in read(ranges)))


def _stamp(rows: pa.Table, now: datetime) -> pa.Table:
    source, ingested_at = pa.scalar(KAFKA, pa.string()), pa.scalar(now, UTC_MICROS)
    stamped = rows.append_column("source", pa.repeat(source, len(rows)))
    return stamped.append_column("ingested_at", pa.repeat(ingested_at, len(rows)))


def find_ranges(checkpoint: str, batch_id: int) -> list[Range]:
    """What a batch that was begun has of the log."""
    starts, ends = checkpoints.read_bounds(checkpoint, batch_id)
    return [
        Range(topic, partition, first, until)
        for topic, partitions in ends.items()
        for partition, until in partitions.items()
        # A partition that is new is read from its beginning, as Spark does.
        if (first := starts.get(topic, {}).get(partition, 0)) < until
    ]


def read_kafka(
    spark: SparkSession, kafka: Mapping[str, str], topics: Iterable[str], start_at: Positions | None = None
) -> DataFrame:
    """Every record of some topics as a stream, from their beginning or `start_at`, in bounded batches."""
    return (
        spark.readStream.format("kafka")
        .options(**{f"kafka.{name}": value for name, value in {**READER, **kafka}.items()})
        .option("subscribe", ",".join(topics))
        .option("startingOffsets", "earliest" if start_at is None else json.dumps(start_at))
        .option("failOnDataLoss", "true")
        .option("includeHeaders", "true")
        .option("maxOffsetsPerTrigger", MAX_RECORDS_PER_BATCH)
        .load()
    )


def read_positions(lake: Lake) -> dict[str, dict[int, int]]:
    """Where bronze stands in each topic and partition of which it has a record; nowhere before it is made.

    Raises:
        StorageError: bronze cannot be read.
    """
    try:
        rows = DeltaTable(lake.bronze).to_pyarrow_dataset()
        found = rows.to_table(["topic", "partition", "offset"], filter=pc.field("source") == KAFKA)
    except TableNotFoundError:
        return {}
    except (DeltaError, pa.ArrowException, OSError) as exc:
        raise StorageError(f"cannot read {lake.bronze}: {exc}; check the path") from exc
    positions: dict[str, dict[int, int]] = {}
    for row in found.group_by(["topic", "partition"]).aggregate([("offset", "max")]).to_pylist():
        positions.setdefault(row["topic"], {})[row["partition"]] = row["offset_max"] + 1
    return positions


class Lander:
    """Appends the spool to bronze. Only one may write to a lake at a time."""

    def __init__(self, lake: Lake) -> None:
        """Nothing is read before the first landing."""
        self._lake = lake
        self._newest: dict[str, int] | None = None
        """The last offset that bronze has of each segment."""

    def land(self, batches: Iterable[pa.RecordBatch]) -> int:
        """Append the records that bronze does not have yet.

        Delivery: exactly once: positions already in bronze are left out, and each append is one commit.

        Args:
            batches: rows of LANDED_SCHEMA; each batch has one `source`, in the order of its `offset`.

        Returns:
            Rows appended.

        Raises:
            StorageError: bronze cannot be read or written.
        """
        try:
            return self._land(batches)
        except (DeltaError, pa.ArrowException, OSError) as exc:
            self._newest = None
            raise StorageError(f"cannot land the spool in {self._lake.bronze}: {exc}; free the disk") from exc

    def _land(self, batches: Iterable[pa.RecordBatch]) -> int:
        newest = self._newest = _find_newest(self._lake) if self._newest is None else self._newest
        landed, waiting = 0, LANDED_SCHEMA.empty_table()
        for batch in batches:
            if not batch.num_rows:
                continue
            source = batch.column("source")[0].as_py()
            fresh = batch.filter(pc.greater(batch.column("offset"), newest.get(source, -1)))
            if fresh.num_rows:
                newest[source] = fresh.column("offset")[-1].as_py()
                waiting = pa.concat_tables([waiting, pa.Table.from_batches([fresh])])
            if len(waiting) >= MAX_RECORDS_LANDED:
                landed += self._append(waiting)
                waiting = waiting.slice(0, 0)
        return landed + self._append(waiting)

    def _append(self, rows: pa.Table) -> int:
        if len(rows):
            now = pa.repeat(pa.scalar(datetime.now(UTC), UTC_MICROS), len(rows))
            table = DeltaTable(self._lake.bronze)
            append(table, rows.append_column("ingested_at", now))
            write_checksum(table)
        return len(rows)


def _find_newest(lake: Lake) -> dict[str, int]:
    rows = DeltaTable(lake.bronze).to_pyarrow_dataset()
    found = rows.to_table(["source", "offset"], filter=pc.field("source") != KAFKA)
    newest = found.group_by("source").aggregate([("offset", "max")])
    return dict(zip(newest["source"].to_pylist(), newest["offset_max"].to_pylist(), strict=True))
