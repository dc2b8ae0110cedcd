"""Runs a program to its end and measures it from outside."""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.machine import pinned

_SAMPLE_S = 0.05
_LAST_WORDS = 1500


class RunFailed(Exception):
    """A measured program ended with an error; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What a process printed, its wall time from start to end, and the memory of its tree at the highest."""

    output: str
    seconds: float
    peak_bytes: int | None


def run(
    command: Sequence[str],
    *,
    cores: Sequence[int],
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    watch_memory: bool = False,
) -> Finished:
    """Run a command on some cores and wait for its end.

    Args:
        command: program and arguments.
        cores: what it may use, where the system can tie it to them.
        cwd: where it runs.
        environment: variables on top of ours.
        watch_memory: sample the resident memory of the process and its children, 20 times a second. A page
            that processes share is counted for each of them, so the sum is never too low for them all.

    Raises:
        RunFailed: it ended with an error.
    """
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        with pinned(cores):
            process = subprocess.Popen(
                command, cwd=cwd, stdout=output, stderr=errors, env={**os.environ, **(environment or {})}
            )
        try:
            peak = _sample(process) if watch_memory else None
            process.wait()
        finally:
            process.kill()  # only where we were interrupted is there anything left to end
            process.wait()
        seconds = time.perf_counter() - began
        text = _read(output)
        if process.returncode != 0:
            said = f"{text}\n{_read(errors)}".strip()[-_LAST_WORDS:]
            raise RunFailed(
                f"`{' '.join(command)}` ended with exit code {process.returncode}; run it by hand in {cwd} "
                f"to see why. Its last words:\n{said}"
            )
    return Finished(text, seconds, peak)


def _sample(process: "subprocess.Popen[bytes]") -> int:
    peak = 0
    try:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            tree = [watched, *watched.children(recursive=True)]
            peak = max(peak, sum(resident_bytes(member) for member in tree))
            time.sleep(_SAMPLE_S)
    except psutil.NoSuchProcess:
        pass  # it ended between two looks
    return peak


def resident_bytes(process: psutil.Process) -> int:
    """Resident memory of a process; 0 when it has ended."""
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _read(file: "tempfile._TemporaryFileWrapper[bytes]") -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
