"""A start ends when everything is ready, and with a reason when something is not."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pytest

from stafford.errors import NotReady
from stafford.runtime.stack import waiting
from stafford.runtime.stack.engine import Container, Docker
from stafford.runtime.stack.waiting import bring_up

STARTING = Container("kafka", "running", "starting", 0)
HEALTHY = Container("kafka", "running", "healthy", 0)
UNHEALTHY = Container("kafka", "running", "unhealthy", 0)
FAILED = Container("topics", "exited", "", 78)


class FakeDocker(Docker):
    """Lists what a test says, one list after another; its `up` is a process of Python's."""

    def __init__(self, lists: list[list[Container]], up: str = "") -> None:
        super().__init__(Path(), client="docker")
        self.lists, self.up = lists, up

    def containers(self) -> list[Container]:
        return self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]

    def start(
        self,
        *_arguments: str,
        profiles: Sequence[str] = (),  # noqa: ARG002
        output: IO[str],
    ) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", self.up]
        self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, text=True)
        return self.process

    def read(self, *_arguments: str) -> str:
        return "first word\nlast word"


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_POLL_S", 0.05)


def test_it_waits_for_what_starts_and_says_for_whom() -> None:
    """It ends when everything is healthy, and has named who was not."""
    said: list[str] = []
    docker = FakeDocker([[STARTING], [STARTING], [HEALTHY]])
    assert bring_up(docker, said.append, wait_s=30) == [HEALTHY]
    assert "waiting for kafka (starting)" in said


def test_a_one_shot_that_fails_ends_the_wait_with_its_last_words() -> None:
    """Nobody waits for what will not come."""
    with pytest.raises(NotReady, match=r"topics is failed with exit code 78[\s\S]*last word"):
        bring_up(FakeDocker([[HEALTHY, FAILED]]), lambda _: None, wait_s=30)


def test_an_unhealthy_service_is_named_when_compose_has_given_up() -> None:
    """As long as Compose works, an unhealthy one may still recover."""
    with pytest.raises(NotReady, match=r"kafka is unhealthy"):
        bring_up(FakeDocker([[UNHEALTHY]]), lambda _: None, wait_s=30)


def test_the_bound_says_who_is_not_ready() -> None:
    """The start goes on, with all that it says; only the waiting ends."""
    up = "import sys, time; time.sleep(0.5); sys.exit(print('x' * 100_000))"
    docker = FakeDocker([[STARTING]], up)
    with pytest.raises(NotReady, match=r"not ready after 0 s; still waiting for kafka \(starting\)"):
        bring_up(docker, lambda _: None, wait_s=0.2)
    assert docker.process.poll() is None
    assert docker.process.wait(20) == 0


def test_what_an_earlier_stop_left_is_no_failure() -> None:
    """Compose starts it again; until it has ended, nobody is judged."""
    docker = FakeDocker([[FAILED, STARTING], [FAILED, STARTING], [HEALTHY]], "import time; time.sleep(0.2)")
    assert bring_up(docker, lambda _: None, wait_s=30) == [HEALTHY]


def test_what_compose_said_is_told_when_it_fails() -> None:
    """An image that cannot be pulled leaves no container to ask."""
    up = "import sys; print('pull access denied'); sys.exit(1)"
    with pytest.raises(NotReady, match="pull access denied"):
        bring_up(FakeDocker([[]], up), lambda _: None, wait_s=30)
