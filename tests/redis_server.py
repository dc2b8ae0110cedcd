"""A real Redis for the tests, which can be stopped and started again."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as RedisConnectionError

WAIT_S = 20


class RedisServer:
    """One redis-server on a loopback port, that keeps nothing on disk: each start is an empty one."""

    def __init__(self, directory: Path, port: int) -> None:
        self.port = port
        self._directory = directory
        self._password: str | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For STAFFORD_REDIS."""
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> Redis:
        """To look and to meddle."""
        return Redis(port=self.port, password=self._password, decode_responses=True)

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        lines = [f"port {self.port}", "bind 127.0.0.1", 'save ""', "appendonly no", f"dir {self._directory}"]
        if self._password:
            lines.append(f"requirepass {self._password}")
        path = self._directory / "redis.conf"
        path.write_text("\n".join(lines))
        with (self._directory / "redis.log").open("ab") as log:
            self._process = subprocess.Popen([find_program(), str(path)], stdout=log, stderr=log)
        deadline = time.monotonic() + WAIT_S
        while not self._answers():
            assert time.monotonic() < deadline, (self._directory / "redis.log").read_text()
            time.sleep(0.05)

    def start_with_password(self, password: str) -> None:
        """Start it so that it wants a password."""
        self._password = password
        self.start()

    def kill(self) -> None:
        """End it at once; what it had is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except (RedisConnectionError, BusyLoadingError):
            return False


def has_program() -> bool:
    """Whether there is a redis-server; CI must have one."""
    return bool(os.environ.get("CI")) or shutil.which("redis-server") is not None


def find_program() -> str:
    """Where redis-server is; without one these tests are skipped, except in CI."""
    program = shutil.which("redis-server")
    if program is not None:
        return program
    if os.environ.get("CI"):
        pytest.fail("there is no redis-server, and CI must have one: .ci/run installs it")
    pytest.skip("there is no redis-server; install Debian's redis-server or Homebrew's redis")
