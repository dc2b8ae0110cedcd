"""The clock of the whole platform jumps back, and stays there."""

import sys
import time
from pathlib import Path
from random import Random

from chaos.pieces import ChaosError
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
    platform.environment.update(
        LD_PRELOAD=str(_find_library()), FAKETIME_TIMESTAMP_FILE=str(clock), FAKETIME_CACHE_DURATION="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
    )  # fmt: skip
    platform.at_rest(lambda: _return(platform))
    platform.restore()
    platform.await_flow(platform.rate * 4, _LIMIT_S)
    clock.write_text(f"-{_BACK_S}\n", encoding="ascii")
    began, taken = time.monotonic(), platform.count_taken()
    # The shop sends nothing from the future, so it stands still until its clock is where it was.
    platform.await_taken(platform.rate * 4)
    stood_s = time.monotonic() - began
    if stood_s < _BACK_S / 2:
        raise ChaosError(
            f"the clock was turned back, and {platform.count_taken() - taken} records came anyway"
        )
    platform.note(f"the shop stood still for {stood_s:.0f} s")


def _return(platform: Platform) -> None:
    for name in (
        "LD_PRELOAD",
        "FAKETIME_TIMESTAMP_FILE",
        "FAKETIME_CACHE_DURATION",
        "FAKETIME_DONT_FAKE_MONOTONIC",
    ):
        platform.environment.pop(name, None)
    _restart(platform)


def _restart(platform: Platform) -> None:
    """End everything; the runner starts it again."""
    platform.end("generator")
    platform.end("ingestion")
    platform.stop_broker()


def _find_library() -> Path | None:
    found = (path for place in _PLACES for path in Path("/").glob(place.removeprefix("/")))
    return next(found, None)
