"""The fault runner: six ways to break one platform, and a control that shows that it would notice."""

from collections.abc import Iterator

import pytest
from chaos import page
from chaos.faults import FAULTS
from chaos.pieces import ChaosError
from chaos.platform import Platform
from chaos.runner import Outcome, Skipped, break_and_recover, run

pytestmark = [pytest.mark.kafka, pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(900)]

CHOSEN = ("broker-killed", "before-sink", "before-checkpoint", "two-ingestions", "poison", "batch-doubled")
SEED = 11


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One platform for all faults and for the control: to start its parts is most of the time."""
    platform = Platform(tmp_path_factory.mktemp("chaos") / "home")
    try:
        # Before its broker: it waits for it, and for the topics, which costs no time of its own.
        platform.start_ingestion()
        platform.wait_until(
            lambda: "WAITING FOR KAFKA" in platform.read_log("ingestion"), 120, "ingestion that waits"
        )
        platform.open()
        yield platform
    finally:
        platform.stop()


def test_nothing_is_lost_or_doubled_whatever_is_broken(platform: Platform) -> None:
    """One fault after the other; at the end the ledger reconciles by the ids of all records.

    `make chaos` asks after each fault, which takes a quarter of a minute for each.
    """
    chosen = [fault for fault in FAULTS if fault.name in CHOSEN]
    assert len(chosen) == len(CHOSEN)
    times = [break_and_recover(platform, fault, SEED, print) for fault in chosen]
    assert "KAFKA IS BACK" in platform.read_log_from("ingestion", 0)
    verdict = platform.settle()
    assert (verdict.reconciled, verdict.lost, verdict.doubled) == (True, 0, 0), verdict.details
    outcomes = [Outcome(fault, *both, verdict) for fault, both in zip(chosen, times, strict=True)]
    written = page.render([*outcomes, Skipped(FAULTS[-1], "of a test")], SEED)
    assert written.count("\n| `") == len(CHOSEN) + 1
    assert "skipped: of a test" in written


def test_a_sink_that_doubles_is_noticed(platform: Platform) -> None:
    """Negative control: without the removal of doubles, the runner fails and says so."""
    platform.end("ingestion")
    platform.ingests = "chaos.broken_sink"
    fault = next(fault for fault in FAULTS if fault.name == "batch-doubled")
    with pytest.raises(ChaosError, match=r"does not reconcile: lost 0, doubled [1-9]"):
        list(run(platform, [fault], SEED, print))
