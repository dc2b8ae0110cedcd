"""Injects faults one after the other into one platform, and asks the ledger after each."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from chaos.fault import Fault
from chaos.pieces import RATE, ChaosError
from chaos.platform import Platform
from chaos.verdict import Verdict

_FLOW_S = 4
"""So many seconds' records must reach silver before a fault comes: then everything is at work."""
_LIMIT_S = 300
_MOST_WAIT_S = 4.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one fault ended.

    moment_s: of the fault, after silver had begun to grow. recovery_s: from the operator's first command
    until a log had taken a second's new records, and silver all that was taken by then.
    notes: what the fault saw on its way.
    """

    fault: Fault
    moment_s: float
    recovery_s: float
    verdict: Verdict
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A fault that this machine cannot have, and why."""

    fault: Fault
    reason: str


def run(
    platform: Platform, faults: Sequence[Fault], seed: int, tell: Callable[[str], None]
) -> Iterator[Outcome | Skipped]:
    """Break the platform in each way, in turn; stops at the first that is not made good.

    Args:
        platform: started or not; the caller stops it.
        faults: what to do.
        seed: of the moments; each fault has its own by its name, whatever is done before it.
        tell: is told what happens.

    Raises:
        ChaosError: something did not come back, or the ledger does not reconcile.
    """
    tell("starting a broker")
    platform.open()
    for fault in faults:
        reason = fault.find_obstacle()
        yield Skipped(fault, reason) if reason else _judge(platform, fault, seed, tell)
    platform.end("ingestion")


def break_and_recover(
    platform: Platform, fault: Fault, seed: int, tell: Callable[[str], None]
) -> tuple[float, float]:
    """Break the platform in one way and make it whole again, without a verdict.

    Returns:
        Seconds until the fault came, and until all was well again; see Outcome.

    Raises:
        ChaosError: something did not come back.
    """
    moments = Random(f"{seed}/{fault.name}")  # noqa: S311 - nothing secret
    tell(f"{fault.name}: everything runs")
    if platform.restore():
        platform.await_flow(RATE * _FLOW_S, _LIMIT_S)
    moment_s = moments.uniform(0, _MOST_WAIT_S)
    time.sleep(moment_s)
    tell(f"{fault.name}: {fault.title}")
    fault.inject(platform, moments)
    tell(f"{fault.name}: recovering")
    began = time.monotonic()
    fault.repair(platform)
    platform.restore()
    platform.await_caught_up(RATE, _LIMIT_S)
    return moment_s, time.monotonic() - began


def _judge(platform: Platform, fault: Fault, seed: int, tell: Callable[[str], None]) -> Outcome:
    moment_s, recovery_s = break_and_recover(platform, fault, seed, tell)
    tell(f"{fault.name}: reconciling")
    verdict = platform.settle(to_marts=fault.to_marts)
    if not verdict.reconciled:
        raise ChaosError(
            f"after {fault.name} the ledger does not reconcile: lost {verdict.lost}, "
            f"doubled {verdict.doubled} {verdict.details}; see {platform.home}"
        )
    platform.tidy()
    return Outcome(fault, moment_s, recovery_s, verdict, tuple(platform.take_notes()))
