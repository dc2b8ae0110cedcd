"""Disks that are full, each a small tmpfs in place of one folder of the home."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from chaos.pieces import RATE, ChaosError
from chaos.platform import Platform
from stafford.errors import StorageError

_LIMIT_S = 180
_LARGE = "1g"
_SOURCE = "stafford-chaos"
_ATTEMPTS = 20


def find_obstacle() -> str:
    """Why no disk can be had here: a small one needs the right to mount."""
    if not sys.platform.startswith("linux"):
        return "a small disk of its own is a tmpfs, and only Linux has it"
    if os.geteuid() != 0:
        return "mounting a small tmpfs needs root"
    refused = subprocess.run(
        [shutil.which("unshare") or "unshare", "--mount", "true"], check=False, capture_output=True, text=True
    )
    return f"mounting is not allowed here: {refused.stderr.strip()}" if refused.returncode else ""


def unmount_below(home: Path) -> None:
    """Take away what a run that was killed left mounted."""
    mounts = Path("/proc/mounts")
    for line in mounts.read_text(encoding="utf-8").splitlines() if mounts.exists() else ():
        source, place = line.split(" ")[:2]
        if source == _SOURCE and Path(place).is_relative_to(home):
            _do("umount", place)


def fill_spool(platform: Platform, _: Random) -> None:
    """Kafka dies, and the disk of the spool is full before it is back: the stream must wait."""
    platform.end("generator")
    _shrink(platform, platform.home / "spool", room_kb=48)  # only the generator keeps it open
    known = platform.measure_log("generator")
    platform.start_generator()
    platform.await_flow(RATE * 2, _LIMIT_S)
    platform.kill_broker()
    platform.wait_until(
        lambda: "THE STREAM WAITS" in platform.read_log_from("generator", known),
        _LIMIT_S,
        "stream that waits",
    )
    time.sleep(3)


def fill_broker(platform: Platform, _: Random) -> None:
    """The broker's disk is full: it ends by itself, and the stream goes on into the spool."""
    platform.stop_broker()
    _shrink(
        platform, platform.home / "kafka" / "data", room_kb=64,
        ready=platform.start_broker, release=platform.stop_broker,
    )  # fmt: skip
    platform.wait_until(lambda: not platform.has_broker(), _LIMIT_S, "broker that ends at its full disk")
    platform.await_taken(RATE * 2)


def fill_lake(platform: Platform, _: Random) -> None:
    """The lake's disk is full: the ingestion must end, and say why."""
    platform.kill("ingestion")
    _shrink(platform, platform.home / "lake", room_kb=256, release=lambda: platform.end("ingestion"))
    platform.start_ingestion()
    status = platform.await_end("ingestion", _LIMIT_S)
    if status != StorageError.exit_code or "disk of the lake is full" not in platform.read_log("ingestion"):
        raise ChaosError(f"at a full disk ingest ended with {status}: {platform.read_log('ingestion')}")


def enlarge_lake(platform: Platform) -> None:
    """More room, and what is there stays."""
    _resize(platform.home / "lake", _LARGE)


def enlarge_broker(platform: Platform) -> None:
    """Likewise."""
    _resize(platform.home / "kafka" / "data", _LARGE)


def _shrink(
    platform: Platform,
    folder: Path,
    room_kb: int,
    ready: Callable[[], None] = lambda: None,
    release: Callable[[], None] = lambda: None,
) -> None:
    """Move a folder to a small disk, on which there is so much room once `ready` was called.

    Nobody may have it open. When the platform rests `release` is called, and it is moved back.
    """
    aside = folder.with_name(f"{folder.name}.large")
    folder.rename(aside)
    folder.mkdir()
    _do("mount", "-t", "tmpfs", "-o", f"size={_LARGE}", _SOURCE, str(folder))
    platform.at_rest(lambda: _move_back(folder, aside))
    platform.at_rest(release)
    # Kafka's index files are large and empty.
    _do("cp", "--archive", "--sparse=always", f"{aside}/.", str(folder))
    ready()
    state = os.statvfs(folder)
    used_kb = (state.f_blocks - state.f_bfree) * state.f_frsize // 1024
    _resize(folder, f"{used_kb + room_kb}k")


def _move_back(folder: Path, aside: Path) -> None:
    returned = folder.with_name(f"{folder.name}.returned")
    _do("cp", "--archive", "--sparse=always", str(folder), str(returned))
    _do("umount", str(folder))
    folder.rmdir()
    returned.rename(folder)
    _do("rm", "-r", str(aside))


def _resize(folder: Path, size: str) -> None:
    _do("mount", "-o", f"remount,size={size}", str(folder))


def _do(*command: str) -> None:
    for attempt in range(_ATTEMPTS):
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode == 0:
            return
        if command[0] != "umount" or attempt == _ATTEMPTS - 1:
            raise ChaosError(f"{' '.join(command)}: {done.stderr.strip()}")
        time.sleep(0.5)  # a reader has a file open for a moment
