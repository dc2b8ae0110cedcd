"""The clock of the whole platform jumps back, and stays there."""

import shutil
import struct
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from random import Random

import pyarrow.compute as pc
from deltalake import DeltaTable

from chaos.pieces import RATE
from chaos.platform import Platform

_BACK_S = 60
_LIMIT_S = 300
_SOURCE = Path(__file__).with_name("turned_clock.c")


def find_obstacle() -> str:
    """Why no clock can be turned here."""
    if not sys.platform.startswith("linux"):
        return "the clock of one process is turned by a library that is preloaded, and ours is for Linux"
    return "" if shutil.which("cc") else "there is no C compiler (cc) for chaos/turned_clock.c"


def turn_back(platform: Platform, _: Random) -> None:
    """Broker, generator and ingestion see the same clock jump back by a minute, as after a wrong time server.

    They are started anew for it with a library that adds to the time of day what a file says.
    """
    library, offset = platform.home / "turned_clock.so", platform.home / "offset"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl"], check=True)  # noqa: S607
    _turn(offset, 0)
    _restart(platform)
    platform.environment |= {"LD_PRELOAD": str(library), "TURNED_CLOCK": str(offset)}
    platform.at_rest(lambda: _return(platform))
    platform.restore()
    platform.await_flow(RATE * 4, _LIMIT_S)
    _turn(offset, -_BACK_S)
    # The shop sends nothing from the future, so it may stand still until its clock is where it was.
    platform.wait_until(
        lambda: min(_find_jump(platform, column) for column in ("timestamp", "ingested_at")) >= _BACK_S / 2,
        _LIMIT_S,
        "time of arrival and of ingestion that went back",
    )
    platform.await_flow(RATE * 4, _LIMIT_S)
    platform.note("times of arrival and of ingestion went back by a minute within a partition")


def _turn(offset: Path, seconds: int) -> None:
    # In place, for the pieces have mapped the file.
    with offset.open("r+b" if offset.exists() else "wb") as file:
        file.write(struct.pack("=q", seconds * 10**9))


def _find_jump(platform: Platform, column: str) -> float:
    """By how many seconds at most a time in bronze lies before that of an earlier record of its partition."""
    bronze = DeltaTable(str(platform.home / "lake" / "bronze")).to_pyarrow_dataset()
    names = ["topic", "partition", "offset", column]
    table = bronze.to_table(columns=names, filter=pc.field("source") == "kafka")
    rows = sorted(zip(*(table[name].to_pylist() for name in names), strict=True))
    backs = [
        (earlier[-1] - later[-1]).total_seconds()
        for earlier, later in pairwise(rows)
        if earlier[:2] == later[:2]
    ]
    return max(backs, default=0.0)


def _return(platform: Platform) -> None:
    platform.environment.clear()
    _restart(platform)


def _restart(platform: Platform) -> None:
    """End everything; the runner starts it again."""
    platform.end("generator")
    platform.end("ingestion")
    platform.stop_broker()
