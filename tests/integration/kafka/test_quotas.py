"""A client's quota, set with Kafka's own tool through ours, and seen to throttle."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from typer.testing import CliRunner

from stafford.cli import kafka as command
from stafford.errors import ConfigError

pytestmark = pytest.mark.kafka

QUOTA = 50_000  # bytes a second; the broker looks at the mean of ten seconds
BATCH = 900_000


@pytest.fixture
def configs(
    kafka_config: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., int]]:
    """Run `stafford kafka tool configs` for a client's quota; nothing is left of it."""
    monkeypatch.setenv("STAFFORD_KAFKA", json.dumps(kafka_config))
    monkeypatch.setenv("STAFFORD_HOME", str(tmp_path))

    def run(*words: str) -> int:
        return CliRunner().invoke(command.app, ["tool", "configs", *words]).exit_code

    yield run
    run(
        "--alter",
        "--delete-config",
        "producer_byte_rate",
        "--entity-type",
        "clients",
        "--entity-name",
        "greedy",
    )


def send_as(client: str, kafka_config: dict[str, str], topic: str) -> list[float]:
    """Send much at once; gives for how many seconds the broker asked the client to wait, each time."""
    asked: list[float] = []
    producer = Producer(
        {**kafka_config, "client.id": client, "throttle_cb": lambda event: asked.append(event.throttle_time)}
    )
    for _ in range(9):
        producer.produce(topic, os.urandom(BATCH // 9), partition=0)
    deadline = time.monotonic() + 30
    while len(producer) and not any(asked):
        producer.poll(0.1)
        assert time.monotonic() < deadline, "nothing was acknowledged, and nobody was told to wait"
    producer.purge()
    producer.poll(0)
    return [seconds for seconds in asked if seconds]


def test_a_quota_slows_its_client_and_no_other(
    configs: Callable[..., int],
    kafka_config: dict[str, str],
    make_topic: Callable[..., str],
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Who sends more than allowed is told to wait; somebody else with the same load is not."""
    topic = make_topic("quota", 1)
    entity = ("--entity-type", "clients", "--entity-name", "greedy")
    assert configs("--alter", "--add-config", f"producer_byte_rate={QUOTA}", *entity) == 0
    assert configs("--describe", *entity) == 0
    assert f"producer_byte_rate={QUOTA}" in capfd.readouterr().out
    assert send_as("greedy", kafka_config, topic)
    assert not send_as("modest", kafka_config, topic)


def test_a_tool_s_failure_is_ours(configs: Callable[..., int]) -> None:
    """Its exit code is passed on, and a tool that Kafka does not have is named."""
    assert configs("--no-such-option") != 0
    result = CliRunner().invoke(command.app, ["tool", "nope"])
    assert isinstance(result.exception, ConfigError)
    assert "there are configs" in str(result.exception)
