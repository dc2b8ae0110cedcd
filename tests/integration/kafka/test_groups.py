"""Consumer groups on a real broker: what they have not read, and where a reset puts them."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner

from stafford.cli import groups as command
from stafford.errors import ConfigError, UnsafeChange
from stafford.transport.groups import Earliest, Groups, Latest, Move

pytestmark = pytest.mark.kafka


@pytest.fixture
def groups(kafka_config: dict[str, str]) -> Iterator[Groups]:
    """The groups of the session's broker, looked at in an hour's time."""
    with Groups(kafka_config, lambda: datetime.now(UTC) + timedelta(hours=1)) as opened:
        yield opened


@pytest.fixture
def stafford(
    kafka_config: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., object]:
    """Run a `stafford groups` command against the session's broker."""
    monkeypatch.setenv("STAFFORD_KAFKA", json.dumps(kafka_config))
    monkeypatch.setenv("STAFFORD_HOME", str(tmp_path))
    return lambda *words: CliRunner().invoke(command.app, words)


def read(consumer: Consumer, topic: str, count: int) -> list[bytes | None]:
    """Join the group, read so many records and commit them."""
    consumer.subscribe([topic])
    found: list[bytes | None] = []
    deadline = time.monotonic() + 30
    while len(found) < count and time.monotonic() < deadline:
        found += [message.value() for message in consumer.consume(count - len(found), 0.5)]
    consumer.commit(asynchronous=False)
    return found


@pytest.fixture
def commit(make_consumer: Callable[..., Consumer]) -> Callable[[str, str, list[int]], None]:
    """Say for a group how far it has read in partitions 0, 1, …, without joining it."""

    def say(group: str, topic: str, offsets: list[int]) -> None:
        places = [TopicPartition(topic, partition, offset) for partition, offset in enumerate(offsets)]
        make_consumer(group).commit(offsets=places, asynchronous=False)

    return say


def fill(topic: str, send: Callable[..., None]) -> None:
    """Ten records in partition 0, five in partition 1, none in partition 2."""
    send(topic, [(b"a", b"a%d" % number) for number in range(10)], 0)
    send(topic, [(b"b", b"b%d" % number) for number in range(5)], 1)


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_lag_counts_what_is_unread(
    groups: Groups,
    make_topic: Callable[..., str],
    send: Callable[..., None],
    make_consumer: Callable[..., Consumer],
    protocol: str,
) -> None:
    """With either protocol: nothing after reading all, then exactly what came since, and how old it is."""
    topic = make_topic("lag")
    fill(topic, send)
    consumer = make_consumer(topic, group_protocol=protocol)
    read(consumer, topic, 15)
    found = groups.find(topic)
    assert (found.protocol, found.is_live, len(found.members)) == (protocol, True, 1)
    assert sum(position.lag for position in groups.read_positions(topic)) == 0
    send(topic, [(b"a", b"late")] * 4, 0)
    lags = groups.read_positions(topic, with_time=True)
    assert [(position.committed, position.lag) for position in lags] == [(10, 4), (5, 0), (None, 0)]
    # the oldest unread one came just now, by a clock that is an hour ahead
    assert [round((position.behind_s or 0) / 3600) for position in lags] == [1, 0, 0]
    consumer.close()
    assert not groups.find(topic).is_live


def test_lag_tells_what_retention_took(
    groups: Groups,
    admin: AdminClient,
    make_topic: Callable[..., str],
    send: Callable[..., None],
    commit: Callable[..., None],
) -> None:
    """Records that went before the group had read them are lost, and are no lag."""
    topic = make_topic("lost", partitions=1)
    send(topic, [(b"a", b"a")] * 10, 0)
    commit(topic, topic, [3])
    (before,) = groups.read_positions(topic)
    assert (before.lost, before.lag) == (0, 7)
    place = TopicPartition(topic, 0, 7)
    admin.delete_records([place])[place].result(20)
    (after,) = groups.read_positions(topic)
    assert (after.lost, after.lag) == (4, 3)


