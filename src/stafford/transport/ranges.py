"""Reading stretches of Kafka's log into Arrow, in whatever process."""

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from stafford.domain.ranges import Range
from stafford.domain.record import HEADER_TYPE, UTC_MICROS
from stafford.errors import ConfigError, NotReady, OffsetOutOfRange, Terminal
from stafford.transport.client import LOGGER, client_settings

_SETTINGS = {
    # No group is joined, but a client must name one.
    "group.id": "stafford-bronze",
    # As Spark's reader has it.
    "isolation.level": "read_uncommitted",
    # An answer is not held back, nor a question: the client only polls while a task wants records.
    "fetch.wait.max.ms": "1",
    "fetch.queue.backoff.ms": "1",
    # What is fetched beyond a stretch is fetched for nothing.
    "queued.min.messages": "10000",
}
_REQUIRED = {
    # Positions are the checkpoint's; Kafka is told none.
    "enable.auto.commit": "false",
    "auto.offset.reset": "error",
    "enable.partition.eof": "true",
}

PATIENCE_S = 60.0
"""How long a broker may be silent in the middle of a stretch: Kafka's own `default.api.timeout.ms`."""

_AT_ONCE = 1_000
"""Records a poll: so many fit a processor's cache until they are columns."""
_WAIT_S = 0.05
_UTC_MILLIS = pa.timestamp("ms", tz="UTC")


def read_ranges(kafka: Mapping[str, str], ranges: Sequence[Range]) -> Iterator[pa.Table]:
    """Read stretches of the log, each in the order of its offsets.

    Args:
        kafka: client settings, at least bootstrap.servers.
        ranges: of different partitions.

    Yields:
        Rows as `ReadRanges` has them.

    Raises:
        ConfigError: a setting would have the client skip what is lost, or a topic is not there.
        OffsetOutOfRange: the broker no longer has the first of them.
        NotReady: the broker does not answer.
        Terminal: it refuses.
    """
    waiting = {(range_.topic, range_.partition): range_ for range_ in ranges if range_.first < range_.until}
    consumer = Consumer(client_settings(kafka, _SETTINGS, _REQUIRED), logger=LOGGER)
    try:
        consumer.assign([TopicPartition(r.topic, r.partition, r.first) for r in waiting.values()])
        heard_at, missing = time.monotonic(), sum(r.until - r.first for r in waiting.values())
        while waiting:
            # Who asks for more than there is waits for it.
            messages = consumer.consume(max(1, min(_AT_ONCE, missing)), _WAIT_S)
            found, ended = _sort_out(messages, waiting)
            if found or ended:
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > PATIENCE_S:
                # Who only says again and again that it cannot now has sent nothing either.
                raise NotReady(f"TimeoutException: Kafka sent nothing for {PATIENCE_S:.0f} s")
            for place, records in found.items():
                if records:
                    missing -= len(records)
                    yield _as_rows(place, records)
            consumer.incremental_unassign([TopicPartition(*place) for place in ended])
            for place in ended:
                del waiting[place]
    finally:
        consumer.close()


_Place = tuple[str, int]


def _sort_out(
    messages: Sequence[Message], waiting: Mapping[_Place, Range]
) -> tuple[dict[_Place, list[Message]], list[_Place]]:
    """Records by where they stood, without those behind a stretch, and the stretches that are whole now."""
    found: dict[_Place, list[Message]] = defaultdict(list)
    reached: dict[_Place, int] = {}
    for message in messages:
        place, error = (str(message.topic()), int(message.partition() or 0)), message.error()
        if place not in waiting:
            continue  # it was fetched ahead
        if error is None:
            found[place].append(message)
        else:
            reached[place] = _read_error(place, error, message.offset())
    for place, records in found.items():
        offsets = [message.offset() or 0 for message in records]
        del records[bisect_left(offsets, waiting[place].until) :]
        reached[place] = max(reached.get(place, 0), offsets[-1] + 1)
    # The last offsets may be no records any more, or never were: compacted away, or a transaction's.
    return found, [place for place, offset in reached.items() if offset >= waiting[place].until]


def _read_error(place: _Place, error: KafkaError, offset: int | None) -> int:
    """How far a partition was read when this was said.

    Raises:
        StaffordError: it cannot be read.
    """
    code, where = error.code(), "/".join(map(str, place))
    if code == KafkaError._PARTITION_EOF:  # noqa: SLF001  # its public name
        return offset or 0
    if code in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):  # noqa: SLF001  # as above
        raise OffsetOutOfRange(f"{where}: {error.str()}")
    if code == KafkaError.UNKNOWN_TOPIC_OR_PART:
        raise ConfigError(f"UnknownTopicOrPartition: {where}: {error.str()}")
    if error.retriable():
        return 0
    raise Terminal(f"{where} cannot be read: {error.str()}")


def _as_rows(place: _Place, records: Sequence[Message]) -> pa.Table:
    topic, partition = place
    return pa.table(
        [
            pa.repeat(pa.scalar(topic, pa.string()), len(records)),
            pa.repeat(pa.scalar(partition, pa.int32()), len(records)),
            pa.array(map(Message.offset, records), pa.int64()),
            pa.array([at for _, at in map(Message.timestamp, records)], _UTC_MILLIS).cast(UTC_MICROS),
            pa.array(map(Message.key, records), pa.binary()),
            pa.array(map(Message.value, records), pa.binary()),
            _as_headers(records),
        ],
        names=["topic", "partition", "offset", "timestamp", "key", "value", "headers"],
    )


def _as_headers(records: Sequence[Message]) -> pa.Array:
    """Null where a record has none, or where the name of one is not UTF-8, which no client of Kafka sends."""
    names: list[str] = []
    values: list[bytes | None] = []
    starts: list[int | None] = []
    for headers in _read_headers(records):
        starts.append(len(names) if headers else None)
        for name, value in headers or ():
            names.append(name)
            values.append(value)
    flat = pa.StructArray.from_arrays(
        [pa.array(names, pa.string()), pa.array(values, pa.binary())], fields=list(HEADER_TYPE.value_type)
    )
    return pa.ListArray.from_arrays(pa.array([*starts, len(names)], pa.int32()), flat, type=HEADER_TYPE)


def _read_headers(records: Sequence[Message]) -> list[Any]:  # None, or pairs of a name and a value
    # A name that cannot be decoded leaves a hole in what the client gives, and whoever touches it crashes.
    # `map` asks if a call went well; a call in a loop, once Python has made it fast, does not. Nor may one
    # ask twice: the client remembers what it gave.
    found: list[Any] = []
    rest = map(Message.headers, records)
    while len(found) < len(records):
        try:
            found.extend(rest)  # up to the one that fails, if one does
        except SystemError:
            found.append(None)
    return found
