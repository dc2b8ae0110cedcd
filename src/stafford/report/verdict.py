"""The sentence at the top of the page: whether every event is accounted for."""

from dataclasses import dataclass
from typing import Literal

from stafford.domain.money import format_cents
from stafford.report.data import Counts, Finding, Reconciliation
from stafford.report.wording import say_count

SHOWN_FINDINGS = 20
MEASURES = {"orders": "Orders placed", "captured": "Payments captured", "refunded": "Refunds issued"}


@dataclass(frozen=True, slots=True)
class Term:
    """One number of the equation under the verdict, and the sign before it."""

    sign: str
    count: str
    name: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the ledger says, in words. `tone` chooses colour and mark; the sentence says it without them."""

    tone: Literal["good", "bad", "open"]
    sentence: str
    explanation: str
    equation: tuple[Term, ...] = ()
    findings: tuple[Finding, ...] = ()
    finding_count: int = 0


def judge(reconciliation: Reconciliation | None) -> Verdict:
    """Say whether the run reconciles. It is good only when neither the flag nor a number disagrees."""
    if reconciliation is None:
        return Verdict(
            "open",
            "Nobody has checked yet whether every event arrived",
            "Run `stafford reconcile`, then `stafford report` again. What follows is what the marts hold.",
        )
    totals = reconciliation.totals
    tally = (
        f"{say_count(totals.sent)} sent, {say_count(totals.lost)} lost, {say_count(totals.doubled)} doubled"
    )
    equation = _balance(totals)
    if reconciliation.is_clean:
        return Verdict(
            "good",
            f"Every event is accounted for: {tally}",
            "The ledger compared what was sent with what the tables hold: event by event, and to the cent.",
            equation,
        )
    return Verdict(
        "bad",
        f"Not every event is accounted for: {tally}",
        _complain(reconciliation),
        equation,
        reconciliation.findings[:SHOWN_FINDINGS],
        len(reconciliation.findings),
    )


def _balance(totals: Counts) -> tuple[Term, ...]:
    start = [Term("", say_count(totals.sent), "sent")]
    # What transport delivered again, or did not deliver, stands between the two.
    if totals.bronze != totals.sent:
        start.append(Term("→", say_count(totals.bronze), "in bronze"))
    return (
        *start,
        Term("=" if totals.placed == totals.bronze else "≠", say_count(totals.silver), "silver"),
        Term("+", say_count(totals.quarantined), "quarantine"),
        Term("+", say_count(totals.duplicates_removed), "duplicates removed"),
    )


def _complain(reconciliation: Reconciliation) -> str:
    wrong = [
        f"the marts hold {format_cents(abs(check.mart_cents - check.ledger_cents))} "
        f"{'more' if check.mart_cents > check.ledger_cents else 'less'} of {MEASURES[check.measure].lower()} "
        "than the ledger"
        for check in reconciliation.money
        if not check.is_equal
    ]
    if reconciliation.findings:
        wrong.insert(0, f"the ledger has {say_count(len(reconciliation.findings), 'finding')}")
    if not wrong:
        wrong.append("the ledger did not reconcile; the tables below say for which topic")
    text = "; ".join(wrong)
    return f"{text[0].upper()}{text[1:]}."
