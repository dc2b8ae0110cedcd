"""The clock of the whole platform jumps back, and stays there."""

import sys
from itertools import pairwise
from pathlib import Path
from random import Random

import pyarrow.compute as pc
from deltalake import DeltaTable

from chaos.pieces import RATE, ChaosError
from chaos.platform import Platform

_BACK_S = 60
_LIMIT_S = 300
_PLACES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib*/faketime/libfaketimeMT.so.1")


def find_obstacle() -> str:
    """Why no clock can be turned here."""
    if not sys.platform.startswith("linux"):
        return "the clock of one process is turned by libfaketime, and here that is done on Linux alone"
    return "" if _find_library() else "libfaketime is not there (Debian: apt-get install libfaketime)"


def turn_back(platform: Platform, _: Random) -> None:
    """Broker, generator and ingestion see the same clock jump back by a minute, as after a wrong time server.

    They are started anew for it under libfaketime, which reads the offset from a file; the clock that only
    measures durations is left alone, as a real jump leaves it.
    """
    clock = platform.home / "clock"
    clock.write_text("+0\n", encoding="ascii")
    _restart(platform)
    platform.program = "chaos.turned_clock"
    settings = {"TIMESTAMP_FILE": str(clock), "CACHE_DURATION": "1", "DONT_FAKE_MONOTONIC": "1"}
    platform.environment |= {f"FAKETIME_{name}": value for name, value in settings.items()}
    platform.environment["LD_PRELOAD"] = str(_find_library())
    platform.at_rest(lambda: _return(platform))
    platform.restore()
    platform.await_flow(RATE * 4, _LIMIT_S)
    clock.write_text(f"-{_BACK_S}\n", encoding="ascii")
    # The shop sends nothing from the future, so it may stand still until its clock is where it was.
    platform.await_flow(RATE * 4, _LIMIT_S)
    backs = {column: _find_jump(platform, column) for column in ("timestamp", "ingested_at")}
    if min(backs.values()) < _BACK_S / 2:
        raise ChaosError(f"the clock was turned back, and the times in bronze went back by {backs} s")
    platform.note("times of arrival and of ingestion went back by a minute within a partition")


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
    platform.program = "stafford"
    _restart(platform)


def _restart(platform: Platform) -> None:
    """End everything; the runner starts it again."""
    platform.end("generator")
    platform.end("ingestion")
    platform.stop_broker()


def _find_library() -> Path | None:
    found = (path for place in _PLACES for path in Path("/").glob(place.removeprefix("/")))
    return next(found, None)
