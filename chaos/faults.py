"""What can be broken, and what an operator does about it beyond starting again what ended."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from chaos.platform import ChaosError, Platform

_LIMIT_S = 120


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break a running platform.

    inject: breaks it, at a moment that the runner chose. The runner then starts what ended and waits until
    everything is in silver. recovery: in words, what was done; title: what is broken.
    """

    name: str
    title: str
    recovery: str
    inject: Callable[[Platform, Random], None]


def _kill_broker(platform: Platform, _: Random) -> None:
    platform.kill_broker()
    time.sleep(2)


def _freeze_broker(platform: Platform, _: Random) -> None:
    broker = platform.find_broker()
    broker.suspend()
    try:
        time.sleep(30)
    finally:
        broker.resume()


def _kill_driver(platform: Platform, _: Random) -> None:
    platform.kill("ingestion")


def _kill_generator(platform: Platform, _: Random) -> None:
    platform.kill("generator")


def _cut_power(platform: Platform, _: Random) -> None:
    for piece in ("generator", "ingestion"):
        platform.kill(piece)
    platform.kill_broker()


def _kill_before_the_sink_commits(platform: Platform, _: Random) -> None:
    # The checkpoint names a batch before it is written: kill at the moment when a new one is named.
    _kill_when_new(platform, platform.home / "checkpoints" / "silver" / "offsets")


def _kill_before_the_checkpoint_commits(platform: Platform, _: Random) -> None:
    # The last table of a batch has the new version, and the checkpoint does not call the batch done.
    arrivals = platform.home / "lake" / "arrivals" / "_delta_log"
    _kill_when_new(platform, arrivals)
    commits = platform.home / "checkpoints" / "silver" / "commits"
    done = sorted(int(file.name) for file in commits.iterdir() if file.name.isdigit())
    named = sorted(
        int(file.name)
        for file in (platform.home / "checkpoints" / "silver" / "offsets").iterdir()
        if file.name.isdigit()
    )
    if done and done[-1] == named[-1]:  # the kill came later than the commit: then it is taken back
        for file in (commits / str(done[-1]), commits / f".{done[-1]}.crc"):
            file.unlink(missing_ok=True)


def _kill_when_new(platform: Platform, folder: Path) -> None:
    known = set(folder.iterdir())
    deadline = time.monotonic() + _LIMIT_S
    while not {file for file in set(folder.iterdir()) - known if not file.name.startswith(".")}:
        if time.monotonic() > deadline:
            raise ChaosError(f"no new file in {folder} within {_LIMIT_S} s")
        time.sleep(0.002)
    platform.kill("ingestion")


def _delete_checkpoint(platform: Platform, _: Random) -> None:
    platform.kill("ingestion")
    shutil.rmtree(platform.home / "checkpoints" / "silver")


def _corrupt_checkpoint(platform: Platform, _: Random) -> None:
    platform.kill("ingestion")
    offsets = platform.home / "checkpoints" / "silver" / "offsets"
    last = max((file for file in offsets.iterdir() if file.name.isdigit()), key=lambda file: int(file.name))
    last.write_bytes(b"\x00garbage")
    last.with_name(f".{last.name}.crc").unlink(missing_ok=True)
    done = platform.call("ingest", "--json")
    if done.returncode == 0:
        raise ChaosError("ingest read a corrupt checkpoint and said nothing")
    shutil.rmtree(platform.home / "checkpoints" / "silver")


def _restore_old_checkpoint(platform: Platform, _: Random) -> None:
    # A backup from before some batches, as after a restored disk.
    silver, backup = platform.home / "checkpoints" / "silver", platform.home / "old-checkpoint"
    platform.kill("ingestion")
    shutil.rmtree(backup, ignore_errors=True)
    shutil.copytree(silver, backup)
    platform.start_ingestion()
    platform.await_flow(300, _LIMIT_S)
    platform.kill("ingestion")
    shutil.rmtree(silver)
    backup.rename(silver)


def _start_a_second_ingestion(platform: Platform, _: Random) -> None:
    done = platform.call("ingest", "--json")
    if done.returncode == 0 or "another" not in done.stderr:
        raise ChaosError(f"a second ingestion was not refused: {done.returncode} {done.stderr[-300:]}")


FAULTS = (
    Fault("broker-killed", "kill -9 of the broker", "start the broker", _kill_broker),
    Fault("broker-frozen", "the broker stops for 30 s (SIGSTOP)", "none", _freeze_broker),
    Fault("driver-killed", "kill -9 of the Spark driver", "start the ingestion", _kill_driver),
    Fault("generator-killed", "kill -9 of the generator", "start the generator", _kill_generator),
    Fault("power-cut", "broker, driver and generator die at once", "start all three", _cut_power),
    Fault(
        "before-sink", "the driver dies when a batch has begun, before its tables are written",
        "start the ingestion", _kill_before_the_sink_commits,
    ),
    Fault(
        "before-checkpoint", "the driver dies when tables are written, before the checkpoint says so",
        "start the ingestion", _kill_before_the_checkpoint_commits,
    ),
    Fault("checkpoint-deleted", "silver's checkpoint is gone", "start the ingestion", _delete_checkpoint),
    Fault(
        "checkpoint-corrupt", "silver's checkpoint is garbage (ingest refuses it)",
        "delete the checkpoint, start the ingestion", _corrupt_checkpoint,
    ),
    Fault(
        "checkpoint-old", "silver's checkpoint is an older one", "start the ingestion",
        _restore_old_checkpoint,
    ),
    Fault(
        "two-ingestions", "a second ingestion is started (it is refused)", "none",
        _start_a_second_ingestion,
    ),
)  # fmt: skip
"""In the order in which the page lists them."""
