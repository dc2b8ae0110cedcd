"""What an ingestion tells Prometheus, from a real query."""

import re
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from stafford.jobs.ingest_metrics import IngestMetrics
from stafford.lakehouse import queries
from stafford.lakehouse.bronze import start_bronze
from stafford.lakehouse.progress import listening
from stafford.lakehouse.silver.stream import start_silver
from stafford.lakehouse.triggers import Trigger
from stafford.transport.ranges import read_ranges

pytestmark = [pytest.mark.spark, pytest.mark.slow]

AN_HOUR = timedelta(hours=1)


def read(text, name):
    """The values of a metric by its labels."""
    found = re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", text, re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def test_a_batch_of_silver_is_told_with_its_phases_and_latency(small_lake):
    """Records that were sent an hour ago, one of twenty two hours ago, and one that does not say."""
    ago = [AN_HOUR] * 19 + [2 * AN_HOUR]
    sent = [(datetime.now(UTC) - waited).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for waited in ago]
    headers = [{"sent": f"id-{n} {produced_at} run"} for n, produced_at in enumerate(sent)] + [{}]
    bodies = [small_lake.body("customers", n) for n in range(len(headers))]
    small_lake.land("customers", *bodies, headers=headers)
    metrics = IngestMetrics(0)
    began = time.monotonic()
    with listening(small_lake.spark, metrics.report):
        lake, contracts = small_lake.lake, small_lake.contracts
        trigger = Trigger.AVAILABLE_NOW
        queries.finish(
            start_silver(small_lake.spark, lake, contracts, small_lake.checkpoint, trigger, metrics.measure)
        )
        # Spark tells its listeners a moment later.
        while not read(metrics.render(), "stafford_query_rows_total") and time.monotonic() < began + 60:
            time.sleep(0.1)

    text = metrics.render()
    waited = read(text, "stafford_event_to_silver_seconds")
    took = time.monotonic() - began
    assert 3600 <= waited['quantile="0.5"'] <= 3600 + took + 60
    assert 7200 <= waited['quantile="0.99"'] <= 7200 + took + 60
    phases = read(text, "stafford_query_phase_seconds")
    assert phases['phase="addBatch",query="silver"'] > 0
    assert read(text, "stafford_query_rows_total")['query="silver"'] >= len(bodies)
    # control: who is not told has nothing to show
    assert read(IngestMetrics(0).render(), "stafford_event_to_silver_seconds") == {}


def test_offsets_are_bronzes_rows(small_lake, kafka_config, topic_name, tmp_path):
    """Spark counts what it reads, and of Kafka it reads nothing: our tasks do."""
    topic, admin = topic_name("told"), AdminClient(kafka_config)
    admin.create_topics([NewTopic(topic, 2, 1)])[topic].result(30)
    producer = Producer(kafka_config)
    for number in range(7):
        producer.produce(topic, str(number))
    assert producer.flush(30) == 0
    metrics, began = IngestMetrics(0), time.monotonic()
    reader, checkpoint = partial(read_ranges, kafka_config), str(tmp_path / "bronze")
    with listening(small_lake.spark, metrics.report):
        queries.finish(
            start_bronze(
                small_lake.spark,
                small_lake.lake,
                kafka_config,
                [topic],
                checkpoint,
                Trigger.AVAILABLE_NOW,
                reader,
            )
        )
        while not read(metrics.render(), "stafford_query_rows_total") and time.monotonic() < began + 60:
            time.sleep(0.1)
    assert read(metrics.render(), "stafford_query_rows_total") == {'query="bronze"': 7}
    assert read(metrics.render(), "stafford_query_processed_rows_per_second")['query="bronze"'] > 0


def test_rates_state_and_watermark_are_told(small_lake, tmp_path):
    """A query that keeps state behind a watermark, which none of ours does, shows how much and how far."""
    metrics = IngestMetrics(0)
    spark = small_lake.spark
    ticks = spark.readStream.format("rate").option("rowsPerSecond", 200).load()
    once = ticks.withWatermark("timestamp", "20 seconds").dropDuplicatesWithinWatermark(["value"])
    writer = once.writeStream.queryName("ticks").format("noop").trigger(processingTime="1 second")
    deadline = time.monotonic() + 90
    with listening(spark, metrics.report):
        query = writer.option("checkpointLocation", str(tmp_path / "ticks")).start()
        try:
            while read(metrics.render(), "stafford_query_watermark_lag_seconds").get('query="ticks"', 0) <= 0:
                assert query.exception() is None
                assert time.monotonic() < deadline, metrics.render()
                time.sleep(0.2)
        finally:
            queries.stop(query)
    text = metrics.render()
    told = {
        name: read(text, f"stafford_query_{name}")['query="ticks"']
        for name in (
            "input_rows_per_second", "processed_rows_per_second", "batch", "state_rows", "state_bytes",
        )
    }  # fmt: skip
    assert all(value > 0 for value in told.values()), told
    assert told["state_rows"] == read(text, "stafford_query_rows_total")['query="ticks"']
    assert any((tmp_path / "ticks" / "state").rglob("*.changelog"))  # RocksDB's, as the session asks for
