"""What `stafford stack up` refuses on a real engine, before anything is started."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from tests.stack.conftest import ENVIRONMENT, PORTS

from stafford.settings import PROJECT_DIR

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

OLD = "stafford-refused"


def up(**environment: str) -> "subprocess.CompletedProcess[str]":
    """Try to start a stack of which nothing exists."""
    mine = os.environ | ENVIRONMENT | {"COMPOSE_PROJECT_NAME": OLD}
    return subprocess.run(
        [sys.executable, "-m", "stafford", "stack", "up", "--no-build"], cwd=PROJECT_DIR, capture_output=True,
        text=True, check=False, timeout=240, env=mine | environment,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_is_started() -> Iterator[None]:
    """Whatever is refused, no container, network or volume of the project is there afterwards."""
    yield
    for kind in (["ps", "--all"], ["network", "ls"], ["volume", "ls"]):
        words = ["docker", *kind, "--quiet", "--filter", f"label=com.docker.compose.project={OLD}"]
        assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == ""


def test_a_taken_port_is_named_with_its_setting() -> None:
    """Another program listens where Kafka would."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", PORTS["KAFKA"]))
        taken.listen()
        done = up()
    assert done.returncode == 78
    assert f"port of kafka: {PORTS['KAFKA']} is taken by another program" in done.stderr
    assert "STAFFORD_STACK_KAFKA_PORT" in done.stderr


def test_a_setting_that_is_no_port_is_named() -> None:
    """Compose alone would speak of an invalid hostPort."""
    done = up(STAFFORD_STACK_SUPERSET_PORT="eighty")
    assert done.returncode == 78
    assert "STAFFORD_STACK_SUPERSET_PORT is 'eighty'" in done.stderr


def test_a_volume_of_an_older_version_is_named() -> None:
    """PostgreSQL 17 would refuse what 16 wrote, half-way through a start."""
    volume = f"{OLD}_postgres-data"
    subprocess.run(["docker", "volume", "create", "--label", "stafford.data=postgres-16", volume], check=True)
    try:
        done = up()
    finally:
        subprocess.run(["docker", "volume", "rm", volume], check=True)
    assert done.returncode == 78
    assert "volume postgres-data: was written by postgres-16, and this is postgres-17" in done.stderr


def test_an_engine_that_does_not_answer_is_named() -> None:
    """Nobody listens at that socket."""
    done = up(DOCKER_HOST="unix:///nowhere/docker.sock")
    assert done.returncode == 78
    assert "start Docker first" in done.stderr
