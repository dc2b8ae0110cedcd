"""A task that reads the log has an end, whatever it hears."""

import pytest
from confluent_kafka import KafkaError, TopicPartition

from stafford.domain.ranges import Range
from stafford.errors import NotReady
from stafford.transport import ranges
from stafford.transport.ranges import read_ranges


class Refusal:
    """What a client gives in a record's place when a partition has no leader now."""

    def topic(self) -> str:
        return "orders"

    def partition(self) -> int:
        return 0

    def offset(self) -> None:
        return None

    def error(self) -> KafkaError:
        return KafkaError(KafkaError.LEADER_NOT_AVAILABLE, retriable=True)


class Leaderless:
    """Stands for a client whose cluster elects for ever; a broker of one cannot be brought to that."""

    def __init__(self, *_: object, **__: object) -> None:
        self.asked = 0

    def assign(self, partitions: list[TopicPartition]) -> None:
        pass

    def incremental_unassign(self, partitions: list[TopicPartition]) -> None:
        pass

    def consume(self, *_: object) -> list[Refusal]:
        self.asked += 1
        assert self.asked < 1_000_000, "it asks for ever"
        return [Refusal()]

    def close(self) -> None:
        pass


def test_who_only_says_that_it_cannot_is_waited_for_with_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """An election that never ends is no reason for a task that never ends."""
    monkeypatch.setattr(ranges, "Consumer", Leaderless)
    monkeypatch.setattr(ranges, "PATIENCE_S", 0.2)
    with pytest.raises(NotReady, match="TimeoutException"):
        list(read_ranges({"bootstrap.servers": "127.0.0.1:1"}, [Range("orders", 0, 0, 1)]))
