"""Injects faults one after the other into one platform, and asks the ledger after each."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from chaos.faults import Fault
from chaos.platform import ChaosError, Platform, Verdict

_FLOW = 200
"""Records that must reach silver before a fault comes: then everything is at work."""
_LIMIT_S = 300
_MOST_WAIT_S = 4.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one fault ended.

    moment_s: of the fault, after silver had begun to grow. recovery_s: from the operator's first command
    until silver had all that any log had taken by then.
    """

    fault: Fault
    moment_s: float
    recovery_s: float
    verdict: Verdict


def run(
    platform: Platform, faults: Sequence[Fault], seed: int, tell: Callable[[str], None]
) -> Iterator[Outcome]:
    """Break the platform in each way, in turn; stops at the first that is not made good.

    Args:
        platform: not started yet; the caller stops it.
        faults: what to do.
        seed: of the moments.
        tell: is told what happens.

    Raises:
        ChaosError: something did not come back, or the ledger does not reconcile.
    """
    moments = Random(seed)  # noqa: S311 - nothing secret
    tell("starting a broker")
    platform.start_broker()
    for fault in faults:
        tell(f"{fault.name}: everything runs")
        platform.restore()
        platform.await_flow(_FLOW, _LIMIT_S)
        moment_s = moments.uniform(0, _MOST_WAIT_S)
        time.sleep(moment_s)
        tell(f"{fault.name}: {fault.title}")
        fault.inject(platform, moments)
        tell(f"{fault.name}: recovering")
        began = time.monotonic()
        platform.restore()
        platform.await_caught_up(_LIMIT_S)
        recovery_s = time.monotonic() - began
        tell(f"{fault.name}: reconciling")
        verdict = platform.settle(to_marts=fault.to_marts)
        if not verdict.reconciled:
            raise ChaosError(
                f"after {fault.name} the ledger does not reconcile: lost {verdict.lost}, "
                f"doubled {verdict.doubled} {verdict.details}; see {platform.home}"
            )
        yield Outcome(fault, moment_s, recovery_s, verdict)
    platform.end("ingestion")
