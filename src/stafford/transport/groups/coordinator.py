"""The consumer groups that a broker knows: reading them, and moving them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, TopicCollection, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined] # typed, but not in its exports

from stafford.errors import ConfigError, Terminal, UnsafeChange
from stafford.transport.groups.position import Earliest, Group, Latest, Move, Position, Target, plan_move
from stafford.transport.groups.waiting import find_waiting_since
from stafford.transport.log import Clock
from stafford.transport.requests import Requests

_LIVE = {KafkaError.UNKNOWN_MEMBER_ID, KafkaError.NON_EMPTY_GROUP, KafkaError.REBALANCE_IN_PROGRESS}


class Groups:
    """The broker's group coordinators; close it, or use it in a `with`."""

    def __init__(self, config: Mapping[str, str], clock: Clock, timeout_s: float = 15) -> None:
        """Prepare a client; connecting happens at the first call.

        Args:
            config: Kafka client settings; needs bootstrap.servers.
            clock: tells the time, UTC.
            timeout_s: bound of each call, in seconds.

        Raises:
            ConfigError: a setting is missing or unknown.
        """
        self._config = dict(config)
        self._clock = clock
        self._requests = Requests(config, "stafford-groups", timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._requests.close()

    def list_groups(self) -> list[Group]:
        """Every group that has members or has committed an offset, by name.

        Raises:
            TransportUnavailable: no broker answered within the bound.
        """
        listed = self._requests.wait_for(self._requests.admin.list_consumer_groups())
        return self._describe(sorted(listing.group_id for listing in listed.valid))

    def find(self, group: str) -> Group:
        """One group.

        Raises:
            ConfigError: the broker knows no such group.
            TransportUnavailable: no broker answered within the bound.
        """
        for found in self.list_groups():
            if found.group == group:
                return found
        raise ConfigError(
            f"the broker at {self._requests.bootstrap} knows no group {group}; see `stafford groups list`"
        )

    def read_positions(self, group: str, *, with_time: bool = False) -> list[Position]:
        """Where a group stands, in every partition of every topic that it has a position in.

        A topic of which it has committed only some partitions is shown whole.

        Args:
            group: its name.
            with_time: find out how long the oldest unread record has waited, which reads one record of each
                partition that has any.

        Raises:
            ConfigError: the broker knows no such group.
            TransportUnavailable: no broker answered within the bound.
        """
        self.find(group)
        committed = self._read_committed(group)
        positions = self._compare(committed, {topic for topic, _ in committed})
        if not with_time:
            return positions
        since = find_waiting_since(self._config, positions, self._requests.timeout_s)
        now = self._clock()
        return [
            replace(position, behind_s=_seconds(now, since.get((position.topic, position.partition))))
            for position in positions
        ]

    def plan_reset(self, group: str, to: Target, topics: Sequence[str] = ()) -> list[Move]:
        """Say what a reset would do; changes nothing. Partitions that would stay are not in it.

        Args:
            group: its name.
            to: where it goes.
            topics: which topics; without any, all in which the group has a position.

        Raises:
            ConfigError: the broker knows no such group, or it has no position and no topic is named.
            TransportUnavailable: no broker answered within the bound.
        """
        self.find(group)
        committed = self._read_committed(group)
        chosen = set(topics) or {topic for topic, _ in committed}
        if not chosen:
            raise ConfigError(f"group {group} has committed nothing yet; name the topics to set it in")
        positions = self._compare(committed, chosen)
        targets = self._find_targets(positions, to)
        moves = [plan_move(position, targets[position.topic, position.partition]) for position in positions]
        return [move for move in moves if move.before != move.after]

    def check_empty(self, group: str) -> None:
        """Refuse a group that somebody is in: its members would overwrite what a reset says.

        Raises:
            UnsafeChange: it has members; names them, and the way out.
        """
        found = self.find(group)
        if found.is_live:
            who = ", ".join(sorted(set(found.members))) or "somebody who is joining"
            raise UnsafeChange(
                f"group {group} is live ({found.state}; {len(found.members)} members: {who}) and was not "
                "reset: they would commit over it. Stop them, wait until `stafford groups list` shows the "
                "group as empty, then reset again"
            )

    def apply(self, group: str, moves: Sequence[Move]) -> None:
        """Move a group. Safe to repeat.

        Raises:
            UnsafeChange: somebody is in it, or joined meanwhile; nothing was changed.
            TransportUnavailable: no broker answered within the bound.
        """
        self.check_empty(group)
        if not moves:
            return
        places = [TopicPartition(move.topic, move.partition, move.after) for move in moves]
        asked = [ConsumerGroupTopicPartitions(group, places)]
        found = self._requests.wait_for(
            self._requests.admin.alter_consumer_group_offsets(asked)[group],
        )
        # The call succeeds although nothing was changed: the refusal stands in each partition.
        refusals = [place.error for place in found.topic_partitions if place.error]
        if any(error.code() in _LIVE for error in refusals):
            # The coordinator has the last word: somebody may have joined after our look.
            raise UnsafeChange(
                f"group {group} got a member meanwhile and was not reset; stop it, then reset again"
            )
        if refusals:
            raise Terminal(
                f"the broker at {self._requests.bootstrap} refused to move group {group} in "
                f"{len(refusals)} of {len(places)} partitions: {refusals[0].str()}; see `stafford groups lag`"
            )

    def _describe(self, names: Sequence[str]) -> list[Group]:
        if not names:
            return []
        found = self._requests.wait_for_all(
            self._requests.admin.describe_consumer_groups(list(names)),
            ignored=KafkaError.GROUP_ID_NOT_FOUND,  # it went between our two questions
        )
        return [
            Group(
                name,
                group.state.name.lower(),
                group.type.name.lower(),
                tuple(sorted(member.client_id for member in group.members)),
            )
            for name, group in sorted(found.items())
        ]

    def _read_committed(self, group: str) -> dict[tuple[str, int], int]:
        asked = self._requests.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
        (found,) = self._requests.wait_for_all(asked).values()
        return {(place.topic, place.partition): place.offset for place in found.topic_partitions}

    def _compare(self, committed: Mapping[tuple[str, int], int], topics: Iterable[str]) -> list[Position]:
        wanted = sorted(topics)
        if not wanted:
            return []
        described = self._requests.admin.describe_topics(TopicCollection(wanted))
        # A group keeps its positions in a topic that was deleted; there is nothing to compare them with.
        is_asked = set(wanted) - {topic for topic, _ in committed}
        ignored = None if is_asked else KafkaError.UNKNOWN_TOPIC_OR_PART
        found = self._requests.wait_for_all(described, ignored)
        places = [TopicPartition(name, part.id) for name in found for part in found[name].partitions]
        low = self._find_offsets(places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        high = self._find_offsets(places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return [
            Position(place.topic, place.partition, _known(committed.get(at)), low[at], high[at])
            for place in places
            for at in [(place.topic, place.partition)]
        ]

    def _find_targets(self, positions: Sequence[Position], to: Target) -> dict[tuple[str, int], int]:
        if isinstance(to, Earliest):
            return {(position.topic, position.partition): position.low for position in positions}
        ends = {(position.topic, position.partition): position.high for position in positions}
        if isinstance(to, Latest):
            return ends
        places = [TopicPartition(position.topic, position.partition) for position in positions]
        found = self._find_offsets(places, OffsetSpec.for_timestamp(round(to.timestamp() * 1000)))
        # No record is that young: the group goes behind the last one.
        return {at: offset if offset >= 0 else ends[at] for at, offset in found.items()}

    def _find_offsets(self, places: Sequence[TopicPartition], spec: Any) -> dict[tuple[str, int], int]:
        if not places:
            return {}
        found = self._requests.wait_for_leaders(
            lambda: self._requests.admin.list_offsets(dict.fromkeys(places, spec))
        )
        return {(place.topic, place.partition): answer.offset for place, answer in found.items()}


def _known(offset: int | None) -> int | None:
    return None if offset is None or offset < 0 else offset


def _seconds(now: datetime, since: int | None) -> float:
    # Nothing unread is no time behind; and a broker whose clock is ahead of ours makes no negative wait.
    if since is None:
        return 0.0
    return max(0.0, (now - datetime.fromtimestamp(since / 1000, UTC)).total_seconds())
