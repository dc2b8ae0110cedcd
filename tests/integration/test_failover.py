"""Kafka goes away in the middle of a stream and comes back: nothing is lost, and each key keeps its order."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, TopicPartition

from stafford.errors import TransportUnavailable
from stafford.runtime.broker import Broker
from stafford.runtime.java import Java
from stafford.transport import Backoff, Delivery, FailoverLog, KafkaLog, SpoolLog, State, list_segments
from stafford.transport.admin import answers
from stafford.transport.topics import Change, Cluster, Edit, Kind

from ..unit.transport.builders import build_records, stand_still  # noqa: TID252 - shared by tests

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PORT = 29192
KEYS = 20
ROWS = 400


class Victim:
    """A broker that a test may ill-treat."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.start()

    def start(self) -> None:
        state = self.broker.start(port=PORT, wait_s=120)
        self.bootstrap, self.process = state.bootstrap, psutil.Process(state.pid)

    def make_topic(self, name: str) -> None:
        with Cluster({"bootstrap.servers": self.bootstrap}) as cluster:
            edits = (Edit("partitions", None, "3"), Edit("replication", None, "1"))
            cluster.apply([Change(Kind.CREATE, name, edits)])

    def delete_topic(self, name: str) -> None:
        with Cluster({"bootstrap.servers": self.bootstrap}) as cluster:
            cluster.delete(name)

    def read(self, topic: str) -> dict[bytes, list[bytes]]:
        """Bodies of each key in the order in which they arrived, each as often as it is there."""
        with Cluster({"bootstrap.servers": self.bootstrap}) as cluster:
            ends = {part.partition: part.high for part in cluster.describe([topic])[0].partitions}
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "reader"})
        consumer.assign([TopicPartition(topic, partition, 0) for partition in ends])
        arrived: dict[bytes, list[bytes]] = {}
        for _ in range(sum(ends.values())):
            message = consumer.poll(20)
            assert message is not None
            assert message.error() is None
            arrived.setdefault(message.key(), []).append(message.value())
        consumer.close()
        return arrived


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory, kafka_jars: Path, java: Java) -> Iterator[Victim]:
    """One broker for all faults, started again after each that ended it."""
    broker = Broker(tmp_path_factory.mktemp("victim"), kafka_jars, java, probe=answers, heap_mb=256)
    yield Victim(broker)
    broker.stop()


@dataclass
class Stream:
    """Appends batch after batch to a failover log, in a thread, until it is told to end."""

    log: FailoverLog
    topic: str
    pause_s: float = 0.05
    sent: dict[bytes, list[bytes]] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)
    longest_s: float = 0.0

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._ended.wait(self.pause_s):
                batch = build_records(ROWS, topic=self.topic, keys=KEYS)
                began = time.monotonic()
                self.deliveries.append(self.log.append(batch))
                self.longest_s = max(self.longest_s, time.monotonic() - began)
                for row in batch.select(["key", "value"]).to_pylist():
                    self.sent.setdefault(row["key"], []).append(row["value"])
        except BaseException as exc:  # noqa: BLE001 - raised in the test's own thread
            self._failure = exc

    def await_(self, what: Callable[[], bool], timeout_s: float = 60) -> None:
        deadline = time.monotonic() + timeout_s
        while not what():
            assert self._failure is None, self._failure
            assert time.monotonic() < deadline, self.log.condition
            time.sleep(0.05)

    def go_on(self, batches: int) -> None:
        """Let some more batches through."""
        enough = len(self.deliveries) + batches
        self.await_(lambda: len(self.deliveries) >= enough)

    def end(self) -> None:
        self._ended.set()
        self._thread.join(60)
        assert self._failure is None, self._failure
        self.log.close()


def open_log(bootstrap: str, spool: Path, told: list[str]) -> FailoverLog:
    def connect() -> KafkaLog:
        if not answers(bootstrap, timeout_s=1):
            raise TransportUnavailable(f"nobody answers at {bootstrap}")
        return KafkaLog({"bootstrap.servers": bootstrap}, "run", stand_still, stall_s=3)

    return FailoverLog(
        connect, SpoolLog(spool, "run", stand_still), backoff=Backoff(0.2, 1.0), notify=told.append
    )


def first_arrivals(arrived: dict[bytes, list[bytes]]) -> dict[bytes, list[bytes]]:
    return {key: list(dict.fromkeys(bodies)) for key, bodies in arrived.items()}


def test_a_killed_broker_is_outlived(victim: Victim, tmp_path: Path) -> None:
    """Kill -9: the stream goes on in files, and when the broker is back Kafka has all of it, in order."""
    victim.make_topic("killed")
    told: list[str] = []
    stream = Stream(open_log(victim.bootstrap, tmp_path, told), "killed")
    try:
        # given a stream that goes to Kafka
        stream.go_on(5)
        assert stream.log.state is State.CLOSED
        # when the broker is killed
        victim.process.kill()
        stream.await_(lambda: stream.log.name == "files")
        stream.go_on(10)
        assert stream.log.condition.backlog >= 10 * ROWS
        # and comes back
        victim.start()
        stream.await_(lambda: stream.log.state is State.CLOSED)
        stream.go_on(5)
    finally:
        stream.end()
    # then it was said, nothing waits, and what is there is what was sent, in its order
    assert told[0].startswith("WRITING TO FILES")
    assert told[-1].startswith("BACK ON KAFKA")
    assert stream.log.condition.backlog == 0
    assert list_segments(tmp_path) == []
    assert first_arrivals(victim.read("killed")) == stream.sent
    # 5 s is promised and 3.1 s was measured; twice that leaves room for a busy machine, and Kafka's own bound
    # of 30 s would fail here.
    assert stream.longest_s < 10
