"""What the benchmark makes of its raw runs; nothing is measured here."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from benchmarks import plot
from benchmarks.generator import page
from benchmarks.generator.contender import Contender, Run, choose_amounts
from benchmarks.generator.kafka import TOOL, TRANSPORT, Sent
from benchmarks.generator.memory import Footprint
from benchmarks.generator.result import Result
from benchmarks.generator.stafford_files import ONE_WORKER
from benchmarks.generator.statistics import summarise
from benchmarks.machine import describe, list_cores
from benchmarks.process import RunFailed, run

from stafford.settings import PROJECT_DIR

NDJSON = ONE_WORKER["ndjson"]


def build_runs(rate: float, start_s: float, rounds: int = 5) -> list[Run]:
    """Runs of a program with a known rate and start-up."""
    return [
        Run(NDJSON, number, amount, amount, start_s + amount / rate)
        for number in range(1, rounds + 1)
        for amount in (1000, 5000)
    ]


def build_contender(command: list[str]) -> Contender:
    return Contender(
        NDJSON, "Ours", "rows", lambda _amount, _out: command, lambda out, _: int(out), 1, (0,), fixed=(1, 2)
    )


def build_result() -> Result:
    """A small result with every part."""
    return Result(
        machine=describe(PROJECT_DIR),
        measured_at=datetime(2026, 1, 15, tzinfo=UTC),
        rounds=5,
        target_s=4.0,
        events_per_day=200_000,
        versions={"faker": "40"},
        contenders=[build_contender([])],
        runs=build_runs(rate=1000, start_s=2),
        sent=[Sent(TOOL, 1, 10, 100.0, None), Sent(TRANSPORT, 1, 10, 85.0, 0.9)],
        footprints=[Footprint(10_000_000, 1_500_000_000, 60)],
    )


def test_the_rate_contains_no_start_up() -> None:
    """A program's rate is what it is, however long it takes to start; the whole process shows both."""
    rate = summarise(build_runs(rate=1000, start_s=2))
    assert rate.rows_per_s.median == pytest.approx(1000)
    assert rate.start_s == pytest.approx(2)
    assert rate.whole_per_s.median == pytest.approx(5000 / 7)


def test_one_disturbed_round_does_not_move_the_median() -> None:
    """The median of five rounds stays, and the spread shows the disturbance."""
    runs = build_runs(rate=1000, start_s=2)
    runs[-1] = Run(NDJSON, 5, 5000, 5000, 30)
    rate = summarise(runs).rows_per_s
    assert rate.median == pytest.approx(1000)
    assert rate.least < 200


def test_ratios_to_kafkas_tool_are_of_one_round() -> None:
    """When the machine is half as fast in a round, both clients are, and the ratio stays."""
    result = build_result()
    result.sent += [Sent(TOOL, 2, 10, 50.0, None), Sent(TRANSPORT, 2, 10, 42.5, 0.9)]
    ratio = result.kafka_ratio(TRANSPORT)
    assert ratio
    assert (ratio.least, ratio.greatest) == (pytest.approx(0.85), pytest.approx(0.85))


def test_the_page_says_which_claims_are_missed() -> None:
    """A target that was not reached stands there as such."""
    text = page.render(build_result(), "picture.svg")
    assert "| Events/s to NDJSON, one core | 1,000,000 | 1,000 | **no** |" in text
    assert "| 0.8 | 0.85 | yes |" in text
    assert "| Memory for 10 million events | 1 GB | 1.50 GB | **no** |" in text


def test_the_picture_is_one_and_names_its_numbers() -> None:
    """It is well-formed SVG with a bar for each program and a description for those who cannot see it."""
    picture = ET.fromstring(plot.draw("A & B", [("ours", 200.0, True), ("<theirs>", 100.0, False)]))  # noqa: S314 - our own
    bars = [float(bar.get("width")) for bar in picture.iter() if bar.get("class") in {"ours", "other"}]
    assert bars[0] == pytest.approx(2 * bars[1], rel=1e-3)
    assert "<theirs> 100" in "".join(picture.itertext())


def test_a_program_that_fails_is_explained(tmp_path: Path) -> None:
    """The error has the command and its last words; a failed run is never a measurement."""
    command = [sys.executable, "-c", "raise SystemExit('no luck')"]
    with pytest.raises(RunFailed, match=r"(?s)exit code 1.*no luck"):
        choose_amounts(build_contender(command), 1, tmp_path)


def test_memory_of_children_counts(tmp_path: Path) -> None:
    """A child's memory is in the peak of its parent."""
    child = "import time; kept = bytearray(120_000_000); time.sleep(1)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    done = run([sys.executable, "-c", parent], cores=list_cores(), cwd=tmp_path, watch_memory=True)
    assert done.peak_bytes
    assert done.peak_bytes > 120_000_000
