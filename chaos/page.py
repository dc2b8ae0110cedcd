"""The table of faults, for people."""

from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.machine import describe

from chaos.pieces import RATE
from chaos.runner import Outcome, Skipped
from stafford.settings import PROJECT_DIR


def line(outcome: Outcome | Skipped) -> str:
    """One fault, for a terminal."""
    if isinstance(outcome, Skipped):
        return f"{outcome.fault.name}: skipped, because {outcome.reason}"
    verdict = outcome.verdict
    notes = "".join(f"; {note}" for note in outcome.notes)
    return (
        f"{outcome.fault.name}: recovered in {outcome.recovery_s:.0f} s, "
        f"lost {verdict.lost}, doubled {verdict.doubled} of {verdict.sent:,}{notes}"
    )


def render(outcomes: Sequence[Outcome | Skipped], seed: int) -> str:
    """The page."""
    machine = describe(PROJECT_DIR)
    return _PAGE.format(
        rate=RATE,
        day=f"{datetime.now(UTC):%Y-%m-%d}",
        seed=seed,
        machine=f"{machine.cpu}, {machine.cores} cores, {machine.python}",
        rows="\n".join(_row(outcome) for outcome in outcomes),
    )


def _row(outcome: Outcome | Skipped) -> str:
    fault = outcome.fault
    if isinstance(outcome, Skipped):
        cells = [fault.title, "", f"skipped: {outcome.reason}", "", "", "", ""]
    else:
        verdict = outcome.verdict
        # What a fault deleted on purpose is no loss of ours, and must not look like nothing either.
        given_up = f" of the rest; {verdict.given_up} deleted, all named" if verdict.given_up else ""
        cells = [
            fault.title,
            f"{outcome.moment_s:.1f}",
            "; ".join((fault.recovery, *outcome.notes)),
            f"{outcome.recovery_s:.0f}",
            f"{verdict.sent:,}",
            f"{verdict.lost}{given_up}",
            str(verdict.doubled),
        ]
    return f"| `{fault.name}`: {' | '.join(cells)} |"


_PAGE = """\
<!-- Written by `make chaos`; run it again rather than change this page. -->
# Faults, and what became of the records

Broker, generator ({rate}/s) and a continuous ingestion run as processes of their own. A fault comes at a
seeded moment after records have begun to reach silver; what ended is started again, and what the recovery
names is done; when a second's new records were acknowledged and silver has all, the shop rests and the ledger
is reconciled by the ids of all records so far.

Measured {day}, seed {seed}, {machine}. Repeat it with `make chaos`, or one of them with
`make chaos ARGS="--faults power-cut"`. What the faults taught, and what a row proves:
[ADR 37](../adr/0037-chaos-asks-the-ledger.md).

| Fault | Moment, s | What was done | Until silver had all, s | Records so far | Lost | Doubled |
| --- | ---: | --- | ---: | ---: | ---: | ---: |
{rows}
"""
