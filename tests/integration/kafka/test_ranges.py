"""Stretches of a real log, as a task of bronze reads them."""

import ctypes
import time
from collections.abc import Callable
from importlib.metadata import files
from pathlib import Path

import pyarrow as pa
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from stafford.domain.ranges import Range
from stafford.errors import NotReady, OffsetOutOfRange
from stafford.transport import ranges
from stafford.transport.ranges import read_ranges

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture
def topic(kafka_config: dict[str, str], topic_name: Callable[[str], str]) -> str:
    """A new one with two partitions."""
    name = topic_name("ranges")
    admin = AdminClient(kafka_config)
    admin.create_topics([NewTopic(name, 2, 1)])[name].result(30)
    return name


def send(kafka: dict[str, str], topic: str, partition: int, count: int, **settings: str) -> None:
    """Records whose key is their number; every third has headers, every fifth no body."""
    producer = Producer({**kafka, **settings})
    for number in range(count):
        producer.produce(
            topic,
            key=str(number),
            value=None if number % 5 == 0 else b"body",
            partition=partition,
            headers=[("sent", b"x"), ("sent", None), ("é", b"")] if number % 3 == 0 else None,
        )
    assert producer.flush(30) == 0


def test_exactly_the_stretches_are_read(kafka_config: dict[str, str], topic: str) -> None:
    """Neither what is before nor what is behind, in order, with all that a record has."""
    send(kafka_config, topic, 0, 5_000)
    send(kafka_config, topic, 1, 50)
    rows = pa.concat_tables(read_ranges(kafka_config, [Range(topic, 0, 10, 3_000), Range(topic, 1, 0, 50)]))
    found = {part: rows.filter(pa.compute.equal(rows["partition"], part)) for part in (0, 1)}
    assert found[0]["offset"].to_pylist() == list(range(10, 3_000))
    assert found[1]["offset"].to_pylist() == list(range(50))
    first = found[1].slice(0, 2).to_pylist()
    assert [row["value"] for row in first] == [None, b"body"]
    assert [row["key"] for row in first] == [b"0", b"1"]
    assert all(abs(row["timestamp"].timestamp() - time.time()) < 600 for row in first)
    assert first[0]["headers"] == [
        {"key": "sent", "value": b"x"}, {"key": "sent", "value": None}, {"key": "é", "value": b""},
    ]  # fmt: skip
    assert first[1]["headers"] is None
    assert list(read_ranges(kafka_config, [Range(topic, 0, 7, 7)])) == []


def test_offsets_that_are_no_records_end_a_stretch(kafka_config: dict[str, str], topic: str) -> None:
    """The last offset of a transaction is a mark of its end, which nobody is given."""
    producer = Producer({**kafka_config, "transactional.id": topic})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, b"body", partition=0)
    producer.commit_transaction(30)
    began = time.monotonic()
    (rows,) = read_ranges(kafka_config, [Range(topic, 0, 0, 2)])
    assert rows["offset"].to_pylist() == [0]
    assert time.monotonic() - began < ranges.PATIENCE_S


def test_a_stretch_without_records_gives_none(kafka_config: dict[str, str], topic: str) -> None:
    """Its only offset is the end of a transaction, and behind it there are others."""
    producer = Producer({**kafka_config, "transactional.id": topic})
    producer.init_transactions(30)
    for _ in range(2):
        producer.begin_transaction()
        producer.produce(topic, b"body", partition=0)
        producer.commit_transaction(30)
    assert list(read_ranges(kafka_config, [Range(topic, 0, 1, 2)])) == []


def test_what_the_broker_no_longer_has_is_an_error(kafka_config: dict[str, str], topic: str) -> None:
    """Never skipped: neither what is before the log nor what is behind it."""
    with pytest.raises(OffsetOutOfRange, match=f"{topic}/0"):
        list(read_ranges(kafka_config, [Range(topic, 0, 5, 9)]))


def test_a_broker_that_is_gone_is_waited_for_with_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """And says so."""
    monkeypatch.setattr(ranges, "PATIENCE_S", 1.0)
    with pytest.raises(NotReady, match="1 s"):
        list(read_ranges({"bootstrap.servers": "127.0.0.1:9"}, [Range("t", 0, 0, 1)]))


def test_a_header_whose_name_is_no_text_costs_the_headers_alone(
    kafka_config: dict[str, str], topic: str
) -> None:
    """No client sends one; the library in C below ours can.

    Records before it warm Python up: a loop that has become fast crashes on what the client then gives.
    """
    send(kafka_config, topic, 0, 999)
    send_evil(kafka_config["bootstrap.servers"], topic)
    send(kafka_config, topic, 0, 1)
    rows = pa.concat_tables(read_ranges(kafka_config, [Range(topic, 0, 0, 1_001)]))
    assert rows["value"].to_pylist()[-2:] == [b"evil", None]
    assert [headers is None for headers in rows["headers"].to_pylist()[-3:]] == [True, True, False]


def send_evil(bootstrap: str, topic: str) -> None:
    """One record with a header named ff fe, to partition 0."""
    (path,) = [
        file.locate() for file in files("confluent-kafka") or () if file.name.startswith("librdkafka-")
    ]
    library = ctypes.CDLL(str(Path(path)))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_headers_new"):
        getattr(library, name).restype = ctypes.c_void_p
    conf, error = ctypes.c_void_p(library.rd_kafka_conf_new()), ctypes.create_string_buffer(512)
    library.rd_kafka_conf_set(conf, b"bootstrap.servers", bootstrap.encode(), error, 512)
    client = ctypes.c_void_p(library.rd_kafka_new(0, conf, error, 512))
    headers = ctypes.c_void_p(library.rd_kafka_headers_new(ctypes.c_size_t(1)))
    library.rd_kafka_header_add(headers, b"\xff\xfe", ctypes.c_ssize_t(2), b"v", ctypes.c_ssize_t(1))
    # pairs of a kind and its value: topic, partition, flags (copy), value with its length, headers, end
    sent = library.rd_kafka_producev(
        client,
        1, ctypes.c_char_p(topic.encode()),
        3, ctypes.c_int(0),
        7, ctypes.c_int(2),
        4, ctypes.c_char_p(b"evil"), ctypes.c_size_t(4),
        10, headers,
        0,
    )  # fmt: skip
    assert sent == 0
    assert library.rd_kafka_flush(client, 30_000) == 0
    library.rd_kafka_destroy(client)
