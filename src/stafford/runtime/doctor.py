"""Examines whether this machine can run the platform, and says what to do where it cannot."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import psutil

from stafford.errors import StaffordError
from stafford.runtime import broker_process, ports
from stafford.runtime.jars import has_jars
from stafford.runtime.java import TESTED, Java, find_java

GIB = 1 << 30
MEMORY_BYTES = 4 * GIB
DISK_BYTES = 5 * GIB
_PYTHON = ((3, 11), (3, 14))  # from, and before
_DOCKER_S = 10


class Status(StrEnum):
    """How serious a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; `advice` is empty when there is nothing to do."""

    name: str
    status: Status
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class DockerState:
    """What there is of Docker: a client version, and the engine's when it answers."""

    client: str
    engine: str | None


def available_memory() -> int:
    """Bytes that new programs can have without swapping."""
    return int(psutil.virtual_memory().available)


def free_disk(path: Path) -> int:
    """Free bytes where the path is, or will be."""
    return shutil.disk_usage(_existing(path)).free


def ask_docker() -> DockerState | None:
    """Ask Docker's client and engine for their versions; None without a client."""
    client = shutil.which("docker")
    if client is None:
        return None
    versions = []
    for what in ("Client", "Server"):
        try:
            answer = subprocess.run(
                [client, "version", "--format", f"{{{{.{what}.Version}}}}"],
                capture_output=True,
                text=True,
                timeout=_DOCKER_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            versions.append("")
        else:
            # Without an engine the client's version still comes out, with a non-zero exit code.
            is_known = what == "Client" or answer.returncode == 0
            versions.append(answer.stdout.strip() if is_known else "")
    return DockerState(versions[0] or "unknown", versions[1] or None)


@dataclass(frozen=True, slots=True)
class Probes:
    """How the machine is asked; tests give other answers."""

    python: tuple[int, int] = field(default_factory=lambda: sys.version_info[:2])
    java: Callable[[], Java] = find_java
    memory: Callable[[], int] = available_memory
    disk: Callable[[Path], int] = free_disk
    is_port_free: Callable[[int], bool] = ports.is_free
    docker: Callable[[], DockerState | None] = ask_docker
    has_jars: Callable[[str, Path], bool] = has_jars


def examine(
    home: Path, cache_dir: Path, *, kafka_dir: Path, kafka_port: int = 9092, probes: Probes | None = None
) -> list[Check]:
    """Examine everything; no finding raises.

    Args:
        home: where runs write.
        cache_dir: where downloads are kept.
        kafka_dir: the embedded broker's directory, to know its port from a stranger's.
        kafka_port: the first port that the broker tries.
        probes: how the machine is asked.
    """
    probes = probes or Probes()
    return [
        _python(probes.python),
        _java(probes.java),
        _memory(probes.memory()),
        *(_disk(name, path, probes.disk) for name, path in (("home", home), ("cache", cache_dir))),
        *(_writable(name, path) for name, path in (("home", home), ("cache", cache_dir))),
        _port(kafka_port, kafka_dir, probes.is_port_free),
        *(_jars(bundle, cache_dir, probes.has_jars) for bundle in ("kafka", "spark")),
        _docker(probes.docker()),
    ]


def _python(version: tuple[int, int]) -> Check:
    found = f"{version[0]}.{version[1]}"
    if _PYTHON[0] <= version < _PYTHON[1]:
        return Check("python", Status.OK, found)
    return Check("python", Status.FAIL, found, "install Python 3.11, 3.12 or 3.13")


def _java(ask: Callable[[], Java]) -> Check:
    try:
        java = ask()
    except StaffordError as exc:
        return Check("java", Status.FAIL, "none that fits", str(exc))
    found = f"{java.major} ({java.executable})"
    if java.major in TESTED:
        return Check("java", Status.OK, found)
    advice = "Kafka and Spark are tested on Java 17 and 21; if they fail, run stafford doctor --install-java"
    return Check("java", Status.WARN, found, advice)


def _memory(available: int) -> Check:
    found = f"{available / GIB:.1f} GiB available"
    if available >= MEMORY_BYTES:
        return Check("memory", Status.OK, found)
    return Check("memory", Status.WARN, found, "a run takes up to 4 GiB: close other programs first")


def _disk(name: str, path: Path, ask: Callable[[Path], int]) -> Check:
    try:
        free = ask(path)
    except OSError as exc:
        return Check(f"disk of {name}", Status.FAIL, f"{path}: {exc}", "choose another folder")
    found = f"{free / GIB:.1f} GiB free at {path}"
    if free >= DISK_BYTES:
        return Check(f"disk of {name}", Status.OK, found)
    advice = f"5 GiB are wanted: free some, or set {_VARIABLES[name]} to a folder on another disk"
    # Half a gibibyte holds a small run; below that even the downloads do not fit.
    return Check(f"disk of {name}", Status.WARN if free >= GIB // 2 else Status.FAIL, found, advice)


_VARIABLES = {"home": "STAFFORD_HOME", "cache": "STAFFORD_CACHE_DIR"}


def _writable(name: str, path: Path) -> Check:
    try:
        # Where it is or will be: to examine a machine must not leave folders on it.
        with tempfile.TemporaryFile(dir=_existing(path)) as trial:
            trial.write(b"trial")
    except OSError as exc:
        advice = f"permit writing there, or set {_VARIABLES[name]} to another folder"
        return Check(f"{name} writable", Status.FAIL, str(exc), advice)
    return Check(f"{name} writable", Status.OK, str(path))


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _port(port: int, kafka_dir: Path, is_free: Callable[[int], bool]) -> Check:
    running = broker_process.status(kafka_dir)
    if running is not None:
        return Check("kafka port", Status.OK, f"{running.port}, this home's broker (pid {running.pid})")
    if is_free(port):
        return Check("kafka port", Status.OK, f"{port} is free")
    advice = "the broker will take the next free port; or set STAFFORD_KAFKA_PORT"
    return Check("kafka port", Status.WARN, f"{port} is taken by another program", advice)


def _jars(bundle: str, cache_dir: Path, ask: Callable[[str, Path], bool]) -> Check:
    name = f"{bundle} jars"
    try:
        present = ask(bundle, cache_dir)
    except StaffordError as exc:
        return Check(name, Status.FAIL, "no usable lock", str(exc))
    if present:
        return Check(name, Status.OK, "present and intact")
    return Check(name, Status.OK, "not here yet", "the first run downloads them, so it needs the network")


def _docker(state: DockerState | None) -> Check:
    if state is None:
        return Check("docker", Status.OK, "absent; not needed for the embedded run")
    if state.engine is None:
        advice = "only the Docker stack needs it: start Docker first"
        return Check("docker", Status.WARN, f"client {state.client}, but its engine does not answer", advice)
    return Check("docker", Status.OK, f"engine {state.engine}")
