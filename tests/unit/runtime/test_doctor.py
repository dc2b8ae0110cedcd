"""What the doctor finds, and what it says to do."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from stafford.errors import ConfigError
from stafford.runtime.doctor import GIB, Check, DockerState, Probes, Status, examine, free_disk
from stafford.runtime.java import Java

HEALTHY = Probes(
    python=(3, 11),
    java=lambda: Java(Path("/java"), None, 21),
    memory=lambda: 8 * GIB,
    disk=lambda _: 50 * GIB,
    is_port_free=lambda _: True,
    docker=lambda: None,
    has_jars=lambda *_: True,
)


def no_java() -> Java:
    """Answer as a machine without Java."""
    raise ConfigError("no Java; run this")


def no_lock(*_: object) -> bool:
    """Answer as a checkout with a damaged lock."""
    raise ConfigError("the jar lock cannot be read")


def findings(tmp_path: Path, probes: Probes) -> dict[str, Check]:
    """Examine a home with these probes."""
    checks = examine(tmp_path / "home", tmp_path / "cache", kafka_dir=tmp_path / "kafka", probes=probes)
    return {check.name: check for check in checks}


def test_healthy_machine_needs_nothing(tmp_path: Path) -> None:
    """Everything is ok, without advice, also without Docker."""
    checks = findings(tmp_path, HEALTHY)
    assert {check.status for check in checks.values()} == {Status.OK}
    assert not any(check.advice for check in checks.values())
    assert "not needed" in checks["docker"].found


@pytest.mark.parametrize(
    ("change", "name", "status", "advice"),
    [
        ({"python": (3, 10)}, "python", Status.FAIL, "3.11"),
        ({"python": (3, 14)}, "python", Status.FAIL, "3.11"),
        ({"java": no_java}, "java", Status.FAIL, "run this"),
        ({"java": lambda: Java(Path("/j"), None, 25)}, "java", Status.WARN, "17 and 21"),
        ({"memory": lambda: 4 * GIB - 1}, "memory", Status.WARN, "close other programs"),
        ({"disk": lambda _: 4 * GIB}, "disk of home", Status.WARN, "STAFFORD_HOME"),
        ({"disk": lambda _: GIB // 4}, "disk of cache", Status.FAIL, "STAFFORD_CACHE_DIR"),
        ({"is_port_free": lambda _: False}, "kafka port", Status.WARN, "next free port"),
        ({"has_jars": lambda *_: False}, "kafka jars", Status.OK, "network"),
        ({"has_jars": no_lock}, "spark jars", Status.FAIL, "lock"),
        ({"docker": lambda: DockerState("28.0", None)}, "docker", Status.WARN, "start Docker"),
    ],
)
def test_each_failure_has_advice(
    tmp_path: Path, change: dict[str, object], name: str, status: Status, advice: str
) -> None:
    """One thing is wrong: its check alone changes, and says what to do."""
    checks = findings(tmp_path, replace(HEALTHY, **change))
    assert checks[name].status is status
    assert advice in checks[name].advice


def test_home_that_cannot_be_written_fails(tmp_path: Path) -> None:
    """A file where the home should be is found by really writing."""
    (tmp_path / "home").write_text("")
    check = findings(tmp_path, HEALTHY)["home writable"]
    assert check.status is Status.FAIL
    assert "STAFFORD_HOME" in check.advice


def test_examining_leaves_nothing_behind(tmp_path: Path) -> None:
    """A home that does not exist yet is judged by its parent, and not made."""
    assert findings(tmp_path, HEALTHY)["home writable"].status is Status.OK
    assert list(tmp_path.iterdir()) == []


def test_real_probes_answer(tmp_path: Path) -> None:
    """The real machine is examined without an error, with a port that is really taken."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        checks = examine(
            tmp_path, tmp_path, kafka_dir=tmp_path / "kafka", kafka_port=listener.getsockname()[1]
        )
    assert {check.name: check for check in checks}["kafka port"].status is Status.WARN
    assert free_disk(tmp_path / "not" / "there" / "yet") > 0
