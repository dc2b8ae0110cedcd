"""Processes that die, stop or come twice."""

import time
from pathlib import Path
from random import Random

from chaos.pieces import ChaosError
from chaos.platform import Platform

_LIMIT_S = 120
_FROZEN_S = 30
_ATTEMPTS = 4
_LAST_TABLE = {"bronze": "bronze", "silver": "arrivals"}
"""Of those that a query writes in a batch."""


def kill_broker(platform: Platform, _: Random) -> None:
    """SIGKILL."""
    platform.kill_broker()
    time.sleep(2)


def freeze_broker(platform: Platform, _: Random) -> None:
    """SIGSTOP for half a minute."""
    broker = platform.find_broker()
    broker.suspend()
    try:
        time.sleep(_FROZEN_S)
    finally:
        broker.resume()


def kill_driver(platform: Platform, _: Random) -> None:
    """SIGKILL of Python and its JVM."""
    platform.kill("ingestion")


def kill_generator(platform: Platform, _: Random) -> None:
    """SIGKILL."""
    platform.kill("generator")


def cut_power(platform: Platform, _: Random) -> None:
    """SIGKILL of everything."""
    for piece in ("generator", "ingestion"):
        platform.kill(piece)
    platform.kill_broker()


def kill_before_the_sink_commits(platform: Platform, _: Random, *, query: str) -> None:
    """The checkpoint names a batch before it is written: kill at the moment when a new one is named."""
    _kill_when_new(platform, platform.home / "checkpoints" / query / "offsets")


def kill_before_the_checkpoint_commits(platform: Platform, _: Random, *, query: str) -> None:
    """The last table of a batch has the new version, and the checkpoint does not call the batch done."""
    checkpoint = platform.home / "checkpoints" / query
    _kill_when_new(platform, platform.home / "lake" / _LAST_TABLE[query] / "_delta_log")
    commits = checkpoint / "commits"
    done, named = _numbers(commits), _numbers(checkpoint / "offsets")
    if done and done[-1] == named[-1]:  # the kill came later than the commit: then it is taken back
        for file in (commits / str(done[-1]), commits / f".{done[-1]}.crc"):
            file.unlink(missing_ok=True)


def start_a_second_ingestion(platform: Platform, _: Random) -> None:
    """It must be refused."""
    done = platform.call("ingest", "--json")
    if done.returncode == 0 or "is writing to" not in done.stderr:
        raise ChaosError(f"a second ingestion was not refused: {done.returncode} {done.stderr[-300:]}")


def kill_publish(platform: Platform, moments: Random) -> None:
    """SIGKILL of `stafford publish` on its way."""
    _kill_command(platform, "publish", moments)


def kill_dbt(platform: Platform, moments: Random) -> None:
    """SIGKILL of `stafford build` and its dbt on their way."""
    platform.run("publish")
    _kill_command(platform, "build", moments)


def _kill_when_new(platform: Platform, folder: Path) -> None:
    known = set(folder.iterdir())
    deadline = time.monotonic() + _LIMIT_S
    while not {file for file in set(folder.iterdir()) - known if not file.name.startswith(".")}:
        if time.monotonic() > deadline:
            raise ChaosError(f"no new file in {folder} within {_LIMIT_S} s")
        time.sleep(0.002)
    platform.kill("ingestion")


def _numbers(folder: Path) -> list[int]:
    return sorted(int(file.name) for file in folder.iterdir() if file.name.isdigit())


def _kill_command(platform: Platform, command: str, moments: Random) -> None:
    """The first time to see how long it takes, then to end it on its way; a later run may be a faster one."""
    began = time.monotonic()
    platform.run(command)
    wait_s = (time.monotonic() - began) * moments.uniform(0.3, 0.8)
    for _ in range(_ATTEMPTS):
        platform.start(command, command)
        time.sleep(wait_s)
        if platform.is_running(command):
            platform.kill(command)
            return
        wait_s /= 2
    raise ChaosError(f"{command} was always done before it could be killed: {platform.read_log(command)}")
