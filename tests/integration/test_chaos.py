"""The fault runner: six ways to break the platform, and a control that shows that it would notice."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos import page
from chaos.faults import FAULTS
from chaos.platform import ChaosError, Platform
from chaos.runner import run

pytestmark = [pytest.mark.kafka, pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(1200)]

CHOSEN = (
    "broker-killed",
    "power-cut",
    "before-sink",
    "before-checkpoint",
    "checkpoint-deleted",
    "two-ingestions",
)


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Platform]:
    """A platform whose silver removes no doubles."""
    platform = Platform(tmp_path / "home", (sys.executable, "-m", "chaos.broken_sink"))
    yield platform
    platform.stop()


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Platform]:
    """A platform as it is."""
    platform = Platform(tmp_path / "home")
    yield platform
    platform.stop()


def test_nothing_is_lost_or_doubled_whatever_is_broken(whole: Platform) -> None:
    """One fault after the other; after each, the ledger reconciles by the ids of all records so far."""
    chosen = [fault for fault in FAULTS if fault.name in CHOSEN]
    assert len(chosen) == len(CHOSEN)
    outcomes = list(run(whole, chosen, seed=11, tell=print))
    assert [outcome.fault for outcome in outcomes] == chosen
    for outcome in outcomes:
        assert (outcome.verdict.reconciled, outcome.verdict.lost, outcome.verdict.doubled) == (True, 0, 0)
    sent = [outcome.verdict.sent for outcome in outcomes]
    assert sent == sorted(set(sent))  # the shop went on each time
    assert page.render(outcomes, 11).count("\n| ") == len(chosen) + 2


def test_a_sink_that_doubles_is_noticed(broken: Platform) -> None:
    """Negative control: without the removal of doubles, the runner fails and says so."""
    fault = next(fault for fault in FAULTS if fault.name == "generator-killed")
    with pytest.raises(ChaosError, match=r"does not reconcile: lost 0, doubled [1-9]"):
        list(run(broken, [fault], seed=11, tell=print))
