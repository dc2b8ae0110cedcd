"""Since when a group's oldest unread record has been there: one record of each partition is read."""

import time
from collections.abc import Iterable, Mapping

from confluent_kafka import Consumer, KafkaException, TopicPartition

from stafford.errors import TransportUnavailable
from stafford.transport.client import LOGGER, client_settings
from stafford.transport.groups.position import Position

_POLL_S = 0.2


def find_waiting_since(
    config: Mapping[str, str], positions: Iterable[Position], timeout_s: float
) -> dict[tuple[str, int], int]:
    """Read the time of the first unread record of each partition that has one, in epoch milliseconds.

    The time is that of the topic: with log-append time, when the broker got it. Joins no group and commits
    nothing. A partition whose unread offsets were all compacted away is left out.

    Raises:
        TransportUnavailable: not every partition answered within the bound.
    """
    wanted = {
        (position.topic, position.partition): max(position.committed or 0, position.low)
        for position in positions
        if position.lag
    }
    if not wanted:
        return {}
    # One record is wanted of each, so little is fetched ahead. The group's name is needed and never used.
    settings = {
        **client_settings(config, {"client.id": "stafford-groups", "queued.min.messages": 1}),
        "group.id": "stafford-groups",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
    }
    consumer = Consumer({**settings, "max.partition.fetch.bytes": 1 << 16}, logger=LOGGER)
    found: dict[tuple[str, int], int] = {}
    waiting = set(wanted)
    deadline = time.monotonic() + timeout_s
    try:
        consumer.assign([TopicPartition(*place, offset) for place, offset in wanted.items()])
        while waiting:
            message = consumer.poll(_POLL_S)
            if message is not None:
                place = (str(message.topic()), int(message.partition() or 0))
                if message.error() is None and place in waiting:
                    found[place] = message.timestamp()[1]
                waiting.discard(place)
            if waiting and time.monotonic() > deadline:
                raise TransportUnavailable(
                    f"{len(waiting)} partitions at {config['bootstrap.servers']} gave no record within "
                    f"{timeout_s:g} s; see `stafford kafka status`"
                )
    except KafkaException as exc:
        raise TransportUnavailable(f"Kafka at {config['bootstrap.servers']}: {exc.args[0].str()}") from exc
    finally:
        consumer.close()
    return found
