"""Health of the simulator: the state that follows each acknowledged batch was saved not long ago."""

import os
import sys
import time
from pathlib import Path

QUIET_S = 120
"""Longer than any pause between two events of the smallest shop."""


def is_healthy(home: Path, now: float) -> bool:
    """Whether a durable log acknowledged something lately; `now` is seconds since the epoch.

    The shop's own clock would not do: it keeps the lag of a slow start for good, by design.

    Raises:
        OSError: no shop has opened there yet.
    """
    return now - (home / "shop.json").stat().st_mtime < QUIET_S


if __name__ == "__main__":
    try:
        sys.exit(0 if is_healthy(Path(os.environ["STAFFORD_HOME"]), time.time()) else 1)
    except OSError as exc:
        sys.exit(f"simulator: {exc}")
