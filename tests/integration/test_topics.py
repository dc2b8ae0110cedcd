"""Topics are planned, applied and verified on a real broker."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stafford.cli import topics
from stafford.errors import ConfigError, Terminal, TransportUnavailable, UnsafeChange
from stafford.settings import PROJECT_DIR
from stafford.transport import KafkaLog
from stafford.transport.topics import Cluster, Kind, TopicSpec, load_topics, plan

from ..unit.transport.builders import build_records, stand_still  # noqa: TID252 - shared by tests

pytestmark = pytest.mark.kafka

PLANNED = load_topics(PROJECT_DIR / "config" / "topics.yaml")


@pytest.fixture
def cluster(kafka_config: dict[str, str]) -> Iterator[Cluster]:
    """The session's broker."""
    with Cluster(kafka_config) as opened:
        yield opened


@pytest.fixture
def topic(cluster: Cluster, topic_name: Callable[[str], str]) -> Iterator[str]:
    """A topic as `orders` is planned."""
    name = topic_name("orders")
    cluster.apply(plan({name: PLANNED["orders"]}, {}, brokers=1))
    yield name
    if name in cluster.list_topics():
        cluster.delete(name)


@pytest.fixture
def stafford(
    kafka_config: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., object]:
    """Run a `stafford topics` command against the session's broker."""
    monkeypatch.setenv("STAFFORD_KAFKA", json.dumps(kafka_config))
    monkeypatch.setenv("STAFFORD_HOME", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(topics.app, arguments)


def change(spec: TopicSpec, **fields: object) -> TopicSpec:
    return TopicSpec.model_validate({**spec.model_dump(), **fields})


def test_applying_twice_changes_nothing_the_second_time(
    cluster: Cluster, topic_name: Callable[[str], str]
) -> None:
    """Every topic of our plan can be made, and reads back exactly as planned."""
    desired = {topic_name(name): spec for name, spec in PLANNED.items()}
    done = cluster.apply(plan(desired, cluster.list_topics(), brokers=1))
    assert {made.topic for made in done} == set(desired)
    ours = {name: state for name, state in cluster.list_topics().items() if name in desired}
    assert plan(desired, ours, brokers=1) == []
    for name in desired:
        cluster.delete(name)
    assert not set(desired) & set(cluster.list_topics())


def test_what_is_unsafe_is_refused_before_anything_changes(cluster: Cluster, topic: str) -> None:
    """One edit that loses data stops the harmless ones beside it too, until it is allowed."""
    desired = {
        topic: change(PLANNED["orders"], retention=timedelta(days=1), partitions=4, compression="zstd")
    }
    before = cluster.list_topics()[topic]
    changes = plan(desired, {topic: before}, brokers=1)
    for allowed in ({}, {"allow_data_loss": True}, {"allow_reordering": True}):
        with pytest.raises(UnsafeChange, match="nothing was changed"):
            cluster.apply(changes, **allowed)
        assert cluster.list_topics()[topic] == before
    cluster.apply(changes, allow_data_loss=True, allow_reordering=True)
    assert plan(desired, {topic: cluster.list_topics()[topic]}, brokers=1) == []


def test_fewer_partitions_are_impossible(cluster: Cluster, topic: str) -> None:
    """No permission makes Kafka take partitions away."""
    changes = plan(
        {topic: change(PLANNED["orders"], partitions=1)}, {topic: cluster.list_topics()[topic]}, brokers=1
    )
    assert changes[0].kind is Kind.REPLACE
    with pytest.raises(UnsafeChange, match="cannot take partitions away"):
        cluster.apply(changes, allow_data_loss=True, allow_reordering=True)


def test_a_description_counts_the_records(cluster: Cluster, topic: str, kafka_config: dict[str, str]) -> None:
    """Offsets, leaders and settings are those of the broker."""
    log = KafkaLog(kafka_config, "run", stand_still)
    log.append(build_records(30, topic=topic, keys=9))
    log.close()
    (found,) = cluster.describe([topic])
    assert found.offset_span == 30
    assert [part.partition for part in found.partitions] == [0, 1, 2]
    assert {part.leader for part in found.partitions} == {1}
    assert found.config["message.timestamp.type"] == "LogAppendTime"


def test_an_unknown_topic_is_named_as_such(cluster: Cluster, kafka_config: dict[str, str]) -> None:
    """Describing, deleting and writing to what is not there says so."""
    with pytest.raises(ConfigError, match="no such topic"):
        cluster.describe(["not-there"])
    with pytest.raises(ConfigError, match="no such topic"):
        cluster.delete("not-there")
    log = KafkaLog(kafka_config, "run", stand_still)
    with pytest.raises(ConfigError, match="topic not-there is not on the broker"):
        log.append(build_records(1, topic="not-there"))
    log.close()


def test_a_record_that_is_too_large_is_named(
    cluster: Cluster, topic: str, kafka_config: dict[str, str]
) -> None:
    """The client refuses what is over its own limit, the broker what is over the topic's; each names it."""
    big = build_records(1, topic=topic, value=os.urandom(1_500_000))
    for limit in ("1000000", "9000000"):
        log = KafkaLog({**kafka_config, "message.max.bytes": limit}, "run", stand_still)
        with pytest.raises(
            Terminal, match=f"record {big.column('event_id')[0]} of topic {topic} has 1500000 bytes"
        ):
            log.append(big)
        # and the log goes on
        assert log.append(build_records(2, topic=topic)).acknowledged == 2
        log.close()
    assert cluster.describe([topic])[0].offset_span == 4


def test_no_broker_is_reported_within_the_bound() -> None:
    """A cluster that is not there is named, with what to do."""
    nobody = Cluster({"bootstrap.servers": "127.0.0.1:1"}, timeout_s=1)
    with nobody, pytest.raises(TransportUnavailable, match="stafford kafka start"):
        nobody.list_topics()


def test_the_commands_agree_with_each_other(stafford: Callable[..., object], cluster: Cluster) -> None:
    """Plan shows what is missing, apply makes it, verify is content; drift by hand is found again."""
    planned = stafford("plan")
    assert "+ orders" in planned.output
    assert stafford("verify").exit_code == 1
    applied = stafford("apply")
    assert applied.exit_code == 0
    assert f"{len(PLANNED)} created" in applied.output
    assert stafford("verify").exit_code == 0
    assert "as planned" in stafford("apply").output
    # somebody shortens retention by hand
    drifted = change(PLANNED["orders"], retention=timedelta(hours=1))
    edits = plan({"orders": drifted}, {"orders": cluster.list_topics()["orders"]}, brokers=1)
    cluster.apply(edits, allow_data_loss=True)
    found = stafford("verify", "--json")
    assert found.exit_code == 1
    assert [(item["topic"], item["edits"][0]["name"]) for item in json.loads(found.output)] == [
        ("orders", "retention.ms")
    ]
    listed = {item["topic"]: item for item in json.loads(stafford("list", "--json").output)}
    assert listed["clickstream"]["partitions"] == 6
    assert json.loads(stafford("describe", "orders", "--json").output)[0]["records"] == 0
    assert "orders: 3 partitions" in stafford("describe").output.replace("\n", " ")
    # deleting needs a yes, and there is no terminal here
    refused = stafford("delete", "orders")
    assert isinstance(refused.exception, UnsafeChange)
    assert "orders" in cluster.list_topics()
    for name in PLANNED:
        assert stafford("delete", name, "--yes").exit_code == 0


def test_the_quick_start_script_does_the_same(
    cluster: Cluster, kafka_config: dict[str, str], tmp_path: Path
) -> None:
    """The script runs from a clone by itself, with exactly its documented flags."""
    environment = {**os.environ, "STAFFORD_KAFKA": json.dumps(kafka_config), "STAFFORD_HOME": str(tmp_path)}
    environment.pop("PYTHONPATH", None)

    def run(*flags: str) -> subprocess.CompletedProcess[str]:
        script = str(PROJECT_DIR / "src" / "kafka_setup" / "topic_manager.py")
        return subprocess.run(
            [sys.executable, script, *flags],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert f"{len(PLANNED)} created" in run("--create-topics").stdout
    assert "clickstream" in run("--list").stdout
    assert "orders: 3 partitions" in run("--describe", "orders").stdout
    assert "payments: 3 partitions" in run("--describe").stdout
    refused = run("--delete", "orders")
    assert (refused.returncode, "add --yes" in refused.stderr, "Traceback" in refused.stderr) == (
        1,
        True,
        False,
    )
    assert run("--delete", "orders", "--yes").returncode == 0
    assert run("--describe", "orders").returncode == ConfigError.exit_code
    for name in set(PLANNED) - {"orders"}:
        cluster.delete(name)
