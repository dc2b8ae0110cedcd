"""What is on the wire: poison, doubles, and records that are gone before anybody read them."""

import uuid
from random import Random

import pyarrow.compute as pc
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from deltalake import DeltaTable

from chaos.pieces import RATE, ChaosError
from chaos.platform import Platform
from chaos.verdict import Event
from stafford.domain.record import SENT
from stafford.errors import OffsetOutOfRange

_REPEATED = 500
_ANSWER_S = 20
_LIMIT_S = 120
_OVERRUN = "clickstream"


def poison(platform: Platform, moments: Random) -> None:
    """Bytes that are nothing, without headers, among them a large one, as from another program."""
    producer = Producer({"bootstrap.servers": platform.bootstrap})
    for topic in ("clickstream", "orders"):
        for size in (0, 1, 100, 900_000):
            producer.produce(topic, moments.randbytes(size), key=b"poison")
    if producer.flush(30):
        raise ChaosError("the broker did not take the poison")


def send_again(platform: Platform, _: Random) -> None:
    """What a producer without idempotence does: many records once more, or all, as they were."""
    consumer, producer = _consumer(platform), Producer({"bootstrap.servers": platform.bootstrap})
    consumer.subscribe(["orders", "payments", "clickstream"])
    repeated = 0
    try:
        while repeated < _REPEATED:
            # The first answer takes as long as joining the group.
            message: Message | None = consumer.poll(2 if repeated else _ANSWER_S)
            if message is None:
                break
            producer.produce(message.topic(), message.value(), message.key(), headers=message.headers())
            repeated += 1
    finally:
        consumer.close()
    if not repeated or producer.flush(30):
        raise ChaosError(f"{repeated} records were read to be sent again, and the broker did not take them")


def overrun(platform: Platform, _: Random) -> None:
    """Records of one topic are deleted before bronze reads them; ingest must refuse to go on, and count them.

    By the broker's own request for it, which moves the start of the log as retention does, and at once.
    """
    platform.kill("ingestion")
    platform.await_taken(RATE * 4)
    platform.end("generator")
    stands = _read_positions(platform)
    consumer = _consumer(platform)
    gone: dict[int, list[Event]] = {}
    try:
        for partition, stand in stands.items():
            end = consumer.get_watermark_offsets(TopicPartition(_OVERRUN, partition), _ANSWER_S)[1]
            gone[partition] = _read(consumer, partition, stand, end)
    finally:
        consumer.close()
    ends = {partition: stands[partition] + len(events) for partition, events in gone.items()}
    places = [TopicPartition(_OVERRUN, partition, end) for partition, end in ends.items()]
    admin = AdminClient({"bootstrap.servers": platform.bootstrap})  # kept: without it nobody answers
    for future in admin.delete_records(places).values():
        future.result(_ANSWER_S)
    count = sum(map(len, gone.values()))
    platform.give_up({event for events in gone.values() for event in events})
    done = platform.call("ingest", "--json")
    said = " ".join(done.stderr.split())
    if done.returncode != OffsetOutOfRange.exit_code or f" {count:,} records ({_OVERRUN}/" not in said:
        raise ChaosError(f"{count} records were deleted; ingest ended with {done.returncode}: {said[-800:]}")
    platform.note(
        f"{count} records deleted: ingest refused (65) and counted them, reconcile names each event"
    )


def accept_the_loss(platform: Platform) -> None:
    """What the refusal says; then all goes on as before."""
    done = platform.call("ingest", "--accept-loss", "--json")
    if done.returncode or "GIVEN UP" not in done.stderr:
        raise ChaosError(f"ingest --accept-loss ended with {done.returncode}: {done.stderr[-800:]}")
    platform.restore()
    platform.await_flow(RATE * 2, _LIMIT_S)


def _consumer(platform: Platform) -> Consumer:
    group = f"chaos-{uuid.uuid4().hex[:8]}"
    return Consumer(
        {"bootstrap.servers": platform.bootstrap, "group.id": group, "auto.offset.reset": "earliest"}
    )


def _read_positions(platform: Platform) -> dict[int, int]:
    """Where bronze stands in each partition of the topic."""
    table = DeltaTable(str(platform.home / "lake" / "bronze")).to_pyarrow_dataset()
    is_ours = (pc.field("topic") == _OVERRUN) & (pc.field("source") == "kafka")
    rows = table.to_table(columns=["partition", "offset"], filter=is_ours)
    newest = rows.group_by("partition").aggregate([("offset", "max")]).to_pylist()
    return {row["partition"]: row["offset_max"] + 1 for row in newest}


def _read(consumer: Consumer, partition: int, start: int, end: int) -> list[Event]:
    """The ids of some records, from their headers."""
    consumer.assign([TopicPartition(_OVERRUN, partition, start)])
    events = []
    for _ in range(start, end):
        message = consumer.poll(_ANSWER_S)
        if message is None or message.error():
            raise ChaosError(f"{_OVERRUN}/{partition} has no record where its next should be")
        stamp = dict(message.headers() or ())[SENT]
        events.append((_OVERRUN, stamp.decode().split(" ", 1)[0]))
    return events
