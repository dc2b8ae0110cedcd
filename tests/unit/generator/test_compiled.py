"""What one clone compiled, every other clone with the same code finds."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stafford.settings import PROJECT_DIR

CALL = """
import numpy as np
from numba.core import config
from stafford.generator.lives import place_all
place_all(np.arange(3), 0, np.array([0, 1000]))
print(sum(place_all.stats.cache_hits.values()), sum(place_all.stats.cache_misses.values()))
print(config.CACHE_DIR)
"""


def count_in(clone: Path) -> tuple[tuple[int, int], Path]:
    """Call a compiled loop of a clone's code in a process: hits and misses of the cache, and its folder."""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", CALL],
        env=environment | {"PYTHONPATH": str(clone / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    counts, folder = done.stdout.splitlines()
    hits, misses = counts.split()
    return (int(hits), int(misses)), Path(folder)


@pytest.mark.slow
def test_a_second_clone_compiles_nothing(tmp_path: Path) -> None:
    """Equal code at another path meets what was compiled; other code is compiled anew."""
    _, folder = count_in(PROJECT_DIR)
    for part in ("src", "config", "contracts"):
        shutil.copytree(PROJECT_DIR / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    assert count_in(tmp_path) == ((1, 0), folder)
    # control: one room's text decides for all its loops, for they call each other
    with (tmp_path / "src" / "stafford" / "generator" / "taxonomy.py").open("a", encoding="utf-8") as changed:
        changed.write("# another text\n")
    counts, other = count_in(tmp_path)
    shutil.rmtree(other)
    assert (counts, other == folder) == ((0, 1), False)
