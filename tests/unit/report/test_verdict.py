"""The sentence at the top of the page."""

from collections.abc import Callable
from typing import Any

import pytest

from stafford.report import ReportData
from stafford.report.verdict import SHOWN_FINDINGS, judge

Spoil = Callable[..., ReportData]
LOST = {"kind": "lost", "topic": "orders", "event_id": "e-1", "detail": "in no table"}


def test_clean_run_is_good(data: ReportData) -> None:
    """A run that reconciles says so, with its numbers."""
    verdict = judge(data.reconciliation)
    assert verdict.tone == "good"
    assert verdict.sentence == "Every event is accounted for: 203,114 sent, 0 lost, 0 doubled"
    assert "".join(f"{term.sign}{term.count}" for term in verdict.equation) == "203,114=196,000+1,204+5,910"


@pytest.mark.parametrize(
    "changes",
    [
        {"reconciled": False},
        {"totals": {"lost": 1}},
        {"totals": {"doubled": 1}},
        {"findings": [LOST]},
        {"money": [{"measure": "orders", "ledger_cents": 100, "mart_cents": 99}]},
    ],
    ids=["flag", "lost", "doubled", "finding", "cent"],
)
def test_anything_wrong_is_bad(spoil: Spoil, changes: dict[str, Any]) -> None:
    """One lost event, one doubled event, one finding or one cent is enough, whatever the flag says."""
    verdict = judge(spoil(**changes).reconciliation)
    assert verdict.tone == "bad"
    assert verdict.sentence.startswith("Not every event is accounted for")
    assert verdict.explanation


def test_a_wrong_cent_is_named(spoil: Spoil) -> None:
    """Money that differs is named by measure, amount and direction."""
    money = [{"measure": "captured", "ledger_cents": 10_000, "mart_cents": 9_901}]
    assert "EUR 0.99 less of payments captured" in judge(spoil(money=money).reconciliation).explanation


def test_only_the_first_findings_are_listed(spoil: Spoil) -> None:
    """A long list is cut, and says how long it is."""
    verdict = judge(spoil(reconciled=False, findings=[LOST] * 33).reconciliation)
    assert (len(verdict.findings), verdict.finding_count) == (SHOWN_FINDINGS, 33)


def test_kinds_of_findings_are_counted_in_the_sentence(spoil: Spoil) -> None:
    """What is neither lost nor doubled is named too, and the count is of all findings, listed or not."""
    by_kind = {"lost": 2, "misjudged": 12_000}
    verdict = judge(spoil(reconciled=False, findings=[LOST] * 25, findings_by_kind=by_kind).reconciliation)
    assert verdict.sentence.endswith(": 203,114 sent, 2 lost, 0 doubled, 12,000 misjudged")
    assert verdict.finding_count == 12_002


def test_money_that_nobody_compared_is_not_claimed(spoil: Spoil) -> None:
    """Without marts to compare with, the page does not say that cents agree."""
    verdict = judge(spoil(money=[]).reconciliation)
    assert verdict.tone == "good"
    assert "to the cent" not in verdict.explanation


def test_second_deliveries_are_shown(spoil: Spoil) -> None:
    """Where bronze holds more than was sent, the equation is about bronze, and shows both."""
    totals = {"bronze": 203_120, "duplicates_removed": 5_916}
    terms = judge(spoil(totals=totals).reconciliation).equation
    assert [term.sign for term in terms] == ["", "→", "=", "+", "+"]
    assert terms[1].count == "203,120"


def test_numbers_that_do_not_add_up_are_not_made_equal(spoil: Spoil) -> None:
    """An equation that does not hold is not written with an equals sign."""
    terms = judge(spoil(totals={"silver": 195_999}).reconciliation).equation
    assert terms[1].sign == "≠"


def test_unchecked_run_claims_nothing() -> None:
    """Without a reconciliation the page says so, and how to get one."""
    verdict = judge(None)
    assert verdict.tone == "open"
    assert "stafford reconcile" in verdict.explanation


def test_what_a_replay_gave_up_is_part_of_the_equation(spoil: Spoil) -> None:
    """Dropped records stand in it, so that it holds; without any there is no such term."""
    terms = judge(spoil(totals={"quarantined": 1_200, "dropped": 4}).reconciliation).equation
    assert "".join(f"{term.sign}{term.count}" for term in terms) == "203,114=196,000+1,200+5,910+4"
    assert terms[-1].name == "dropped"
    assert judge(spoil().reconciliation).equation[-1].name == "duplicates removed"
