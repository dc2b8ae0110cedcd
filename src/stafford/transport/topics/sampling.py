"""Reads the newest records of a topic, to see how they lie on its partitions."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from stafford.errors import TransportUnavailable
from stafford.transport.client import LOGGER, client_settings
from stafford.transport.topics.cluster import PartitionState, TopicDescription
from stafford.transport.topics.skew import PartitionSample

_AT_ONCE = 1000
_POLL_S = 0.2


def sample_topic(
    config: Mapping[str, str], topic: TopicDescription, most: int, timeout_s: float = 15
) -> list[PartitionSample]:
    """Read a topic's newest records, at most `most`, each partition by what it holds.

    Keys are counted exactly, so memory is bounded by `most` of them. Joins no group, commits nothing, and
    reads no further than the topic's end at the time of its description.

    Args:
        config: Kafka client settings; needs bootstrap.servers.
        topic: the topic, and which offsets it holds.
        most: how many records to read.
        timeout_s: how long to wait for the next record.

    Raises:
        TransportUnavailable: nothing came for `timeout_s`.
    """
    share = min(1.0, most / topic.offset_span) if topic.offset_span else 0.0
    readings = {
        state.partition: _Reading(state, max(1, int((state.high - state.low) * share)))
        for state in topic.partitions
    }
    unread = [reading for reading in readings.values() if reading.start < reading.end]
    if unread:
        _read(config, topic.topic, unread, timeout_s)
    return [reading.sample() for reading in readings.values()]


class _Reading:
    def __init__(self, state: PartitionState, take: int) -> None:
        self.partition, self.end = state.partition, state.high
        self.start = max(state.low, state.high - take)
        self.span = state.high - state.low
        self.is_done = False
        self.records = self.size_bytes = 0
        self.newest: int | None = None
        self.keys: Counter[bytes | None] = Counter()

    def take(self, message: Message) -> None:
        offset = message.offset()
        if message.error() is not None or offset is None or offset >= self.end:
            # Its end: the last offsets may hold no records, for they were compacted away or are markers.
            self.is_done = True
            return
        self.records += 1
        key, value = message.key(), message.value()
        self.size_bytes += len(key or b"") + len(value or b"")
        for header in message.headers() or ():
            self.size_bytes += len(header[0]) + len(header[1] or b"")
        self.keys[key if key is None or isinstance(key, bytes) else key.encode()] += 1
        self.newest = message.timestamp()[1]
        self.is_done = offset + 1 >= self.end

    def sample(self) -> PartitionSample:
        sampled_span = self.end - self.start
        return PartitionSample(
            self.partition, self.span, sampled_span, self.records, self.size_bytes, self.newest, self.keys
        )


def _read(config: Mapping[str, str], topic: str, readings: Sequence[_Reading], timeout_s: float) -> None:
    settings = {
        **client_settings(config, {"client.id": "stafford-topics"}),
        "group.id": "stafford-topics",  # needed by the client, and never used
        "enable.auto.commit": False,
        "enable.partition.eof": True,
    }
    consumer = Consumer(settings, logger=LOGGER)
    waiting = {reading.partition: reading for reading in readings}
    last = time.monotonic()
    try:
        consumer.assign([TopicPartition(topic, reading.partition, reading.start) for reading in readings])
        while waiting:
            for message in consumer.consume(_AT_ONCE, _POLL_S):
                reading = waiting.get(message.partition() if message.topic() == topic else None)  # type: ignore[arg-type]
                if reading is None:
                    continue  # it is done, or a word of the client's about its connections
                last = time.monotonic()
                reading.take(message)
                if reading.is_done:
                    del waiting[reading.partition]
                    consumer.pause([TopicPartition(topic, reading.partition)])
            if time.monotonic() - last > timeout_s:
                raise TransportUnavailable(
                    f"topic {topic} at {config['bootstrap.servers']} gave no record for {timeout_s:g} s; see "
                    "`stafford kafka status`"
                )
    except KafkaException as exc:
        raise TransportUnavailable(f"Kafka at {config['bootstrap.servers']}: {exc.args[0].str()}") from exc
    finally:
        consumer.close()
