"""Finds and ends the broker process of a directory, and never anybody else's.

Two things identify it. Its command line carries the directory (`fingerprint`), so that even a broker
whose starter was killed before it could write anything is found again; and a process file names
pid and creation time, so that the usual case needs no search. A process that has the pid of the file
but not both is a stranger.
"""

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from stafford.runtime import broker_files
from stafford.runtime.ports import LOOPBACK

PROCESS_FILE = "broker.json"
# The system's boot time, on which creation times rest, may be read slightly differently each time.
_SAME_INSTANT_S = 2.0


@dataclass(frozen=True, slots=True)
class BrokerState:
    """A running broker. `started_at` is in UTC."""

    pid: int
    port: int
    bootstrap: str
    log_path: Path
    cluster_id: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """What the process file holds. `create_time` is in seconds since 1970."""

    pid: int
    create_time: float
    port: int
    cluster_id: str
    fingerprint: str


def fingerprint(directory: Path) -> str:
    """The argument that only this directory's broker is started with."""
    return f"-Dstafford.broker={directory.resolve()}"


def write_record(directory: Path, process: psutil.Process, port: int, cluster_id: str) -> None:
    """Remember the process; a reader sees the old file or the new one, never a part."""
    record = ProcessRecord(process.pid, process.create_time(), port, cluster_id, fingerprint(directory))
    aside = directory / f"{PROCESS_FILE}.new"
    aside.write_text(json.dumps(asdict(record), indent=2), encoding="utf-8")
    aside.replace(directory / PROCESS_FILE)


def read_record(directory: Path) -> ProcessRecord | None:
    """Read the process file; None when it is missing or damaged."""
    try:
        stored = json.loads((directory / PROCESS_FILE).read_text(encoding="utf-8"))
        return ProcessRecord(
            int(stored["pid"]),
            float(stored["create_time"]),
            int(stored["port"]),
            str(stored["cluster_id"]),
            str(stored["fingerprint"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find(directory: Path) -> psutil.Process | None:
    """Find the directory's broker process, whether or not the process file knows it."""
    record = read_record(directory)
    if record is not None and (process := _recorded(directory, record)) is not None:
        return process
    token = fingerprint(directory)
    for process in psutil.process_iter():
        if process.pid != os.getpid() and _carries(process, token):
            return process
    return None


def status(directory: Path) -> BrokerState | None:
    """Describe the directory's running broker; None when there is none."""
    process = find(directory)
    port = broker_files.configured_port(directory)
    if process is None or port is None:
        return None
    try:
        started_at = datetime.fromtimestamp(process.create_time(), UTC)
    except psutil.Error:
        return None  # it ended just now
    record = read_record(directory)
    cluster_id = record.cluster_id if record else broker_files.stored_cluster_id(directory)
    log_path = directory / broker_files.LOG_FILE
    return BrokerState(process.pid, port, f"{LOOPBACK}:{port}", log_path, cluster_id or "", started_at)


def stop(directory: Path, wait_s: float = 30) -> bool:
    """End the directory's broker: politely, then after `wait_s` by force.

    Returns:
        Whether one was running.
    """
    process = find(directory)
    if process is not None:
        try:
            process.terminate()  # psutil refuses when the pid has passed to another process
            try:
                process.wait(wait_s)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(wait_s)
        except psutil.NoSuchProcess:
            pass  # it ended by itself
    with contextlib.suppress(OSError):  # a stale file is recognised, so it does no harm
        (directory / PROCESS_FILE).unlink(missing_ok=True)
    return process is not None


def _recorded(directory: Path, record: ProcessRecord) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        is_same = abs(process.create_time() - record.create_time) <= _SAME_INSTANT_S
    except psutil.Error:
        return None
    return process if is_same and _carries(process, fingerprint(directory)) else None


def _carries(process: psutil.Process, token: str) -> bool:
    try:
        # A zombie has no command line, so it never counts as running.
        return token in process.cmdline()
    except (psutil.Error, OSError):
        return False
