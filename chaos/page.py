"""The table of faults, for people."""

from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.machine import describe

from chaos.platform import RATE
from chaos.runner import Outcome
from stafford.settings import PROJECT_DIR


def line(outcome: Outcome) -> str:
    """One fault, for a terminal."""
    verdict = outcome.verdict
    return (
        f"{outcome.fault.name}: recovered in {outcome.recovery_s:.0f} s, "
        f"lost {verdict.lost}, doubled {verdict.doubled} of {verdict.sent:,}"
    )


def render(outcomes: Sequence[Outcome], seed: int) -> str:
    """The page."""
    machine = describe(PROJECT_DIR)
    rows = [_row(outcome) for outcome in outcomes]
    return _PAGE.format(
        rate=RATE,
        day=f"{datetime.now(UTC):%Y-%m-%d}",
        seed=seed,
        machine=f"{machine.cpu}, {machine.cores} cores, {machine.python}",
        rows="\n".join(rows),
    )


def _row(outcome: Outcome) -> str:
    fault, verdict = outcome.fault, outcome.verdict
    cells = (
        fault.title,
        f"{outcome.moment_s:.1f}",
        fault.recovery,
        f"{outcome.recovery_s:.0f}",
        f"{verdict.sent:,}",
        str(verdict.lost),
        str(verdict.doubled),
    )
    return f"| {' | '.join(cells)} |"


_PAGE = """\
<!-- Written by `make chaos`; run it again rather than change this page. -->
# Faults, and what became of the records

Broker, generator ({rate}) and a continuous ingestion run as processes of their own. A fault comes at a seeded
moment after records have begun to reach silver; what ended is started again; when silver has all that was
acknowledged, the shop rests and the ledger is reconciled by the ids of all records so far.

Measured {day}, seed {seed}, {machine}. Repeat it with `make chaos`.

| Fault | Moment, s | What was done | Until silver had all, s | Records so far | Lost | Doubled |
| --- | ---: | --- | ---: | ---: | ---: | ---: |
{rows}
"""
