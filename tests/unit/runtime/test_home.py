"""One writer for each home."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from stafford.errors import HomeInUse, StorageError
from stafford.runtime.home import HomeLock

HOLD = """
import sys, time
from pathlib import Path
from stafford.runtime.home import HomeLock
with HomeLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_second_writer_is_refused_by_pid_until_the_first_dies(tmp_path: Path) -> None:
    """A writer in another process is named; when it is killed the home is free at once."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(HomeInUse, match=f"process {holder.pid} is writing"), HomeLock(tmp_path):
            pass
        holder.kill()
        holder.wait()
    with HomeLock(tmp_path):
        assert (tmp_path / ".stafford.pid").read_text() == str(os.getpid())


def test_home_is_free_after_an_error(tmp_path: Path) -> None:
    """A command that fails releases its home."""
    with pytest.raises(ValueError, match="boom"), HomeLock(tmp_path):
        raise ValueError("boom")
    with HomeLock(tmp_path):
        pass


def test_two_homes_do_not_disturb_each_other(tmp_path: Path) -> None:
    """The lock is of a home, not of the machine."""
    with HomeLock(tmp_path / "one"), HomeLock(tmp_path / "two"):
        pass


def test_home_that_cannot_be_made_is_said_clearly(tmp_path: Path) -> None:
    """A file where the home should be is an error with advice."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="--home"), HomeLock(tmp_path / "file" / "home"):
        pass


def test_who_asks_learns_whether_a_home_is_free(tmp_path: Path) -> None:
    """And has not kept it."""
    assert HomeLock(tmp_path).is_free()
    with HomeLock(tmp_path):
        assert not HomeLock(tmp_path).is_free()
    assert HomeLock(tmp_path).is_free()


def test_a_moment_is_waited_for(tmp_path: Path) -> None:
    """By those who say so: what holds the home for shorter is no reason to refuse."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        Timer(0.2, holder.kill).start()
        with HomeLock(tmp_path, wait_s=30):
            pass
