"""Our own generator as contenders: `stafford generate`, to files, with the mess and the labels on."""

import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from benchmarks.generator.contender import Contender
from benchmarks.machine import one_thread
from benchmarks.process import run

START = datetime(2026, 1, 1, tzinfo=UTC)
SEED = 7
ONE_WORKER = {"ndjson": "stafford ndjson", "parquet": "stafford parquet"}
TWO_WORKERS = {"ndjson": "stafford ndjson 2", "parquet": "stafford parquet 2"}
NO_WORKERS = "two workers: `stafford generate` has no `--workers`"
NO_CORES = "two workers: they need two cores"


def list_contenders(
    root: Path, events_per_day: int, cores: Sequence[int]
) -> tuple[list[Contender], list[str]]:
    """Our contenders, and what could not be among them.

    Args:
        root: the checkout.
        events_per_day: size of the shop.
        cores: that may be used; one worker gets the last, two workers the last two.
    """
    made = [_contender(root, events_per_day, kind, tuple(cores[-1:])) for kind in ONE_WORKER]
    if len(cores) < len(TWO_WORKERS):
        return made, [NO_CORES]
    help_text = run([*_stafford(), "generate", "--help"], cores=cores, cwd=root, environment=_paths(root))
    if "--workers" not in help_text.output:
        return made, [NO_WORKERS]
    return made + [_contender(root, events_per_day, kind, tuple(cores[-2:])) for kind in TWO_WORKERS], []


def generate_command(
    out: Path, *, minutes: int, events_per_day: int, file_format: str, workers: int = 1
) -> list[str]:
    """The command that writes so many minutes of a shop's life."""
    end = START + timedelta(minutes=minutes)
    command = [*_stafford(), "generate", "--from", f"{START:%Y-%m-%dT%H:%M}", "--to", f"{end:%Y-%m-%dT%H:%M}"]
    command += ["--events-per-day", str(events_per_day), "--seed", str(SEED)]
    command += ["--format", file_format, "--out", str(out), "--json"]
    return command + (["--workers", str(workers)] if workers > 1 else [])


def count_events(output: str, _out: Path | None = None) -> int:
    """Events of all topics, from what `stafford generate --json` printed."""
    return sum(json.loads(output.strip().splitlines()[-1])["rows"].values())


def environment(root: Path) -> dict[str, str]:
    """What our own programs run with when they run on one core."""
    return {**_paths(root), **one_thread()}


def _contender(root: Path, events_per_day: int, file_format: str, cores: tuple[int, ...]) -> Contender:
    workers = len(cores)
    return Contender(
        name=(ONE_WORKER if workers == 1 else TWO_WORKERS)[file_format],
        title=f"Stafford, {file_format.replace('ndjson', 'NDJSON').replace('parquet', 'Parquet')}"
        + (f", {workers} workers" if workers > 1 else ""),
        writes="events of 9 topics in order of emission, with sessions, mess and labels",
        command=partial(_command, events_per_day=events_per_day, file_format=file_format, workers=workers),
        count=count_events,
        amount=max(1, 20_000 * 24 * 60 // events_per_day),
        cores=cores,
        environment=environment(root) if workers == 1 else _paths(root),
    )


def _command(minutes: int, out: Path, *, events_per_day: int, file_format: str, workers: int) -> list[str]:
    return generate_command(
        out, minutes=minutes, events_per_day=events_per_day, file_format=file_format, workers=workers
    )


def _stafford() -> list[str]:
    return [sys.executable, "-m", "stafford"]


def _paths(root: Path) -> dict[str, str]:
    # This checkout's package and benchmarks, whatever is installed.
    return {"PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)]), "COLUMNS": "200"}
