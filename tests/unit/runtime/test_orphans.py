"""A process that still works in a home is waited for, named, and never ended."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stafford.errors import NotReady
from stafford.runtime.orphans import await_orphans


@pytest.fixture
def orphan(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process with a file of the home on its command line, until it is told to end."""
    words = [sys.executable, "-c", "input()", str(tmp_path / "home" / "warehouse.duckdb")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        yield process
        process.kill()


def test_it_is_waited_for_and_said(tmp_path: Path, orphan: subprocess.Popen[bytes]) -> None:
    """What is said comes before the end of the wait, so a person knows why nothing happens."""
    said: list[str] = []

    def end_it(text: str) -> None:
        said.append(text)
        assert orphan.stdin is not None
        orphan.stdin.close()
        orphan.wait(30)

    await_orphans(tmp_path / "home", 60, end_it)
    assert len(said) == 1
    assert f"process {orphan.pid} (" in said[0]


def test_one_that_does_not_end_is_named_and_left_alone(
    tmp_path: Path, orphan: subprocess.Popen[bytes]
) -> None:
    """After the bound the wait fails; ending a process that we did not start is not ours to do."""
    with pytest.raises(NotReady, match=rf"still working in .*home after 0 s: process {orphan.pid} \("):
        await_orphans(tmp_path / "home", 0)
    assert orphan.poll() is None


def test_a_neighbour_is_not_waited_for(tmp_path: Path, orphan: subprocess.Popen[bytes]) -> None:
    """A home whose name only begins alike is another home."""
    await_orphans(tmp_path / "hom", 0)
    assert orphan.poll() is None
