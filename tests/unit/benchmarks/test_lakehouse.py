"""What the lake's benchmark makes of its raw runs; nothing is measured here."""

from datetime import UTC, datetime

import pytest
from benchmarks.lakehouse import page
from benchmarks.lakehouse.paths import BRONZE, NOOP, NOOP_BY_DEFAULT, SILVER, SILVER_AFTER, Timed
from benchmarks.lakehouse.result import WHOLE, Result
from benchmarks.lakehouse.sustained import Held, Sample
from benchmarks.machine import describe

from stafford.settings import PROJECT_DIR

NOTHING, BY_DEFAULT, TO_BRONZE, TO_SILVER, AFTER = WHOLE


def build_result(**seconds: float) -> Result:
    """Three rounds after one warm-up that was ten times slower; the second round was twice as slow."""
    result = Result(
        machine=describe(PROJECT_DIR),
        measured_at=datetime(2026, 1, 1, tzinfo=UTC),
        rounds=3,
        warm_ups=1,
        history_ids=10_000_000,
        versions={"Java": "17"},
        master="local[2]",
        driver_memory="1g",
        rows=1_000,
    )
    times = {NOOP: 1.0, NOOP_BY_DEFAULT: 4.0, BRONZE: 1.25, SILVER: 1.25, SILVER_AFTER: 1.25, **seconds}
    for number, factor in ((0, 10), (1, 1), (2, 2), (3, 1)):
        result.runs += [Timed(path, number, value * factor) for path, value in times.items()]
    return result


def test_ratios_are_taken_round_by_round_and_without_the_warm_up():
    """What slows a whole round changes no ratio, and bronze's seconds are part of silver's."""
    result = build_result()
    assert result.rate(NOTHING).median == 1_000
    for name, to, ratio in (
        (TO_BRONZE, NOTHING, 0.8),
        (TO_SILVER, NOTHING, 0.4),
        (TO_BRONZE, BY_DEFAULT, 3.2),
    ):
        found = result.ratio(name, to)
        assert (found.least, found.median, found.greatest) == (ratio, ratio, ratio)


@pytest.mark.parametrize(("silver", "verdict"), [(1.25, "yes"), (2.5, "**no**")])
def test_the_page_says_whether_a_target_is_reached(silver: float, verdict: str):
    """A ratio at or above its target is reached, one below is not, and the machine is named."""
    text = page.render(build_result(**{SILVER: silver}))
    (line,) = (line for line in text.splitlines() if line.startswith(f"| {TO_SILVER}, by {NOTHING} |"))
    assert line.endswith(f"| {verdict} |")
    assert describe(PROJECT_DIR).cpu in text


def test_a_history_that_slows_is_seen():
    """The claim about history compares the same path with and without it."""
    assert build_result(**{SILVER_AFTER: 5.0}).ratio(AFTER, TO_SILVER).median == pytest.approx(0.4)


def test_a_rate_that_was_held_is_told_by_halves():
    """A latency that grows shows in the second half, and a recovery is a sentence of its own."""
    samples = [
        Sample(float(n), n, 1.0 if n < 50 else 4.0, 2.0 if n < 50 else 8.0, {"JVM": 10**9 * (1 + n // 50)})
        for n in range(100)
    ]
    result = build_result()
    result.held = [Held(10_000, 100, 10**6, samples), Held(2_000, 60, 10**5, samples, recovery_s=17.2)]
    text = page.render(result)
    (line,) = (line for line in text.splitlines() if line.startswith("| **10,000/s**"))
    assert "| **8.0 s** | 2.0 s | 8.0 s | 1.0, 4.0 s |" in line
    assert line.endswith("| 0.00, 0.00 GB | 1.00, 2.00 GB | 0.00, 0.00 GB |")
    assert "**17 s** after its start" in text
    assert "Rates held" not in page.render(build_result())


def test_a_rate_that_was_not_held_is_told():
    """A page without it would look whole."""
    result = build_result()
    result.failed = ["2,000/s for 120 s: silver was still behind"]
    assert "**Not held**: 2,000/s for 120 s: silver was still behind." in page.render(result)
    assert "Not held" not in page.render(build_result())
