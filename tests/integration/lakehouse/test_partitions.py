"""Partitions that are idle, hot or far behind, on a real broker: silver waits for none of them."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial, reduce
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

from stafford.contracts import Contract
from stafford.lakehouse import queries
from stafford.lakehouse.bronze import read_kafka, start_bronze
from stafford.lakehouse.triggers import Trigger
from stafford.transport.ranges import read_ranges
from stafford.transport.topics import Change, Cluster, Edit, Kind

from .conftest import SmallLake

pytestmark = [pytest.mark.kafka, pytest.mark.spark, pytest.mark.slow]

HOT, BEHIND, FRESH = 0, 1, 2  # three more of six partitions never get a record


def create(kafka: dict[str, str], topic: str, partitions: int, **settings: str) -> None:
    wanted = {"partitions": str(partitions), "replication": "1"}
    wanted |= {name.replace("_", "."): value for name, value in settings.items()}
    edits = tuple(Edit(name, None, value) for name, value in wanted.items())
    with Cluster(kafka) as cluster:
        cluster.apply([Change(Kind.CREATE, topic, edits)])


def fill_bronze(
    spark: SparkSession, lake: SmallLake, kafka: dict[str, str], checkpoint: Path, *topics: str
) -> None:
    """Copy what is there now."""
    read, trigger = partial(read_ranges, kafka), Trigger.AVAILABLE_NOW
    queries.finish(start_bronze(spark, lake.lake, kafka, topics, str(checkpoint), trigger, read))


def test_no_partition_holds_the_others_back(
    spark: SparkSession,
    contracts: Mapping[str, Contract],
    kafka_config: dict[str, str],
    topic_name: Callable[[str], str],
    tmp_path: Path,
) -> None:
    """What one key floods, what is years old, and what is new reaches silver with the batch that read it.

    So does what comes after an event of tomorrow. Control: a query with a watermark drops it without a word.
    """
    topic = topic_name("customers")
    lake = SmallLake(spark, {topic: replace(contracts["customers"], topic=topic)}, tmp_path)
    create(kafka_config, topic, partitions=6)
    producer = Producer(kafka_config)

    def send(partition: int, numbers: range, occurred_at: str) -> None:
        for number in numbers:
            body = lake.body(topic, number, occurred_at=occurred_at)
            producer.produce(topic, key=b"the same", value=body, partition=partition)
        assert producer.flush(30) == 0

    def ingest() -> dict[int, int]:
        """Read what is there; records in silver by partition."""
        fill_bronze(spark, lake, kafka_config, tmp_path / "bronze", topic)
        lake.refine()
        found: dict[int, int] = {}
        for row in lake.read(lake.lake.silver(topic)):
            found[row["_partition"]] = found.get(row["_partition"], 0) + 1
        return found

    def ingest_behind_a_watermark() -> dict[int, int]:
        """Rows that `dropDuplicatesWithinWatermark` lets through, of all runs, by partition."""
        text = F.col("value").cast("string")
        events = read_kafka(spark, kafka_config, [topic]).select(
            "partition", "value", F.get_json_object(text, "$.occurred_at").cast("timestamp").alias("at")
        )
        once = events.withWatermark("at", "1 hour").dropDuplicatesWithinWatermark(["value"])
        writer = once.writeStream.foreachBatch(
            lambda rows, _: let_through.update(row.partition for row in rows.select("partition").collect())
        )
        queries.finish(
            Trigger.AVAILABLE_NOW.apply(
                writer.option("checkpointLocation", str(tmp_path / "watermark"))
            ).start()
        )
        return dict(let_through)

    let_through: Counter[int] = Counter()
    send(HOT, range(400), "2026-01-15T20:31:07Z")
    send(BEHIND, range(400, 401), "2019-01-15T20:31:07Z")
    # nearly as far ahead of the log's clock as a contract permits
    send(FRESH, range(401, 402), f"{datetime.now(UTC) + timedelta(hours=23):%Y-%m-%dT%H:%M:%SZ}")
    assert ingest() == ingest_behind_a_watermark() == {HOT: 400, BEHIND: 1, FRESH: 1}
    send(BEHIND, range(402, 404), "2019-01-15T20:31:08Z")
    send(HOT, range(5), "2026-01-15T20:31:07Z")  # doubles, of long ago as the log counts
    assert ingest() == {HOT: 400, BEHIND: 3, FRESH: 1}
    assert lake.read(lake.lake.quarantine) == []
    assert ingest_behind_a_watermark() == {HOT: 400, BEHIND: 1, FRESH: 1}
    # no time that a record claims moves anything
    send(BEHIND, range(404, 405), "1970-01-01T00:00:00Z")
    send(BEHIND, range(405, 406), "2036-01-01T00:00:00Z")
    send(HOT, range(406, 407), "2026-01-15T20:31:09Z")
    assert ingest() == {HOT: 401, BEHIND: 3, FRESH: 1}
    reasons = {row["_offset"]: row["reason"] for row in lake.read(lake.lake.quarantine)}
    assert reasons == {3: "out_of_range:occurred_at", 4: "too_far_ahead:occurred_at"}


def test_a_topic_that_is_idle_holds_no_other_back(
    spark: SparkSession,
    contracts: Mapping[str, Contract],
    kafka_config: dict[str, str],
    topic_name: Callable[[str], str],
    tmp_path: Path,
) -> None:
    """Silver has the records of one topic while another never gets any.

    Control: a watermark over both is that of the idle one, and a query with windows tells nothing.
    """
    busy, idle = topic_name("customers"), topic_name("customers")
    lake = SmallLake(spark, {t: replace(contracts["customers"], topic=t) for t in (busy, idle)}, tmp_path)
    for topic in (busy, idle):
        create(kafka_config, topic, partitions=1)
    producer = Producer(kafka_config)
    for day in range(1, 21):
        producer.produce(busy, value=lake.body(busy, day, occurred_at=f"2026-01-{day:02}T12:00:00Z"))
    assert producer.flush(30) == 0

    def watch(*topics: str) -> int:
        """How many days a query with windows has counted to their end."""

        def read(topic: str) -> DataFrame:
            at = F.get_json_object(F.col("value").cast("string"), "$.occurred_at").cast("timestamp")
            return (
                read_kafka(spark, kafka_config, [topic]).select(at.alias("at")).withWatermark("at", "1 hour")
            )

        told: Counter[datetime] = Counter()
        days = reduce(DataFrame.union, map(read, topics)).groupBy(F.window("at", "1 day")).count()
        writer = days.writeStream.outputMode("append").foreachBatch(
            lambda rows, _: told.update(row.window.start for row in rows.collect())
        )
        checkpoint = str(tmp_path / "-".join(("days", *topics)))
        queries.finish(Trigger.AVAILABLE_NOW.apply(writer.option("checkpointLocation", checkpoint)).start())
        return len(told)

    assert watch(busy) >= 18
    assert watch(busy, idle) == 0
    fill_bronze(spark, lake, kafka_config, tmp_path / "bronze", busy, idle)
    lake.refine()
    assert len(lake.read(lake.lake.silver(busy))) == 20
    assert lake.read(lake.lake.silver(idle)) == []


def test_bronze_repeats_a_batch_whose_end_was_not_noted(
    spark: SparkSession,
    contracts: Mapping[str, Contract],
    kafka_config: dict[str, str],
    topic_name: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A crash between bronze's commit and the checkpoint's doubles nothing, and a bound holds each batch.

    Control: under another transaction's name the same batch stands there twice.
    """
    topic = topic_name("customers")
    lake = SmallLake(spark, {topic: replace(contracts["customers"], topic=topic)}, tmp_path)
    create(kafka_config, topic, partitions=1)
    producer = Producer(kafka_config)
    for number in range(200):
        producer.produce(topic, value=lake.body(topic, number))
    assert producer.flush(30) == 0
    checkpoint = tmp_path / "bronze"

    def copy() -> int:
        fill_bronze(spark, lake, kafka_config, checkpoint, topic)
        return int(DeltaTable(lake.lake.bronze).count())

    def forget_the_end() -> None:
        last = max((checkpoint / "commits").glob("[0-9]*"), key=lambda note: int(note.name))
        last.unlink()
        last.with_name(f".{last.name}.crc").unlink()

    monkeypatch.setattr("stafford.lakehouse.bronze.MAX_RECORDS_PER_BATCH", 50)
    assert copy() == 200
    assert len(list((checkpoint / "commits").glob("[0-9]*"))) >= 4
    forget_the_end()
    assert copy() == 200
    forget_the_end()
    monkeypatch.setattr("stafford.lakehouse.bronze.app_id", lambda _: "somebody else")
    assert copy() == 250


