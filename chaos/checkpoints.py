"""Checkpoints that are gone, damaged or from yesterday."""

import shutil
from pathlib import Path
from random import Random

from chaos.pieces import RATE, ChaosError
from chaos.platform import Platform
from stafford.errors import Terminal

_LIMIT_S = 120
_QUERIES = ("bronze", "silver")


def delete(platform: Platform, _: Random) -> None:
    """Both."""
    platform.kill("ingestion")
    for folder in _folders(platform):
        shutil.rmtree(folder)


def corrupt(platform: Platform, _: Random) -> None:
    """The newest offsets of silver's; ingest must refuse it rather than guess."""
    platform.kill("ingestion")
    offsets = platform.home / "checkpoints" / "silver" / "offsets"
    last = max((file for file in offsets.iterdir() if file.name.isdigit()), key=lambda file: int(file.name))
    last.write_bytes(b"\x00garbage")
    last.with_name(f".{last.name}.crc").unlink(missing_ok=True)
    done = platform.call("ingest", "--json")
    if done.returncode != Terminal.exit_code or "checkpoint is damaged" not in done.stderr:
        raise ChaosError(f"a corrupt checkpoint was not named: {done.returncode} {done.stderr[-800:]}")


def remove_silver(platform: Platform) -> None:
    """What the refusal says: it is made anew from bronze."""
    shutil.rmtree(platform.home / "checkpoints" / "silver")


def restore_old(platform: Platform, _: Random) -> None:
    """A backup of both from before some batches, as after a restored disk."""
    backups = platform.home / "old-checkpoints"
    platform.kill("ingestion")
    shutil.rmtree(backups, ignore_errors=True)
    for folder in _folders(platform):
        shutil.copytree(folder, backups / folder.name)
    platform.start_ingestion()
    platform.await_flow(RATE * 6, _LIMIT_S)
    platform.kill("ingestion")
    for folder in _folders(platform):
        shutil.rmtree(folder)
        (backups / folder.name).rename(folder)


def _folders(platform: Platform) -> list[Path]:
    return [platform.home / "checkpoints" / query for query in _QUERIES]
