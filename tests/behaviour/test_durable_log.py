"""Every durable log keeps the same promise: Kafka, the spool, both together, and the one in memory."""

import itertools
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from confluent_kafka import Consumer, TopicPartition

from stafford.errors import ContractViolation, Terminal, TransportUnavailable
from stafford.transport import DurableLog, FailoverLog, KafkaLog, MemoryLog, SpoolLog, read_segments
from stafford.transport.topics import Change, Cluster, Edit, Kind

from ..unit.transport.builders import NOW, build_records, read_stamp, stand_still  # noqa: TID252 - shared by tests

RUN = "run-42"


@dataclass
class Subject:
    """A log under test, a topic of its own, and a way to read back what is in it."""

    log: DurableLog
    topic: str
    read: Callable[[], list[dict[str, Any]]]

    def build(self, rows: int, **options: Any) -> pa.RecordBatch:
        """Build records for the topic."""
        return build_records(rows, topic=self.topic, **options)


KINDS = [
    pytest.param("kafka", marks=pytest.mark.kafka),
    "spool",
    pytest.param("failover", marks=pytest.mark.kafka),
    "failover without Kafka",
    "memory",
]


def fail_to_connect() -> KafkaLog:
    """No broker answers, ever."""
    raise TransportUnavailable("nobody answers")


@pytest.fixture(params=KINDS)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    """Each implementation in turn."""
    topic = f"test-{uuid.uuid4().hex[:8]}"
    if request.param in {"kafka", "failover"}:
        config = {"bootstrap.servers": request.getfixturevalue("broker")}
        with Cluster(config) as cluster:
            edits = (Edit("partitions", None, "3"), Edit("replication", None, "1"))
            cluster.apply([Change(Kind.CREATE, topic, edits)])
            log: DurableLog = KafkaLog(config, RUN, stand_still)
            if request.param == "failover":
                kafka, spool = log, SpoolLog(tmp_path, RUN, stand_still)
                log = FailoverLog(lambda: kafka, spool)
            made = Subject(log, topic, lambda: read_topic(config, topic))
            yield made
            cluster.delete(topic)
    elif request.param == "spool":
        made = Subject(SpoolLog(tmp_path, RUN, stand_still), topic, lambda: read_spool(tmp_path))
        yield made
    elif request.param == "failover without Kafka":
        log = FailoverLog(fail_to_connect, SpoolLog(tmp_path, RUN, stand_still))
        made = Subject(log, topic, lambda: read_spool(tmp_path))
        yield made
    else:
        memory = MemoryLog(RUN, stand_still)
        made = Subject(memory, topic, lambda: [row for batch in memory.landed for row in flatten(batch)])
        yield made
    made.log.close()


