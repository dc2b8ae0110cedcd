"""The sentence at the top of the page: whether every event is accounted for."""

from dataclasses import dataclass
from typing import Literal

from stafford.domain.money import format_cents
from stafford.report.data import Counts, Finding, Reconciliation
from stafford.report.wording import say_count

SHOWN_FINDINGS = 20
TOLD_ELSEWHERE = ("lost", "doubled", "money")
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
            "Run stafford reconcile, then stafford report again. What follows is what the marts hold.",
        )
    totals = reconciliation.totals
    tally = _tally(reconciliation)
    equation = _balance(totals)
    if reconciliation.is_clean:
        return Verdict(
            "good",
            f"Every event is accounted for: {tally}",
            "The ledger compared what was sent with what the tables hold: event by event"
            + (", and to the cent." if reconciliation.money else "; the money has not been compared yet."),
            equation,
        )
    return Verdict(
        "bad",
        f"Not every event is accounted for: {tally}",
        _complain(reconciliation),
        equation,
        reconciliation.findings[:SHOWN_FINDINGS],
        reconciliation.finding_count,
    )


def _tally(reconciliation: Reconciliation) -> str:
    totals = reconciliation.totals
    by_kind = reconciliation.findings_by_kind
    # Per topic the ledger counts the findings that it lists, by kind all of them: the larger is the truth.
    counts = [
        (totals.sent, "sent"),
        (max(totals.lost, by_kind.get("lost", 0)), "lost"),
        (max(totals.doubled, by_kind.get("doubled", 0)), "doubled"),
    ]
    counts += [
        (count, kind.replace("_", " ")) for kind, count in by_kind.items() if kind not in TOLD_ELSEWHERE
    ]
    return ", ".join(f"{say_count(count)} {kind}" for count, kind in counts)


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
        *([Term("+", say_count(totals.dropped), "dropped")] if totals.dropped else []),
    )


def _complain(reconciliation: Reconciliation) -> str:
    wrong = [
        f"the marts hold {format_cents(abs(check.mart_cents - check.ledger_cents))} "
        f"{'more' if check.mart_cents > check.ledger_cents else 'less'} of {MEASURES[check.measure].lower()} "
        "than the ledger"
        for check in reconciliation.money
        if not check.is_equal
    ]
    if reconciliation.finding_count:
        wrong.insert(0, f"the ledger has {say_count(reconciliation.finding_count, 'finding')}")
    if not wrong:
        wrong.append("the ledger did not reconcile; the tables below say for which topic")
    text = "; ".join(wrong)
    return f"{text[0].upper()}{text[1:]}."
