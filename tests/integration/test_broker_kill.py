"""The command that starts the broker is killed, at many instants; the next start works."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from stafford.runtime import broker_process
from stafford.runtime.broker import Broker
from stafford.runtime.java import Java
from stafford.transport.admin import answers

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

STARTER = """
import sys
from pathlib import Path
from stafford.runtime.broker import Broker
from stafford.runtime.java import find_java
from stafford.transport.admin import answers
directory, jars, port = sys.argv[1:]
broker = Broker(Path(directory), Path(jars), find_java(), probe=answers, heap_mb=256)
broker.start(port=int(port), progress=lambda message: print(message, flush=True))
"""


def brokers_of(directory: Path) -> list[int]:
    """The pids of every broker of the directory, alive now."""
    token = broker_process.fingerprint(directory)
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if token in (process.info["cmdline"] or ()) and "kafka.Kafka" in process.info["cmdline"]
    ]


@pytest.mark.parametrize(
    ("word", "delay_s", "with_children"),
    [
        ("preparing", 0.0, False),
        ("preparing", 0.5, False),
        ("preparing", 0.5, True),
        ("starting", 0.0, False),
        ("starting", 0.01, False),
        ("starting", 0.3, True),
        ("starting", 1.0, False),
    ],
)
def test_start_works_after_a_killed_start(
    tmp_path: Path, kafka_jars: Path, java: Java, word: str, delay_s: float, with_children: bool
) -> None:
    """Whatever the killed start had done, the next has one broker that answers, and stop ends it."""
    embedded = Broker(tmp_path / "kafka", kafka_jars, java, probe=answers, heap_mb=256)
    # given a starter that is killed some time after it said a word
    command = [sys.executable, "-c", STARTER, str(tmp_path / "kafka"), str(kafka_jars), "19792"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        for line in starter.stdout:
            if line.startswith(word):
                break
        time.sleep(delay_s)
        doomed = psutil.Process(starter.pid).children(recursive=True) if with_children else []
        starter.kill()
        for process in doomed:
            process.kill()
    try:
        # when it is started again
        state = embedded.start(port=19792, wait_s=120)
        # then exactly one broker runs, and it answers
        assert answers(state.bootstrap)
        assert brokers_of(tmp_path / "kafka") == [state.pid]
        assert not list((tmp_path / "kafka").glob(".format-*"))
    finally:
        embedded.stop()
    assert brokers_of(tmp_path / "kafka") == []


def await_that(is_so: Callable[[], bool], what: str) -> None:
    """Wait for it, a minute at most."""
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, f"not within a minute: {what}"
        time.sleep(0.02)


def leave_an_orphan(directory: Path, jars: Path, port: int) -> psutil.Process:
    """Kill a starter when its broker has just been started; the broker."""
    command = [sys.executable, "-c", STARTER, str(directory), str(jars), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        assert any(line.startswith("starting") for line in starter.stdout)
        await_that(lambda: len(brokers_of(directory)) == 1, "the broker is started")
        starter.kill()
    (orphan,) = brokers_of(directory)
    return psutil.Process(orphan)


@pytest.fixture
def unseen_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look for a broker finds none: a fork that is not Java yet has no name to be found by."""
    find, looks = broker_process.find, []
    monkeypatch.setattr(
        broker_process, "find", lambda directory: find(directory) if looks else looks.append(directory)
    )


@pytest.mark.usefixtures("unseen_once")
def test_start_waits_for_a_broker_that_it_saw_too_late(tmp_path: Path, kafka_jars: Path, java: Java) -> None:
    """A starter that dies between fork and exec leaves a Java that has no name when one looks for it."""
    directory = tmp_path / "kafka"
    orphan = leave_an_orphan(directory, kafka_jars, 19892)
    embedded = Broker(directory, kafka_jars, java, probe=answers, heap_mb=256)
    said: list[str] = []
    resume = threading.Timer(5, orphan.resume)
    try:
        # given that the orphan was the first to take the data, but does not answer yet
        log = directory / "kafka.log"
        await_that(lambda: log.exists() and "RaftManager" in log.read_text(), "the orphan takes the data")
        orphan.suspend()
        resume.start()
        # then another's Java cannot have them, and the broker that has them is found and waited for
        assert embedded.start(port=19892, wait_s=120, progress=said.append).pid == orphan.pid
        assert "a broker is starting already" in said
        assert brokers_of(directory) == [orphan.pid]
    finally:
        with suppress(psutil.NoSuchProcess):
            orphan.resume()
        embedded.stop()


@pytest.mark.usefixtures("unseen_once")
def test_a_broker_that_was_seen_too_late_and_is_slower_ends(
    tmp_path: Path, kafka_jars: Path, java: Java
) -> None:
    """The same orphan, but it comes to the data when the second start's broker has them."""
    directory = tmp_path / "kafka"
    orphan = leave_an_orphan(directory, kafka_jars, 19892)
    orphan.suspend()
    embedded = Broker(directory, kafka_jars, java, probe=answers, heap_mb=256)
    try:
        state = embedded.start(port=19892, wait_s=120)
        assert state.pid != orphan.pid
        orphan.resume()
        await_that(lambda: brokers_of(directory) == [state.pid], "the orphan ends")
        assert embedded.status() == state
        assert answers(state.bootstrap)
    finally:
        with suppress(psutil.NoSuchProcess):
            orphan.kill()
        embedded.stop()


def test_a_broker_that_dies_while_it_is_waited_for_is_replaced(
    tmp_path: Path, kafka_jars: Path, java: Java, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Java that was killed lives on for a moment, and the next start may find it in that moment."""
    doomed = leave_an_orphan(tmp_path / "kafka", kafka_jars, 19992).pid
    find = broker_process.find

    def find_and_kill(directory: Path) -> psutil.Process | None:
        found = find(directory)
        if found is not None and found.pid == doomed:
            found.kill()
        return found

    monkeypatch.setattr(broker_process, "find", find_and_kill)
    embedded = Broker(tmp_path / "kafka", kafka_jars, java, probe=answers, heap_mb=256)
    said: list[str] = []
    try:
        state = embedded.start(port=19992, wait_s=120, progress=said.append)
        assert said[:2] == ["a broker is running already", "it ended; another takes its place"]
        assert state.pid != doomed
        assert brokers_of(tmp_path / "kafka") == [state.pid]
    finally:
        embedded.stop()


ORPHAN = """
import sys, time
from pathlib import Path
folder = Path(sys.argv[1].partition("=")[2])
until = time.monotonic() + 4
while time.monotonic() < until:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "meta.properties").write_text("late")
    time.sleep(0.01)
"""


def test_a_formatter_that_outlived_its_starter_leaves_nothing(
    tmp_path: Path, kafka_jars: Path, java: Java
) -> None:
    """It goes on writing after its folder was removed, so the next start waits for its end."""
    embedded = Broker(tmp_path / "kafka", kafka_jars, java, probe=answers, heap_mb=256)
    leftover = tmp_path / "kafka" / ".format-old"
    leftover.mkdir(parents=True)
    # given a formatter that still makes its folder again and again
    command = [sys.executable, "-c", ORPHAN, f"-Dstafford.format={leftover}{os.sep}"]
    with subprocess.Popen(command) as orphan:
        # when the broker is started
        try:
            state = embedded.start(port=19792, wait_s=120)
            # then it had waited, and only its own data is there
            assert orphan.poll() == 0
            assert answers(state.bootstrap)
            assert not list((tmp_path / "kafka").glob(".format-*"))
        finally:
            embedded.stop()
