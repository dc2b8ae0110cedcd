"""Partitions that are idle, hot or far behind, on a real broker: silver waits for none of them."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import Producer
from pyspark.sql import SparkSession

from stafford.contracts import Contract
from stafford.lakehouse import queries
from stafford.lakehouse.bronze import start_bronze
from stafford.lakehouse.triggers import Trigger
from stafford.transport.topics import Change, Cluster, Edit, Kind

from .conftest import SmallLake

pytestmark = [pytest.mark.kafka, pytest.mark.spark, pytest.mark.slow]

HOT, BEHIND, FRESH = 0, 1, 2  # three more of six partitions never get a record


def test_no_partition_holds_the_others_back(
    spark: SparkSession,
    contracts: Mapping[str, Contract],
    kafka_config: dict[str, str],
    topic_name: Callable[[str], str],
    tmp_path: Path,
) -> None:
    """What one key floods, what is years old, and what is new reaches silver with the batch that read it.

    So does what comes after an event of tomorrow, whose watermark would have passed it by.
    """
    topic = topic_name("customers")
    lake = SmallLake(spark, {topic: replace(contracts["customers"], topic=topic)}, tmp_path)
    with Cluster(kafka_config) as cluster:
        cluster.apply(
            [Change(Kind.CREATE, topic, (Edit("partitions", None, "6"), Edit("replication", None, "1")))]
        )
    producer = Producer(kafka_config)

    def send(partition: int, numbers: range, occurred_at: str) -> None:
        for number in numbers:
            body = lake.body(topic, number, occurred_at=occurred_at)
            producer.produce(topic, key=b"the same", value=body, partition=partition)
        assert producer.flush(30) == 0

    def ingest() -> dict[int, int]:
        """Read what is there; records in silver by partition."""
        checkpoint = str(tmp_path / "bronze")
        queries.finish(
            start_bronze(spark, lake.lake, kafka_config, [topic], checkpoint, Trigger.AVAILABLE_NOW)
        )
        lake.refine()
        found: dict[int, int] = {}
        for row in lake.read(lake.lake.silver(topic)):
            found[row["_partition"]] = found.get(row["_partition"], 0) + 1
        return found

    send(HOT, range(400), "2026-01-15T20:31:07Z")
    send(BEHIND, range(400, 401), "2019-01-15T20:31:07Z")
    # nearly as far ahead of the log's clock as a contract permits
    send(FRESH, range(401, 402), f"{datetime.now(UTC) + timedelta(hours=23):%Y-%m-%dT%H:%M:%SZ}")
    assert ingest() == {HOT: 400, BEHIND: 1, FRESH: 1}
    send(BEHIND, range(402, 404), "2019-01-15T20:31:08Z")
    send(HOT, range(5), "2026-01-15T20:31:07Z")  # doubles, of long ago as the log counts
    assert ingest() == {HOT: 400, BEHIND: 3, FRESH: 1}
    assert lake.read(lake.lake.quarantine) == []
