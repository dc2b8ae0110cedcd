"""Hot partitions, skewed keys and idle partitions: made on a real broker, and measured."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions
from typer.testing import CliRunner

from stafford.cli import topics as command
from stafford.runtime.jars import ensure_jars
from stafford.runtime.java import Java
from stafford.runtime.kafka_tools import build_command
from stafford.settings import PROJECT_DIR
from stafford.transport.topics import Cluster, Skew, load_topics, measure_skew, sample_topic

pytestmark = pytest.mark.kafka

CACHE_DIR = platformdirs.user_cache_path("stafford")

Measure = Callable[..., Skew]
MANY = [(b"key-%d" % number, b"x" * 90) for number in range(3000)]


@pytest.fixture
def measure(kafka_config: dict[str, str]) -> Measure:
    """Measure a topic of the session's broker."""

    def ask(topic: str, most: int = 100_000, hottest: int = 5) -> Skew:
        with Cluster(kafka_config) as cluster:
            (described,) = cluster.describe([topic])
        return measure_skew(topic, sample_topic(kafka_config, described, most), hottest)

    return ask


def test_many_keys_lie_evenly(
    measure: Measure, make_topic: Callable[..., str], send: Callable[..., None]
) -> None:
    """Three thousand keys: each is in one partition, all records are found, and nothing is hot."""
    topic = make_topic("even")
    send(topic, MANY)
    skew = measure(topic)
    assert (sum(load.records for load in skew.partitions), skew.keys, skew.sampled) == (3000, 3000, 3000)
    assert sum(load.size_bytes for load in skew.partitions) == sum(len(key) + 90 for key, _ in MANY)
    assert skew.advice.startswith("Even enough")


def test_one_key_makes_one_partition_hot(
    measure: Measure, make_topic: Callable[..., str], send: Callable[..., None]
) -> None:
    """A key with half of the records is never split: its partition has two thirds, with six even more."""
    for partitions, share in ((3, 2 / 3), (6, 7 / 12)):
        topic = make_topic("hot", partitions)
        send(topic, MANY + [(b"hot", b"x" * 90)] * 3000)
        skew = measure(topic)
        assert skew.hottest[0].key == "hot"
        assert skew.hottest[0].records == 3000
        assert skew.largest_share == pytest.approx(share, abs=0.02)
        assert skew.partitions[skew.hottest[0].partition].records >= 3000
        assert skew.advice.startswith("Key hot alone has 50%")


def test_few_keys_leave_partitions_idle(
    measure: Measure, make_topic: Callable[..., str], send: Callable[..., None]
) -> None:
    """Four keys on twelve partitions: at least eight never get a record, and are named."""
    topic = make_topic("idle", 12)
    send(topic, [(b"warehouse-%d" % (number % 4), b"x") for number in range(400)])
    skew = measure(topic)
    idle = [load.partition for load in skew.partitions if not load.records]
    assert len(idle) >= 8
    assert all(skew.partitions[number].newest is None for number in idle)
    assert (skew.keys, max(load.records for load in skew.partitions) >= 100) == (4, True)


def test_partitions_that_were_added_later_are_seen(
    measure: Measure, admin: AdminClient, make_topic: Callable[..., str], send: Callable[..., None]
) -> None:
    """The keys move, what was there stays, and the keys no longer explain how the records lie."""
    topic = make_topic("grown")
    send(topic, MANY)
    admin.create_partitions([NewPartitions(topic, 6)])[topic].result(20)
    assert measure(topic).advice.startswith("The keys do not explain it")
    send(topic, MANY)
    # the old record and the new one of about every second key are in two partitions: their order is gone
    skew = measure(topic, hottest=6000)
    assert skew.keys == 3000
    assert 1300 < len(skew.hottest) - skew.keys < 1700


def test_two_partitioners_tear_keys_apart(
    measure: Measure,
    kafka_config: dict[str, str],
    kafka_jars: Path,
    java: Java,
    make_topic: Callable[..., str],
    send: Callable[..., None],
) -> None:
    """A Java producer puts every key where we do; librdkafka's own default puts most of them elsewhere."""
    topic = make_topic("placed", 6)
    send(topic, MANY)
    jars = [kafka_jars, ensure_jars("kafka-tools", CACHE_DIR, java, print)]
    words = ["--topic", topic, "--bootstrap-server", kafka_config["bootstrap.servers"]]
    words += ["--reader-property", "parse.key=true", "--reader-property", "key.separator=:"]
    subprocess.run(
        build_command("console-producer", words, jars, java),
        input=b"".join(key + b":" + value + b"\n" for key, value in MANY),
        check=True,
        timeout=60,
    )
    skew = measure(topic, hottest=6000)
    assert (skew.sampled, skew.keys, len(skew.hottest)) == (6000, 3000, 3000)
    other = Producer({**kafka_config, "partitioner": "consistent_random"})
    for key, value in MANY:
        other.produce(topic, value, key)
    assert other.flush(20) == 0
    assert len(measure(topic, hottest=9000).hottest) > 5000


def test_a_sample_is_the_newest(
    measure: Measure, make_topic: Callable[..., str], send: Callable[..., None]
) -> None:
    """Of many records the newest are read, by each partition's size, and the rest is extrapolated."""
    topic = make_topic("sample")
    send(topic, [(b"old-%d" % number, b"x" * 90) for number in range(3000)])
    send(topic, MANY)
    skew = measure(topic, most=1500)
    assert 1400 <= skew.sampled <= 1500
    assert all(key.key.startswith("key-") for key in skew.hottest)
    assert sum(load.records for load in skew.partitions) == pytest.approx(6000, abs=3)
    empty = make_topic("empty")
    assert measure(empty).advice == "Empty: there is nothing to judge."


def test_offsets_without_a_record_end_the_reading(
    measure: Measure, kafka_config: dict[str, str], make_topic: Callable[..., str], send: Callable[..., None]
) -> None:
    """The last offsets of an aborted transaction hold nothing that can be read, as after compaction."""
    topic = make_topic("gaps", 1)
    send(topic, MANY[:10])
    producer = Producer({**kafka_config, "transactional.id": topic})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, b"never", b"never")
    producer.flush(10)
    producer.abort_transaction(10)
    skew = measure(topic)
    assert (skew.sampled, skew.keys, skew.partitions[0].records) == (10, 10, 10)


def test_the_command_shows_every_planned_topic(
    kafka_config: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, send: Callable[..., None]
) -> None:
    """Of the plan's topics those that are there, with bars for people and numbers for scripts."""
    monkeypatch.setenv("STAFFORD_KAFKA", json.dumps(kafka_config))
    monkeypatch.setenv("STAFFORD_HOME", str(tmp_path))
    run = CliRunner().invoke
    assert run(command.app, ["apply"]).exit_code == 0
    try:
        send("orders", [(b"order-%d" % number, b"x") for number in range(600)])
        shown = run(command.app, ["skew", "orders"]).output
        assert "orders: 600 records" in shown
        assert "█" in shown
        assert "Even enough" in shown
        found = {skew["topic"]: skew for skew in json.loads(run(command.app, ["skew", "--json"]).output)}
        assert found["orders"]["sampled"] == 600
        assert found["payments"]["advice"].startswith("Empty")
        assert len(found) == 9
    finally:
        with Cluster(kafka_config) as cluster:
            for name in load_topics(PROJECT_DIR / "config" / "topics.yaml"):
                cluster.delete(name)
