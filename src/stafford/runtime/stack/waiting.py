"""Starts the stack and waits for it, with a bound, saying what it waits for."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Thread
from typing import TYPE_CHECKING

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

    Safe to repeat: what runs is left alone, what is missing or changed is made.

    Args:
        docker: the project.
        progress: is told what is waited for.
        profiles: parts that are off by default, such as "live".
        wait_s: bound of everything together; the first start downloads and builds.
        build: make images that are missing; without it a missing one is an error.

    Raises:
        NotReady: a service failed, with its last words, or the bound passed, with who is not ready.
    """
    arguments = ["up", "--detach", *([] if build else ["--no-build"])]
    deadline = time.monotonic() + wait_s
    with docker.start(*arguments, profiles=profiles) as up:
        # Compose does its own waiting for what others depend on; its words are kept for the day it fails.
        words: deque[str] = deque(maxlen=_LAST_LINES)
        reader = Thread(target=lambda: words.extend(line.rstrip() for line in up.stdout or ()), daemon=True)
        reader.start()
        try:
            containers = _await(docker, up, progress, deadline, wait_s)
        except BaseException:
            up.terminate()
            raise
        reader.join(timeout=_POLL_S)
    if up.returncode:
        raise NotReady(f"Compose could not start the stack: {' / '.join(words)}")
    return containers


def _await(
    docker: Docker,
    up: "Popen[str]",
    progress: Callable[[str], None],
    deadline: float,
    wait_s: float,
) -> list[Container]:
    while True:
        containers = docker.containers()
        for container in containers:
            if container.has_failed and container.health != "unhealthy":
                raise NotReady(_failure(docker, container))
        waiting = [container for container in containers if not container.is_done]
        if up.poll() is not None:
            if unhealthy := [container for container in waiting if container.has_failed]:
                raise NotReady(_failure(docker, unhealthy[0]))
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
