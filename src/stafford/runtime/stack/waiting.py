"""Starts the stack and waits for it, with a bound, saying what it waits for."""

import time
from collections.abc import Callable, Sequence
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from stafford.errors import NotReady, StaffordError
from stafford.runtime.stack.engine import Container, Docker

if TYPE_CHECKING:
    from subprocess import Popen

_POLL_S = 3.0
_LAST_LINES = 6


def bring_up(
    docker: Docker,
    progress: Callable[[str], None],
    *,
    profiles: Sequence[str] = (),
    wait_s: float = 900,
    build: bool = True,
) -> list[Container]:
    """Start every service and wait until each is healthy or has ended well.

    Safe to repeat: what runs is left alone, what is missing or changed is made. When the bound passes,
    Compose goes on without us; when a person interrupts, it stops too.

    Args:
        docker: the project.
        progress: is told what is waited for.
        profiles: parts that are off by default, such as "live".
        wait_s: bound of everything together; the first start downloads and builds.
        build: make our images anew where something in them changed; without it a missing one is an error.

    Raises:
        NotReady: a service failed, with its last words, or the bound passed, with who is not ready.
    """
    arguments = ["up", "--detach", "--build" if build else "--no-build"]
    deadline = time.monotonic() + wait_s
    # Compose does its own waiting for what others depend on; its words are kept for the day it fails. In a
    # file, because it would die of a pipe that nobody reads any more.
    with TemporaryFile("w+", encoding="utf-8", errors="replace") as words:
        up = docker.start(*arguments, profiles=profiles, output=words)
        try:
            containers = _await(docker, up, progress, deadline, wait_s)
        except KeyboardInterrupt:
            up.terminate()
            up.wait()
            raise
        if up.returncode:
            raise NotReady(f"Compose could not start the stack: {_last_lines(words)}")
    return containers


def _await(
    docker: Docker,
    up: "Popen[str]",
    progress: Callable[[str], None],
    deadline: float,
    wait_s: float,
) -> list[Container]:
    while True:
        # First, so that what is listed below is what Compose left, and not what an earlier stop did.
        has_ended = up.poll() is not None
        containers = docker.containers()
        waiting = [container for container in containers if not container.is_done]
        if has_ended:
            if failed := [container for container in waiting if container.has_failed]:
                raise NotReady(_failure(docker, failed[0]))
            if up.returncode != 0 or not waiting:
                return containers
        named = ", ".join(f"{container.service} ({container.condition})" for container in waiting)
        progress(f"waiting for {named}" if named else "Compose is making images and containers")
        if time.monotonic() > deadline:
            raise NotReady(
                f"the stack was not ready after {wait_s:.0f} s; still waiting for {named or 'Compose'}. "
                "It goes on starting: `stafford stack status` shows it, and `stafford stack up` waits again"
            )
        time.sleep(_POLL_S)


def _failure(docker: Docker, container: Container) -> str:
    try:
        text = docker.read(
            "logs", "--no-color", "--no-log-prefix", "--tail", str(_LAST_LINES), container.service
        )
    except StaffordError:
        text = ""
    words = "\n".join(f"  {line}" for line in text.splitlines()[-_LAST_LINES:])
    return (
        f"{container.service} is {container.condition}; its last words, with more in "
        f"`stafford stack logs {container.service}`:\n{words}"
    )


def _last_lines(words: IO[str]) -> str:
    words.seek(0)
    return " / ".join(line.strip() for line in words.read().splitlines()[-_LAST_LINES:])
