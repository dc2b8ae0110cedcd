"""A program that makes rows, and how much of its work takes how long."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.process import run

_STEP = 4
_ENOUGH_S = 0.5


@dataclass(frozen=True, slots=True)
class Contender:
    """One program in the comparison.

    command: the command that does an amount of work and writes into a folder that does not exist yet.
    count: rows made, from what the program printed and the folder.
    amount: an amount that takes a fraction of a second beside the start-up.
    fixed: the two amounts to compare, for a program whose work cannot be cut finely.
    """

    name: str
    title: str
    writes: str
    command: Callable[[int, Path], Sequence[str]]
    count: Callable[[str, Path], int]
    amount: int
    cores: tuple[int, ...]
    fixed: tuple[int, int] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One process: rows it made, and wall seconds from its start to its end."""

    contender: str
    round: int
    amount: int
    rows: int
    seconds: float


def measure(contender: Contender, amount: int, number: int, scratch: Path) -> Run:
    """Run a contender once in an empty folder and remove what it wrote."""
    folder = scratch / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    out = folder / "out"
    try:
        done = run(
            contender.command(amount, out),
            cores=contender.cores,
            cwd=folder,
            environment=contender.environment,
        )
        rows = contender.count(done.output, out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Run(contender.name, number, amount, rows, done.seconds)


def guess_amounts(contender: Contender) -> tuple[int, int]:
    """A short amount and a longer one, whatever they take; for a run whose numbers nobody reads."""
    return contender.fixed or (contender.amount, contender.amount * _STEP)


def choose_amounts(contender: Contender, target_s: float, scratch: Path) -> tuple[int, int]:
    """Find a short amount and a long one whose difference takes about `target_s`.

    The first run is thrown away: it fills the caches of the system and of compilers.
    """
    if contender.fixed:
        measure(contender, contender.fixed[0], 0, scratch)
        return contender.fixed
    amount = contender.amount
    measure(contender, amount, 0, scratch)
    small = measure(contender, amount, 0, scratch)
    while True:
        large = measure(contender, amount * _STEP, 0, scratch)
        if large.seconds - small.seconds >= min(_ENOUGH_S, target_s):
            break
        amount *= _STEP
        small = large
    amount_per_s = (amount * _STEP - small.amount) / (large.seconds - small.seconds)
    short = max(contender.amount, round(amount_per_s * target_s / 4))
    return short, short + max(contender.amount, round(amount_per_s * target_s))
