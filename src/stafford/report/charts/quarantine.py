"""Why records are in quarantine."""

from stafford.page.chart import BAD, SERIES, Chart, NumberTable, bar_figure, bar_height
from stafford.report.data import ReasonCount, ReportData
from stafford.report.wording import say_count, say_share, shorten

LABEL_LIMIT = 36
SHOWN = 10


def chart_quarantine(data: ReportData) -> Chart:
    """Draw how many records are in quarantine for each reason, and whether the ledger foretold them."""
    chart_id = "quarantine"
    if data.reconciliation is None:
        return Chart(
            chart_id, "Quarantine has not been counted yet", "Its reasons appear here once it has been."
        )
    # What does not match comes first, so that no limit hides it.
    reasons = sorted(
        data.reconciliation.quarantine_reasons,
        key=lambda row: (row.expected == row.found, -row.found, row.topic, row.reason),
    )
    found = sum(row.found for row in reasons)
    wrong = [row for row in reasons if row.expected != row.found]
    # What differs without a finding is no fault: other producers, and sendings that were never confirmed.
    is_fault = not data.reconciliation.is_clean
    if not found and not wrong:
        return Chart(chart_id, "No record is in quarantine", "Every record fits its contract.")
    shown = reasons[:SHOWN]
    rest = len(reasons) - len(shown)
    differ = f"{say_count(len(wrong), 'reason')} not as the ledger foretold"
    as_foretold = "Every reason matches what the ledger foretold."
    if wrong:
        as_foretold = f"{differ}, drawn red." if is_fault else f"{differ}, without any event out of place."
    more = f" {say_count(rest, 'reason')} more in the table." if rest else ""
    return Chart(
        chart_id,
        _title(data, reasons, found),
        f"Records in quarantine by topic and reason. {as_foretold}{more}",
        f"Bars for {say_count(len(shown), 'reason')}; together they hold "
        f"{say_count(sum(row.found for row in shown), 'record')}. {as_foretold}",
        bar_figure(
            [shorten(_label(row), LABEL_LIMIT) for row in shown],
            [row.found for row in shown],
            value_texts=[say_count(row.found) for row in shown],
            colors=[BAD if is_fault and row.expected != row.found else SERIES for row in shown],
            x_title="Records",
            hover_texts=[
                f"{_label(row)}: {say_count(row.found)}, the ledger foretold {say_count(row.expected)}"
                for row in shown
            ],
        ),
        height_px=bar_height(len(shown)),
        numbers=NumberTable(
            ("Topic and reason", "Foretold", "Found", "Verdict"),
            tuple(
                (
                    _label(row),
                    say_count(row.expected),
                    say_count(row.found),
                    "equal" if row.expected == row.found else f"off by {row.found - row.expected:+,}",
                )
                for row in reasons
            ),
        ),
    )


def _title(data: ReportData, reasons: list[ReasonCount], found: int) -> str:
    if not found or data.reconciliation is None:
        return "No record is in quarantine, though the ledger foretold some"
    by_kind: dict[str, int] = {}
    for row in reasons:
        kind = row.reason.partition(":")[0]
        by_kind[kind] = by_kind.get(kind, 0) + row.found
    kind = max(by_kind, key=by_kind.__getitem__)
    share = say_share(found, data.reconciliation.totals.bronze)
    return (
        f"{share} of records are in quarantine: {say_count(found)}, "
        f"of which {say_share(by_kind[kind], found)} for {kind.replace('_', ' ')}"
    )


def _label(row: ReasonCount) -> str:
    return f"{row.topic} · {row.reason}"
