"""What the tests of Kafka's own behaviour share: topics of their own on the session's broker, and readers."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

MakeTopic = Callable[..., str]


@pytest.fixture
def admin(kafka_config: dict[str, str]) -> AdminClient:
    """The admin interface of the session's broker."""
    return AdminClient(kafka_config)


@pytest.fixture
def make_topic(admin: AdminClient, topic_name: Callable[[str], str]) -> Iterator[MakeTopic]:
    """Make topics; they are gone after the test."""
    made: list[str] = []

    def make(stem: str = "topic", partitions: int = 3, **config: str) -> str:
        name = topic_name(stem)
        settings = {key.replace("_", "."): value for key, value in config.items()}
        settings = {"message.timestamp.type": "LogAppendTime", **settings}
        admin.create_topics([NewTopic(name, partitions, 1, config=settings)])[name].result(20)
        made.append(name)
        return name

    yield make
    for future in admin.delete_topics(made).values() if made else ():
        with suppress(KafkaException):  # the test itself deleted it
            future.result(20)


@pytest.fixture
def send(kafka_config: dict[str, str]) -> Callable[..., None]:
    """Send (key, value) pairs, to a partition or where their keys go, and wait until all are there."""

    def deliver(topic: str, records: list[tuple[bytes | None, bytes | None]], partition: int = -1) -> None:
        producer = Producer({**kafka_config, "acks": "all", "partitioner": "murmur2_random"})
        for key, value in records:
            producer.produce(topic, value, key, partition)
        assert producer.flush(30) == 0

    return deliver


@pytest.fixture
def make_consumer(kafka_config: dict[str, str]) -> Iterator[Callable[..., Consumer]]:
    """Make consumers; they are closed after the test."""
    made: list[Consumer] = []

    def make(group: str, **settings: object) -> Consumer:
        named = {name.replace("_", "."): value for name, value in settings.items()}
        config = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
        made.append(Consumer({**kafka_config, **config, **named}))
        return made[-1]

    yield make
    for consumer in made:
        consumer.close()