def test_a_reset_puts_the_group_where_it_says(
    groups: Groups,
    make_topic: Callable[..., str],
    send: Callable[..., None],
    make_consumer: Callable[..., Consumer],
    commit: Callable[..., None],
) -> None:
    """To the beginning, to the end and to an instant between two records; a reader then gets exactly that."""
    topic = make_topic("reset")
    fill(topic, send)
    commit(topic, topic, [4, 5, 0])
    time.sleep(0.05)
    instant = datetime.now(UTC)
    time.sleep(0.05)
    send(topic, [(b"a", b"after")] * 2, 0)
    # planning changes nothing
    plan = groups.plan_reset(topic, Earliest())
    assert plan == [Move(topic, 0, 4, 0, again=4, skipped=0), Move(topic, 1, 5, 0, again=5, skipped=0)]
    assert [position.committed for position in groups.read_positions(topic)] == [4, 5, 0]
    # to the end: what was not read is named as skipped
    moves = groups.plan_reset(topic, Latest())
    assert moves == [Move(topic, 0, 4, 12, again=0, skipped=8)]
    groups.apply(topic, moves)
    # to the instant: in partition 0 the two that came after it, in the others nothing did
    moves = groups.plan_reset(topic, instant)
    assert moves == [Move(topic, 0, 12, 10, again=2, skipped=0)]
    groups.apply(topic, moves)
    assert groups.plan_reset(topic, instant) == []
    assert read(make_consumer(topic), topic, 2) == [b"after", b"after"]
    assert sum(position.lag for position in groups.read_positions(topic)) == 0


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_live_group_is_not_reset(
    groups: Groups,
    make_topic: Callable[..., str],
    send: Callable[..., None],
    make_consumer: Callable[..., Consumer],
    protocol: str,
) -> None:
    """While a member is there it is refused, with its name; without it the same works."""
    topic = make_topic("live")
    fill(topic, send)
    consumer = make_consumer(topic, group_protocol=protocol, client_id="dashboard-1")
    read(consumer, topic, 15)
    moves = groups.plan_reset(topic, Earliest())
    with pytest.raises(UnsafeChange, match=r"is live .*dashboard-1.*Stop them"):
        groups.apply(topic, moves)
    consumer.close()
    groups.apply(topic, moves)
    assert [position.committed for position in groups.read_positions(topic)] == [0, 0, 0]


def test_a_member_that_joins_meanwhile_stops_the_reset(
    groups: Groups,
    make_topic: Callable[..., str],
    send: Callable[..., None],
    make_consumer: Callable[..., Consumer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When our look came too early, the broker's own refusal has the same error."""
    topic = make_topic("race")
    fill(topic, send)
    read(make_consumer(topic), topic, 15)
    moves = groups.plan_reset(topic, Earliest())
    # as if the look had been a moment before
    monkeypatch.setattr(groups, "check_empty", lambda _group: None)
    with pytest.raises(UnsafeChange, match="got a member meanwhile"):
        groups.apply(topic, moves)


def test_a_group_outlives_its_topic(
    groups: Groups, admin: AdminClient, make_topic: Callable[..., str], commit: Callable[..., None]
) -> None:
    """A position in a topic that was deleted stops nothing; the topic by name is an error."""
    kept, gone = make_topic("kept", partitions=1), make_topic("gone", partitions=1)
    commit(kept, kept, [0])
    commit(kept, gone, [0])
    admin.delete_topics([gone])[gone].result(20)
    assert {position.topic for position in groups.read_positions(kept)} == {kept}
    with pytest.raises(ConfigError, match="no such topic"):
        groups.plan_reset(kept, Earliest(), ["never-was"])


def test_an_unknown_group_is_named(groups: Groups) -> None:
    """A group that nobody ever used is an error, not an empty table."""
    for ask in (groups.read_positions, lambda group: groups.plan_reset(group, Latest())):
        with pytest.raises(ConfigError, match="knows no group nobody"):
            ask("nobody")


def test_the_commands_say_the_same(
    stafford: Callable[..., object],
    make_topic: Callable[..., str],
    send: Callable[..., None],
    make_consumer: Callable[..., Consumer],
    commit: Callable[..., None],
) -> None:
    """For people and as JSON; a dry run changes nothing, and fails where the reset would."""
    topic = make_topic("words")
    fill(topic, send)
    commit(topic, topic, [4, 5, 0])
    assert topic in stafford("list").output
    listed = {group["group"]: group for group in json.loads(stafford("list", "--json").output)}
    assert (listed[topic]["state"], listed[topic]["is_live"]) == ("empty", False)
    assert stafford("lag", topic).output.splitlines()[-1].split() == ["total", "6"]
    lag = json.loads(stafford("lag", topic, "--json").output)
    assert (lag["lag"], [place["lag"] for place in lag["partitions"]]) == (6, [6, 0, 0])
    dry = stafford("reset", topic, "--to", "earliest", "--dry-run")
    assert "would move in 2 partitions" in dry.output
    assert json.loads(stafford("lag", topic, "--json").output)["lag"] == 6
    done = json.loads(stafford("reset", topic, "--to", "earliest", "--json").output)
    assert (done["applied"], [move["again"] for move in done["moves"]]) == (True, [4, 5])
    assert json.loads(stafford("lag", topic, "--json").output)["lag"] == 15
    assert "stands there already" in stafford("reset", topic, "--to", "earliest").output
    # a live group
    read(make_consumer(topic), topic, 15)
    for words in (("--dry-run",), ()):
        refused = stafford("reset", topic, "--to", "earliest", *words)
        assert isinstance(refused.exception, UnsafeChange)
        assert "read again" in refused.output
