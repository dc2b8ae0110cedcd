"""Draws the report as a page."""

from typing import Any, Final

from jinja2 import PackageLoader

from stafford.page import render_document
from stafford.report.charts import draw_charts
from stafford.report.coverage import Coverage, cover
from stafford.report.data import ReportData
from stafford.report.verdict import MEASURES, judge
from stafford.report.wording import (
    say_amount,
    say_bytes,
    say_count,
    say_euros,
    say_instant,
    say_length,
    say_seconds,
    say_share,
)

FILTERS: Final = {
    "count": say_count,
    "euros": say_euros,
    "amount": say_amount,
    "instant": say_instant,
    "seconds": say_seconds,
    "bytes": say_bytes,
}


def render(data: ReportData) -> str:
    """Draw the report as one HTML document.

    Pure: the same data give the same text. Whatever came from data is escaped, and the page's own
    content security policy lets no script run but the two that are in it, and no request leave.

    Returns:
        The document, lines ended by a line feed; it must be stored as UTF-8 with exactly these ends, because
        the policy names the scripts by their hash.
    """
    coverage = cover(data)
    return render_document(
        PackageLoader("stafford.report"),
        "report.html.j2",
        charts=draw_charts(data, coverage),
        filters=FILTERS,
        data=data,
        verdict=judge(data.reconciliation),
        key_figures=_key_figures(data),
        period=_period(coverage),
        measures=MEASURES,
    )


def _key_figures(data: ReportData) -> list[tuple[str, str, str]]:
    totals = data.totals
    sessions, ordering = (data.funnel[0].sessions, data.funnel[-1].sessions) if data.funnel else (0, 0)
    # A part of nothing is left unsaid.
    revenue = f"{say_euros(totals.revenue_cents / totals.order_count)} an order" if totals.order_count else ""
    orders = f"{say_euros(totals.cancelled_cents)} cancelled" if totals.order_count else ""
    conversion = f"{say_share(ordering, sessions)} order" if sessions else ""
    paid = f"{say_share(totals.paid_cents, totals.revenue_cents)} of revenue" if totals.revenue_cents else ""
    back = f"{say_share(totals.refunded_cents, totals.paid_cents)} of captured" if totals.paid_cents else ""
    return [
        ("Revenue", say_euros(totals.revenue_cents), revenue),
        ("Orders", say_count(totals.order_count), orders),
        ("Sessions", say_count(sessions), conversion),
        ("Captured", say_euros(totals.paid_cents), paid),
        ("Refunded", say_euros(totals.refunded_cents), back),
    ]


def _period(coverage: Coverage | None) -> dict[str, Any] | None:
    if coverage is None:
        return None
    return {
        "start": coverage.start,
        "end": coverage.end,
        "length": say_length(coverage.end - coverage.start),
    }
