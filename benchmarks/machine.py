"""The machine that was measured, and the cores that a process may use on it."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

LIBRARIES = ("confluent-kafka", "numpy", "orjson", "pyarrow")
OPTIONAL = ("numba", "polars")


@dataclass(frozen=True, slots=True)
class Machine:
    """What a reader must know to compare numbers. memory_gb: 10^9 bytes; load: mean of the last minute."""

    cpu: str
    cores: int
    memory_gb: float
    system: str
    python: str
    libraries: dict[str, str]
    commit: str
    load: float
    can_pin: bool


def describe(root: Path) -> Machine:
    """Describe this machine and the commit of the checkout at `root`."""
    installed = {name: found for name in (*LIBRARIES, *OPTIONAL) if (found := _version(name))}
    return Machine(
        cpu=_name_cpu(),
        cores=psutil.cpu_count() or 1,
        memory_gb=round(psutil.virtual_memory().total / 1e9, 1),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        libraries=installed,
        commit=_commit(root),
        load=round(psutil.getloadavg()[0], 2),
        can_pin=can_pin(),
    )


def can_pin() -> bool:
    """Whether the system lets a process be tied to cores; macOS does not."""
    return hasattr(psutil.Process, "cpu_affinity")


def list_cores() -> list[int]:
    """The cores that this process may use, by number."""
    return list(psutil.Process().cpu_affinity()) if can_pin() else list(range(psutil.cpu_count() or 1))


@contextmanager
def pinned(cores: Sequence[int]) -> Iterator[None]:
    """Tie what is started inside to these cores: a new process inherits the cores of the one that starts it.

    Does nothing where the system cannot.
    """
    if not can_pin():
        yield
        return
    process = psutil.Process()
    before = process.cpu_affinity()
    process.cpu_affinity(list(cores))
    try:
        yield
    finally:
        process.cpu_affinity(before)


def one_thread() -> dict[str, str]:
    """Environment that asks libraries with thread pools for one thread, for systems that cannot pin."""
    return dict.fromkeys(
        ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS", "OPENBLAS_NUM_THREADS"), "1"
    )


def _name_cpu() -> str:
    if sys.platform == "darwin":
        return _ask(["sysctl", "-n", "machdep.cpu.brand_string"])
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        if named:
            return named[0]
    return platform.processor() or platform.machine()


def _commit(root: Path) -> str:
    commit = _ask(["git", "-C", str(root), "rev-parse", "--short=12", "HEAD"]) or "unknown"
    changed = _ask(["git", "-C", str(root), "status", "--porcelain", "--untracked-files=no"])
    return f"{commit} with changes" if changed else commit


def _ask(command: list[str]) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    except OSError:
        return ""
    return answer.stdout.strip()


def _version(name: str) -> str:
    try:
        return version(name)
    except ModuleNotFoundError:
        return ""