def flatten(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Rows of LANDED_SCHEMA with their headers as a dictionary."""
    rows = batch.to_pylist()
    return [{**row, "headers": {entry["key"]: entry["value"] for entry in row["headers"]}} for row in rows]


def read_spool(directory: Path) -> list[dict[str, Any]]:
    """Everything in a spool."""
    return [row for _, batch in read_segments(directory) for row in flatten(batch)]


def read_topic(config: dict[str, str], topic: str) -> list[dict[str, Any]]:
    """Everything in a topic, partition by partition, read with another client than the one that wrote."""
    with Cluster(config) as cluster:
        ends = {part.partition: part.high for part in cluster.describe([topic])[0].partitions}
    consumer = Consumer({**config, "group.id": uuid.uuid4().hex, "enable.auto.commit": False})
    rows = []
    for partition, high in ends.items():
        consumer.assign([TopicPartition(topic, partition, 0)])
        while sum(row["partition"] == partition for row in rows) < high:
            message = consumer.poll(10)
            assert message is not None
            assert message.error() is None
            rows.append({
                "topic": message.topic(), "partition": partition, "offset": message.offset(),
                "key": message.key(), "value": message.value(), "headers": dict(message.headers()),
            })  # fmt: skip
    consumer.close()
    return rows


def test_what_was_appended_is_readable(subject: Subject) -> None:
    """Keys, bodies and ids come back as the bytes they were, and the numbers add up."""
    batches = [subject.build(7), subject.build(1), subject.build(20)]
    deliveries = [subject.log.append(batch) for batch in batches]
    assert [d.acknowledged + d.spooled for d in deliveries] == [7, 1, 20]
    sent = [row for batch in batches for row in batch.to_pylist()]
    found = [(row["key"], row["value"], read_stamp(row["headers"])[0]) for row in subject.read()]
    assert sorted(found) == sorted((row["key"], row["value"], row["event_id"]) for row in sent)


def test_the_order_of_each_key_is_kept(subject: Subject) -> None:
    """Within a key, records are read in the order in which they were appended, over many batches."""
    for _ in range(5):
        subject.log.append(subject.build(40, keys=7))
    by_key = sorted(subject.read(), key=lambda row: (row["key"], row["partition"], row["offset"]))
    for _, rows in itertools.groupby(by_key, key=lambda row: row["key"]):
        group = list(rows)
        numbers = [json.loads(row["value"])["number"] for row in group]
        assert numbers == sorted(numbers)
        assert len({row["partition"] for row in group}) == 1


def test_a_reader_needs_no_body(subject: Subject) -> None:
    """The one header says which record it is, when it was sent, and by which run."""
    records = subject.build(1, value=b"{not json")
    subject.log.append(records)
    (row,) = subject.read()
    event_id = records.column("event_id")[0].as_py()
    assert {name: value.decode() for name, value in row["headers"].items()} == {
        "sent": f"{event_id} 2026-01-15T20:31:07.125000Z {RUN}"
    }


def test_each_record_has_its_own_header(subject: Subject) -> None:
    """The header belongs to the body beside it, in every record of a batch."""
    records = subject.build(300, keys=7)
    subject.log.append(records)
    sent = dict(zip(records["value"].to_pylist(), records["event_id"].to_pylist(), strict=True))
    assert {row["value"]: read_stamp(row["headers"])[0] for row in subject.read()} == sent


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", "José 李".encode(), b"x" * 200_000])
def test_any_bytes_are_carried(subject: Subject, body: bytes) -> None:
    """Bodies that no reader can parse arrive as they are: an empty one is empty, and not null."""
    subject.log.append(subject.build(1, value=body))
    assert [row["value"] for row in subject.read()] == [body]


def test_appending_twice_gives_it_twice(subject: Subject) -> None:
    """At least once: a batch that is sent again is there again, under the same ids."""
    records = subject.build(4)
    subject.log.append(records)
    subject.log.append(records)
    ids = sorted(read_stamp(row["headers"])[0] for row in subject.read())
    assert ids == sorted(2 * records.column("event_id").to_pylist())


def test_a_slice_of_a_batch_is_only_that(subject: Subject) -> None:
    """A slice shares memory with its batch; only its own rows are appended."""
    records = subject.build(10)
    subject.log.append(records.slice(4, 3))
    assert sorted(row["value"] for row in subject.read()) == sorted(records.column("value").to_pylist()[4:7])


def test_an_empty_batch_is_nothing(subject: Subject) -> None:
    """No rows, no error, nothing to read."""
    delivery = subject.log.append(subject.build(0))
    assert delivery.acknowledged + delivery.spooled == 0
    assert subject.read() == []


def test_a_batch_of_another_shape_is_refused(subject: Subject) -> None:
    """What is no record never gets in, and what follows still does."""
    with pytest.raises(ContractViolation, match="RECORD_SCHEMA"):
        subject.log.append(subject.build(2).drop_columns(["event_id"]))
    subject.log.append(subject.build(1))
    assert len(subject.read()) == 1


def test_a_closed_log_refuses(subject: Subject) -> None:
    """After close nothing is accepted, and what was accepted stays."""
    subject.log.append(subject.build(2))
    subject.log.close()
    subject.log.close()
    with pytest.raises(Terminal, match="was closed"):
        subject.log.append(subject.build(1))
    assert len(subject.read()) == 2


def test_the_clock_is_the_one_that_was_given(subject: Subject) -> None:
    """No log looks at a clock of its own for produced_at."""
    subject.log.append(subject.build(1))
    (row,) = subject.read()
    assert read_stamp(row["headers"])[1] == NOW.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
