"""What a group takes from its members when one comes, by protocol."""

import time
from collections.abc import Callable

import pytest
from confluent_kafka import Consumer, TopicPartition

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PARTITIONS = 4
QUICK = {"heartbeat_interval_ms": 200, "session_timeout_ms": 10_000}
EAGER = {"group_protocol": "classic", "partition_assignment_strategy": "range", **QUICK}
COOPERATIVE = {"group_protocol": "classic", "partition_assignment_strategy": "cooperative-sticky", **QUICK}
NEW = {"group_protocol": "consumer"}


class Member:
    """A consumer that keeps what it was given and what was taken from it, in order."""

    def __init__(self, consumer: Consumer, topic: str) -> None:
        self.consumer = consumer
        self.held: set[int] = set()
        self.taken: list[set[int]] = []
        self.given: list[set[int]] = []
        consumer.subscribe([topic], on_assign=self._give, on_revoke=self._take, on_lost=self._take)

    def _give(self, _: Consumer, places: list[TopicPartition]) -> None:
        self.given.append({place.partition for place in places})
        self.held |= self.given[-1]

    def _take(self, _: Consumer, places: list[TopicPartition]) -> None:
        self.taken.append({place.partition for place in places})
        self.held -= self.taken[-1]


def poll_until(holds: Callable[[], bool], members: list[Member], limit_s: float = 60) -> None:
    """Let every member work until something is so."""
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, [(member.held, member.taken) for member in members]
        for member in members:
            member.consumer.poll(0.02)


def share(members: list[Member]) -> bool:
    """Whether each has its equal share, and together they have all."""
    held = [member.held for member in members]
    return all(len(one) == PARTITIONS // len(members) for one in held) and set.union(*held) == set(
        range(PARTITIONS)
    )


@pytest.mark.parametrize(
    ("settings", "taken"),
    [
        pytest.param(EAGER, 4, id="eager"),
        pytest.param(COOPERATIVE, 2, id="cooperative"),
        pytest.param(NEW, 2, id="new"),
    ],
)
def test_who_must_let_go_when_a_member_joins(
    make_topic: Callable[..., str],
    make_consumer: Callable[..., Consumer],
    settings: dict[str, object],
    taken: int,
) -> None:
    """The eager protocol takes everything from everybody; the others take what the new member gets."""
    topic = make_topic("join", PARTITIONS)
    members = [Member(make_consumer(topic, **settings), topic)]
    poll_until(lambda: share(members), members)
    members.append(Member(make_consumer(topic, **settings), topic))
    poll_until(lambda: share(members), members)
    assert [len(places) for places in members[0].taken] == [taken]


@pytest.mark.parametrize("is_static", [True, False], ids=["static", "dynamic"])
def test_a_static_member_s_restart_disturbs_nobody(
    make_topic: Callable[..., str], make_consumer: Callable[..., Consumer], *, is_static: bool
) -> None:
    """It comes back to its own partitions, and nobody is asked; without a name everybody is."""
    topic = make_topic("restart", PARTITIONS)

    def join(name: str) -> Member:
        named = {"group_instance_id": name} if is_static else {}
        return Member(make_consumer(topic, **EAGER, **named), topic)

    first, second = join("first"), join("second")
    poll_until(lambda: share([first, second]), [first, second])
    before, heard = set(second.held), len(first.taken)
    second.consumer.close()
    again = join("second")
    poll_until(lambda: share([first, again]), [first, again])
    assert (len(first.taken) == heard) is is_static
    if is_static:
        assert again.held == before
