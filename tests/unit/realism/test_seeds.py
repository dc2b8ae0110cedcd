"""Several seeds beside each other: the worst of them decides."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from benchmarks.realism import render

from stafford.realism import Verdict, compare_seeds, find_worst
from stafford.realism.measures import METRICS
from stafford.realism.result import Result
from stafford.realism.targets import Target

METRIC = METRICS["sessions.bounce"]
FIXED = Result(METRIC, Target(target=0.5, tolerance=0.1, source="by hand"), Verdict.PASSED, 0.52)
IMPLIED = Result(
    METRIC, Target(target="implied", tolerance=0.1, source="by hand"), Verdict.PASSED, 0.5, implied=0.4
)


def measure(*results: Result) -> Any:
    """What is read of a measurement."""
    return SimpleNamespace(results=results)


@pytest.mark.parametrize(
    ("others", "worst"),
    [
        ([], Verdict.PASSED),
        ([Verdict.NOT_MEASURABLE], Verdict.NOT_MEASURABLE),
        ([Verdict.NOT_MEASURABLE, Verdict.FAILED], Verdict.FAILED),
        ([Verdict.FAILED, Verdict.PASSED], Verdict.FAILED),
    ],
)
def test_the_worst_seed_decides(others: list[Verdict], worst: Verdict) -> None:
    """One seed that fails is a failure, wherever it stands."""
    measured = [measure(FIXED), *(measure(replace(FIXED, verdict=verdict)) for verdict in others)]
    (row,) = compare_seeds(measured)
    assert row.verdict is find_worst(measured) is worst
    assert len(row.measured) == len(measured)


def test_an_implied_target_stands_beside_its_value() -> None:
    """What follows from the events is another target for each seed, and both are shown."""
    (row,) = compare_seeds([measure(IMPLIED), measure(replace(IMPLIED, implied=0.6))])
    assert (row.target, row.measured) == ("implied", ("50.0 % of 40.0 %", "50.0 % of 60.0 %"))
    unknown = replace(IMPLIED, measured=None, implied=None)
    assert compare_seeds([measure(IMPLIED), measure(unknown)])[0].measured == ("50.0 % of 40.0 %", "-")


def test_the_page_says_what_is_missed() -> None:
    """A miss of one seed is bold, with its numbers, and counts against the kind of shop."""
    missed = replace(FIXED, measured=0.7, verdict=Verdict.FAILED)
    page = render({"tiny": {7: measure(FIXED), 8: measure(missed)}}, 5000)
    assert "seeds 7, 8 with 5,000 customers" in page
    assert "0 of 1 metrics are within their targets with every seed" in page
    assert f"| {METRIC.title} | 50.0 % | ± 10 pt | 52.0 % | 70.0 % | **fail** |" in page
    fine = render({"tiny": {7: measure(FIXED)}}, 5000)
    assert "1 of 1 metrics" in fine
    assert "**fail**" not in fine
