"""Runs the command line as a person does: as a process, with a home of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

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

    def __init__(self, home: Path) -> None:
        self.home = home

    @property
    def environment(self) -> Mapping[str, str]:
        """What the command sees: no setting of this machine but the shared cache."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STAFFORD_")}
        cache = {name: os.environ[name] for name in ("STAFFORD_CACHE_DIR",) if name in os.environ}
        return {**kept, **cache, "STAFFORD_KAFKA_PORT": "29092", "COLUMNS": "120"}

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


@pytest.fixture
def stafford(tmp_path: Path) -> Stafford:
    """The command in a fresh home."""
    return Stafford(tmp_path / "home")
