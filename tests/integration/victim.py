"""A real broker that tests may kill, freeze, fill and rob of a topic."""

from collections.abc import Mapping

import psutil
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from stafford.runtime.broker import Broker
from stafford.transport.topics import Change, Cluster, Edit, Kind

Record = tuple[bytes, bytes, dict[str, bytes]]  # key, body, headers


class Victim:
    """A broker that a test may ill-treat; it is started at once, and again by `start`."""

    def __init__(self, broker: Broker, port: int) -> None:
        """Start it."""
        self.broker, self.port = broker, port
        self.start()

    def start(self) -> None:
        """Start it, or find it running; it comes back on its port."""
        state = self.broker.start(port=self.port, wait_s=120)
        self.bootstrap, self.process = state.bootstrap, psutil.Process(state.pid)

    def kill(self) -> None:
        """Kill -9, or whatever this system has like it."""
        self.process.kill()
        self.process.wait(30)

    def make_topic(self, name: str) -> None:
        """Make a topic of three partitions."""
        with Cluster({"bootstrap.servers": self.bootstrap}) as cluster:
            edits = (Edit("partitions", None, "3"), Edit("replication", None, "1"))
            cluster.apply([Change(Kind.CREATE, name, edits)])

    def delete_topic(self, name: str) -> None:
        """Delete a topic with everything in it."""
        with Cluster({"bootstrap.servers": self.bootstrap}) as cluster:
            cluster.delete(name)

    def find_ends(self, topic: str) -> dict[int, int]:
        """The offset that the next record of each partition will get."""
        with Cluster({"bootstrap.servers": self.bootstrap}) as cluster:
            return {part.partition: part.high for part in cluster.describe([topic])[0].partitions}

    def delete_records(self, topic: str) -> None:
        """Delete everything that is in a topic now, as retention does: its log begins later."""
        ends = self.find_ends(topic)
        places = [TopicPartition(topic, partition, end) for partition, end in ends.items()]
        admin = AdminClient({"bootstrap.servers": self.bootstrap})  # kept: without it nobody answers
        for done in admin.delete_records(places).values():
            done.result(20)

    def read(self, topic: str, starts: Mapping[int, int] | None = None) -> list[Record]:
        """Everything in a topic, or behind some offsets of it, in order within each key."""
        ends = self.find_ends(topic)
        begin = {partition: (starts or {}).get(partition, 0) for partition in ends}
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "reader"})
        consumer.assign([TopicPartition(topic, partition, offset) for partition, offset in begin.items()])
        found: list[Record] = []
        for _ in range(sum(ends.values()) - sum(begin.values())):
            message = consumer.poll(20)
            assert message is not None
            assert message.error() is None
            found.append((message.key(), message.value(), dict(message.headers())))
        consumer.close()
        return found
