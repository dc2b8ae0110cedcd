"""Compaction as `customers` and `products` are planned: what stays, what goes, and how a person goes."""

import time
from collections.abc import Callable

import pytest
from confluent_kafka import Consumer, KafkaError, TopicPartition

from stafford.settings import PROJECT_DIR
from stafford.transport.topics import load_topics

pytestmark = [pytest.mark.kafka, pytest.mark.usefixtures("cleaner_looks_often")]

PLANNED = load_topics(PROJECT_DIR / "config" / "topics.yaml")
# A cleaner never touches the segment that is being written, and skips a log that is nearly clean.
EAGER = {"segment.ms": "100", "min.cleanable.dirty.ratio": "0.001"}
NOW = EAGER | {"min.compaction.lag.ms": "0", "delete.retention.ms": "0"}

Records = list[tuple[bytes, bytes | None]]
Send = Callable[[str, Records, int], None]
ReadAll = Callable[[str], Records]


@pytest.fixture
def make_like(make_topic: Callable[..., str]) -> Callable[[str, dict[str, str]], str]:
    """Make a topic of one partition, otherwise as the plan has the one of that name."""

    def make(planned: str, changes: dict[str, str]) -> str:
        settings = PLANNED[planned].on(1).settings() | changes
        return make_topic(planned, 1, **{name.replace(".", "_"): value for name, value in settings.items()})

    return make


@pytest.fixture
def read_all(make_consumer: Callable[..., Consumer]) -> ReadAll:
    """Read a partition from its beginning to its end, as a new reader would."""

    def read(topic: str) -> Records:
        consumer = make_consumer(topic, enable_partition_eof=True)
        consumer.assign([TopicPartition(topic, 0, 0)])
        found: Records = []
        while (message := consumer.poll(20)) is not None:
            if message.error() is not None:
                assert message.error().code() == KafkaError._PARTITION_EOF  # noqa: SLF001 - its public name
                return found
            found.append((message.key(), message.value()))
        pytest.fail(f"topic {topic} has no end")

    return read


def roll(topic: str, send: Send) -> None:
    """Close the segment that is written: the next record after its time opens another."""
    time.sleep(0.15)
    send(topic, [(b"roller", b"opens a segment")], 0)


def wait_until(holds: Callable[[], bool], limit_s: float = 40) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, "the cleaner did not come to that"
        time.sleep(0.2)


@pytest.mark.parametrize("planned", ["customers", "products"])
def test_the_last_value_of_each_key_stays(
    make_like: Callable[..., str], send: Send, read_all: ReadAll, planned: str
) -> None:
    """A new reader gets one record a key, the last; within the planned lag it gets every one."""
    at_once, as_planned = make_like(planned, NOW), make_like(planned, EAGER)
    events = [(b"id-%d" % key, b"version %d" % version) for version in range(5) for key in range(4)]
    for topic in (at_once, as_planned):
        send(topic, events, 0)
        roll(topic, send)
    last = dict(events)
    wait_until(lambda: len(read_all(at_once)) == len(last) + 1)
    assert dict(read_all(at_once)) == last | {b"roller": b"opens a segment"}
    # negative control: the same cleaner, at the same time, and seven days to read
    assert read_all(as_planned)[:-1] == events


def test_a_tombstone_takes_a_person_out(make_like: Callable[..., str], send: Send, read_all: ReadAll) -> None:
    """A record without a value removes all earlier ones of its key, and then goes itself; others stay."""
    at_once, as_planned = make_like("customers", NOW), make_like("customers", EAGER)
    events: Records = [(b"c-%d" % key, b"name and address") for key in range(3)] * 2
    for topic in (at_once, as_planned):
        send(topic, events, 0)
        send(topic, [(b"c-1", None)], 0)
        roll(topic, send)

    def keys(topic: str) -> set[bytes]:
        return {key for key, _ in read_all(topic)} - {b"roller"}

    def collect() -> bool:
        # A tombstone goes with the first cleaning that finds its segment cleaned before.
        roll(at_once, send)
        return keys(at_once) == {b"c-0", b"c-2"}

    wait_until(collect)
    # negative control: for seven days the plan keeps the person readable, and the tombstone beside them
    assert read_all(as_planned)[:7] == [*events, (b"c-1", None)]
