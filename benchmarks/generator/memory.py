"""How much memory `stafford generate` takes for few events and for many."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.generator.stafford_files import count_events, environment, generate_command
from benchmarks.process import run
from stafford.errors import StorageError

BYTES_PER_EVENT = 150
"""Disk that an event and its label take as Parquet, with room to spare."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Peak resident bytes of the process tree while it made so many events, and how long that took."""

    events: int
    peak_bytes: int
    seconds: float


def measure(root: Path, events: int, events_per_day: int, core: Sequence[int], scratch: Path) -> Footprint:
    """Generate about so many events to Parquet and watch the memory.

    Raises:
        StorageError: the disk has too little room for the files.
    """
    folder = scratch / "memory"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    free, needed = shutil.disk_usage(folder).free, events * BYTES_PER_EVENT
    if free < needed:
        raise StorageError(
            f"{events:,} events need {needed / 1e9:.0f} GB in {folder}, and {free / 1e9:.0f} GB are free; "
            "free space, or measure fewer"
        )
    minutes = max(1, round(events / events_per_day * 24 * 60))
    command = generate_command(
        folder / "out", minutes=minutes, events_per_day=events_per_day, file_format="parquet"
    )
    try:
        done = run(command, cores=core, cwd=folder, environment=environment(root), watch_memory=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Footprint(count_events(done.output), done.peak_bytes or 0, done.seconds)
