"""Which process is this directory's broker, and which is a stranger's."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from stafford.runtime import broker_files, broker_process

Spawn = Callable[..., psutil.Process]


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Start sleeping processes with given arguments, and end them."""
    children: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> psutil.Process:
        command = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)", *arguments]
        children.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        assert children[-1].stdout is not None
        children[-1].stdout.readline()  # its command line is its own from now on
        return psutil.Process(children[-1].pid)

    yield start
    for child in children:
        child.kill()
        child.communicate()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A broker's directory that was configured once."""
    broker_files.write_configuration(tmp_path, 19999, 20000)
    return tmp_path


def test_recorded_broker_is_found_and_ended(directory: Path, spawn: Spawn) -> None:
    """The control of every test below: a process that is ours is described and ended."""
    ours = spawn(broker_process.fingerprint(directory))
    broker_process.write_record(directory, ours, 19999, "cluster")
    state = broker_process.status(directory)
    assert state is not None
    assert (state.pid, state.bootstrap, state.cluster_id) == (ours.pid, "127.0.0.1:19999", "cluster")
    assert broker_process.stop(directory)
    assert not ours.is_running()
    assert broker_process.read_record(directory) is None


def test_stranger_with_the_pid_is_never_ended(directory: Path, spawn: Spawn) -> None:
    """A pid that passed to a program with another command line is left alone, and the file goes."""
    stranger = spawn("--innocent")
    broker_process.write_record(directory, stranger, 19999, "cluster")
    assert broker_process.status(directory) is None
    assert not broker_process.stop(directory)
    assert stranger.is_running()
    assert broker_process.read_record(directory) is None


def test_broker_of_another_directory_is_a_stranger(directory: Path, tmp_path: Path, spawn: Spawn) -> None:
    """Two homes on one machine never stop each other's broker, even where one path begins the other."""
    neighbour = spawn(broker_process.fingerprint(tmp_path.with_name(tmp_path.name + "-2")))
    broker_process.write_record(directory, neighbour, 19999, "cluster")
    assert not broker_process.stop(directory)
    assert neighbour.is_running()


def test_other_creation_time_is_not_taken_from_the_file(directory: Path, spawn: Spawn) -> None:
    """A stranger that was created at another time does not count, whatever the file says."""
    stranger = spawn("--innocent")
    broker_process.write_record(directory, stranger, 19999, "cluster")
    stored = json.loads((directory / broker_process.PROCESS_FILE).read_text())
    stored["create_time"] -= 3600
    (directory / broker_process.PROCESS_FILE).write_text(json.dumps(stored))
    assert broker_process.find(directory) is None
    assert stranger.is_running()


@pytest.mark.parametrize("content", [None, "", '{"pid": 12', "[]", '{"pid": "x"}'])
def test_broker_is_found_without_a_usable_file(directory: Path, spawn: Spawn, content: str | None) -> None:
    """A starter that was killed before or while it wrote the file leaves a broker that is found again."""
    ours = spawn(broker_process.fingerprint(directory))
    if content is not None:
        (directory / broker_process.PROCESS_FILE).write_text(content)
    found = broker_process.find(directory)
    assert found is not None
    assert found.pid == ours.pid


def test_dead_broker_is_not_running(directory: Path, spawn: Spawn) -> None:
    """A pid that is gone, or that nobody has collected yet, is no broker."""
    ours = spawn(broker_process.fingerprint(directory))
    broker_process.write_record(directory, ours, 19999, "cluster")
    ours.kill()  # it stays a zombie, because its parent does not wait
    while psutil.pid_exists(ours.pid) and ours.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert broker_process.status(directory) is None
    assert not broker_process.stop(directory)
