"""A broker that stops in the middle of a batch costs time and no records."""

import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pyarrow as pa
import pytest
from confluent_kafka import Consumer
from tests.ports import own

from stafford.errors import TransportUnavailable
from stafford.runtime.broker import Broker
from stafford.runtime.java import Java
from stafford.transport import KafkaLog
from stafford.transport.admin import answers
from stafford.transport.topics import Change, Cluster, Edit, Kind

from ..unit.transport.builders import build_records, stand_still  # noqa: TID252 - shared by tests

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture(scope="module")
def own_broker(
    tmp_path_factory: pytest.TempPathFactory, kafka_jars: Path, java: Java
) -> Iterator[tuple[Broker, psutil.Process]]:
    """A broker that this module may ill-treat."""
    broker = Broker(tmp_path_factory.mktemp("outage"), kafka_jars, java, probe=answers, heap_mb=256)
    state = broker.start(port=own(29092), wait_s=120)
    yield broker, psutil.Process(state.pid)
    broker.stop()


def read_first_arrivals(bootstrap: str, topic: str) -> dict[bytes, list[bytes]]:
    """Bodies of each key in the order in which they first arrived."""
    with Cluster({"bootstrap.servers": bootstrap}) as cluster:
        expected = cluster.describe([topic])[0].offset_span
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    arrivals: dict[bytes, list[bytes]] = {}
    for _ in range(expected):
        message = consumer.poll(20)
        assert message is not None
        bodies = arrivals.setdefault(message.key(), [])
        if message.value() not in bodies:
            bodies.append(message.value())
    consumer.close()
    return arrivals


def test_a_frozen_broker_costs_no_record_and_no_order(own_broker: tuple[Broker, psutil.Process]) -> None:
    """Appends fail in time while the broker is frozen; sent again, each key's first arrivals are in order."""
    broker, process = own_broker
    state = broker.status()
    assert state
    topic = "frozen"
    with Cluster({"bootstrap.servers": state.bootstrap}) as cluster:
        cluster.apply(
            [Change(Kind.CREATE, topic, (Edit("partitions", None, "3"), Edit("replication", None, "1")))]
        )
    log = KafkaLog({"bootstrap.servers": state.bootstrap, "linger.ms": "0"}, "run", stand_still, timeout_s=3)
    batches = [build_records(20_000, topic=topic, keys=50) for _ in range(4)]
    failures = 0
    for number, batch in enumerate(batches):
        # Frozen at another moment of each append: before it, and after parts of it have gone through.
        freezer = threading.Timer(0.06 * number, process.suspend)
        freezer.start()
        try:
            log.append(batch)
        except TransportUnavailable:
            failures += 1
            process.resume()
            deliver_again(log, batch)
        freezer.join()
        process.resume()
    assert failures
    log.close()
    sent: dict[bytes, list[bytes]] = {}
    for batch in batches:
        for row in batch.select(["key", "value"]).to_pylist():
            sent.setdefault(row["key"], []).append(row["value"])
    assert read_first_arrivals(state.bootstrap, topic) == sent


def deliver_again(log: KafkaLog, batch: pa.RecordBatch) -> None:
    """Send the same batch until it is taken."""
    for _ in range(5):
        try:
            assert log.append(batch).acknowledged == batch.num_rows
        except TransportUnavailable:
            continue
        return
    pytest.fail("the log did not recover")