@pytest.mark.usefixtures("cleaner_looks_often")
def test_what_compaction_took_is_no_loss(
    spark: SparkSession,
    contracts: Mapping[str, Contract],
    kafka_config: dict[str, str],
    topic_name: Callable[[str], str],
    tmp_path: Path,
) -> None:
    """Holes in the log, in what was read and in what was not, stop nothing; a tombstone is a record too.

    What was read before is in the lake for good, and a tombstone takes nothing from there.
    """
    topic = topic_name("customers")
    lake = SmallLake(spark, {topic: replace(contracts["customers"], topic=topic)}, tmp_path)
    eager = {"cleanup_policy": "compact", "segment_ms": "100", "min_cleanable_dirty_ratio": "0.001"}
    create(kafka_config, topic, 1, **eager, min_compaction_lag_ms="0", delete_retention_ms="60000")
    producer = Producer(kafka_config)

    def send(key: bytes, *bodies: bytes | None) -> None:
        for body in bodies:
            producer.produce(topic, key=key, value=body)
        assert producer.flush(30) == 0

    def offsets() -> list[int]:
        """Those that a new reader gets."""
        consumer = Consumer(kafka_config | {"group.id": topic, "enable.partition.eof": True})
        consumer.assign([TopicPartition(topic, 0, 0)])
        found = []
        while (message := consumer.poll(20)) is not None and message.error() is None:
            found.append(message.offset())
        consumer.close()
        return found

    def compact(roller: int, *expected: int) -> None:
        """Close the segment that is written, and wait until the cleaner has been everywhere before it."""
        time.sleep(0.15)
        send(b"roller", lake.body(topic, roller))
        deadline = time.monotonic() + 40
        while (found := offsets()) != list(expected):
            assert time.monotonic() < deadline, f"the cleaner came to {found}"
            time.sleep(0.2)

    def ingest() -> tuple[list[int], dict[int, tuple[bytes, str]]]:
        """Read what is there; offsets in silver, and what is in quarantine."""
        fill_bronze(spark, lake, kafka_config, tmp_path / "bronze", topic)
        lake.refine()
        silver, refused = (lake.read(uri) for uri in (lake.lake.silver(topic), lake.lake.quarantine))
        return (
            sorted(row["_offset"] for row in silver),
            {row["_offset"]: (row["key"], row["reason"]) for row in refused},
        )

    send(b"a", *(lake.body(topic, number) for number in range(5)))
    assert ingest() == ([0, 1, 2, 3, 4], {})
    send(b"b", *(lake.body(topic, number) for number in range(10, 15)))
    compact(20, 4, 9, 10)
    assert ingest() == ([0, 1, 2, 3, 4, 9, 10], {})
    send(b"a", None)
    refused = {11: (b"a", "empty_body")}
    assert ingest() == ([0, 1, 2, 3, 4, 9, 10], refused)
    # The tombstone takes its key; what is in the segment that is written takes nothing yet.
    compact(21, 9, 10, 11, 12)
    assert ingest() == ([0, 1, 2, 3, 4, 9, 10, 12], refused)
