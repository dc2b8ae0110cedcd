"""Sets of days."""

from datetime import date

from stafford.lakehouse.gold.days import days_between, on_date, spans, widen

NEW_YEAR = date(2026, 1, 1)


def test_days_are_stretches():
    """Days that follow each other are one stretch, over the end of a year too; a hole ends it."""
    days = days_between(date(2025, 12, 30), date(2026, 1, 2)) | {date(2026, 1, 4)}
    assert spans(days) == [(date(2025, 12, 30), date(2026, 1, 2)), (date(2026, 1, 4), date(2026, 1, 4))]
    assert spans(widen(days, 1)) == [(date(2025, 12, 29), date(2026, 1, 5))]
    assert on_date("event_date", frozenset({NEW_YEAR})) == (
        "(event_date >= DATE'2026-01-01' AND event_date <= DATE'2026-01-01')"
    )


def test_no_days_are_no_rows():
    """A condition for no days is one that no row meets, rather than none."""
    assert on_date("event_date", frozenset()) == "FALSE"
    assert spans(frozenset()) == []
