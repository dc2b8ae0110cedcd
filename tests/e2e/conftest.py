"""Runs the command line as a person does: as a process, with a home of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pytest
from tests.ports import own
from tests.redis_server import RedisServer, has_program

from stafford.runtime.ports import first_free

LIMIT_S = 400


@dataclass(frozen=True)
class Ran:
    """What a finished command said."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output."""
        return json.loads(self.out)


class Stafford:
    """The `stafford` command in one home."""

    def __init__(self, home: Path, redis: RedisServer | None = None) -> None:
        self.home, self.redis = home, redis

    @property
    def environment(self) -> Mapping[str, str]:
        """What the command sees: no setting of this machine but the shared cache."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STAFFORD_")}
        cache = {name: os.environ[name] for name in ("STAFFORD_CACHE_DIR",) if name in os.environ}
        redis = {"STAFFORD_REDIS": self.redis.url} if self.redis else {}
        return {**kept, **cache, **redis, "STAFFORD_KAFKA_PORT": str(own(29092)), "COLUMNS": "120"}

    def command(self, *words: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "stafford", "--home", str(self.home), *words]

    def run(self, *words: str) -> Ran:
        """Run it to its end."""
        done = subprocess.run(
            self.command(*words),
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            timeout=LIMIT_S,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def ok(self, *words: str) -> Ran:
        """Run it, and fail with all that it said when it does not succeed."""
        ran = self.run(*words)
        assert ran.status == 0, f"stafford {' '.join(words)} exited with {ran.status}\n{ran.out}\n{ran.err}"
        return ran

    def left_running(self) -> list[str]:
        """Command lines of processes that work in the home."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if any(f"{self.home}{os.sep}" in word for word in words):
                found.append(" ".join(words)[:200])
        return found


@pytest.fixture(scope="module")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer | None]:
    """A Redis for a module; None where there is no redis-server, so that only what needs one is skipped."""
    if not has_program():
        yield None
        return
    server = RedisServer(tmp_path_factory.mktemp("redis"), first_free(own(16400)))
    server.start()
    yield server
    server.kill()


def compare_live_with_marts(stafford: Stafford) -> int:
    """The live numbers of a home whose marts are built say of its last day what the marts say.

    Returns:
        Orders of that day; a shop that stopped shortly after midnight has none.
    """
    if stafford.redis is None:
        pytest.skip("there is no redis-server")
    numbers = stafford.ok("live", "--json").json["numbers"]
    with duckdb.connect(str(stafford.home / "warehouse.duckdb"), read_only=True) as connection:
        expected = connection.execute(
            "SELECT coalesce(sum(order_count), 0)::BIGINT, coalesce(sum(revenue_cents), 0)::BIGINT "
            "FROM marts.revenue_hourly WHERE revenue_hour::DATE = ?::DATE",
            [numbers["shop_time"][:10]],
        ).fetchone()
    assert (numbers["today"]["orders"], numbers["today"]["revenue_cents"]) == expected
    return int(numbers["today"]["orders"])


@pytest.fixture
def stafford(tmp_path: Path) -> Stafford:
    """The command in a fresh home."""
    return Stafford(tmp_path / "home")
