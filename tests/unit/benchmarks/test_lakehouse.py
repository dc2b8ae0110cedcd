"""What the lake's benchmark makes of its raw runs; nothing is measured here."""

import re
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

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


def hold(late_from: int) -> list[Sample]:
    """A batch a second, 10 and 90 records in turn; the large ones from `late_from` on take 9 s, else 1.5."""
    samples, on_time, late = [], 0, 0
    for second in range(-1, 100):
        records = 90 if second % 2 else 10
        is_late = second >= late_from and second % 2 == 1
        late, on_time = late + records * is_late, on_time + records * (not is_late)
        counted = {1.0: 0, 2.0: on_time, 8.0: on_time, 10.0: on_time + late, float("inf"): on_time + late}
        seconds = 9.0 if is_late else 1.5
        memory = {"JVM": 10**9 * (1 + max(second, 0) // 50)}
        samples.append(Sample(float(second), second, seconds, seconds, counted, memory))
    return samples


def build_held() -> Result:
    """A small result with a rate that was held, late in its second half, and one that was killed."""
    result = build_result()
    killed = Held(2_000, 60, 30, 10**5, hold(50), recovery_s=17.2)
    result.held = [Held(10_000, 100, 10, 10**6, hold(50)), killed]
    return result


def test_a_rate_that_was_held_is_told_by_halves():
    """A latency that grows shows in the second half, and a recovery is a sentence of its own."""
    result = build_held()
    text = page.render(result)
    (line,) = (line for line in text.splitlines() if line.startswith("| **10,000/s**"))
    assert "| **9.8 s** | 1.9 s | 9.9 s | 1.5, 5.2 s |" in line
    assert line.endswith("| 0.00, 0.00 GB | 1.00, 2.00 GB | 0.00, 0.00 GB |")
    assert "**17 s** after its start" in text
    assert "Rates held" not in page.render(build_result())


@pytest.mark.parametrize(("late_from", "share", "verdict"), [(96, 0.964, "yes"), (90, 0.91, "**no**")])
def test_records_are_counted_and_not_batches(late_from: int, share: float, verdict: str):
    """The share of records in time decides; control: 95 of 100 batches are in time, but 91 of 100 records."""
    held = Held(2_000, 100, 8, 10**5, hold(late_from))
    assert held.share_in_time() == pytest.approx(share)
    result = build_result()
    result.held = [held]
    (line,) = (line for line in page.render(result).splitlines() if "in silver within 8 s" in line)
    assert (
        line
        == f"| 2,000 records/s for 100 s: in silver within 8 s | 95% | {share:.1%} | one run | {verdict} |"
    )
    # the first sample is from before: its records are not counted
    assert held.p95_s() == pytest.approx(1 + 0.95 / share if share > 0.95 else 8 + 2 * 4 / 9)


@pytest.mark.parametrize(("recovery_s", "verdict"), [(29.9, "yes"), (30.1, "**no**")])
def test_a_recovery_is_a_claim(recovery_s: float, verdict: str):
    result = build_result()
    result.held = [Held(2_000, 60, 30, 10**5, hold(100), recovery_s=recovery_s)]
    (line,) = (line for line in page.render(result).splitlines() if "Back after SIGKILL" in line)
    assert line.endswith(f"| 30 s | {recovery_s:.1f} s | one run | {verdict} |")


def test_every_picture_of_the_page_is_drawn():
    """The page shows what is drawn and nothing else, and a line for what was wanted is in it."""
    result = build_held()
    pictures = page.draw(result)
    shown = set(re.findall(r"\(\.\./images/(\S+)\)", page.render(result)))
    assert shown == set(pictures) == {"benchmarks-rates.svg", "benchmarks-held-10000.svg"}
    picture = ET.fromstring(pictures["benchmarks-held-10000.svg"])  # noqa: S314  # our own
    texts = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"median", "95th percentile", "wanted: 10"} <= set(texts)


def test_a_rate_that_was_not_held_is_told():
    """A page without it would look whole."""
    result = build_result()
    result.failed = ["2,000/s for 120 s: silver was still behind"]
    assert "**Not held**: 2,000/s for 120 s: silver was still behind." in page.render(result)
    assert "Not held" not in page.render(build_result())
