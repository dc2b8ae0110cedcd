"""Draws what was measured as a page."""

from datetime import datetime

from jinja2 import PackageLoader

from stafford.page import render_document
from stafford.realism.charts import draw_charts
from stafford.realism.measurement import Measurement
from stafford.realism.result import Verdict


def render(measurement: Measurement, *, written_at: datetime) -> str:
    """Draw the table and the plots as one HTML document. Pure: the same measurement gives the same text.

    Args:
        measurement: what was measured.
        written_at: the instant that the page names as its own, in UTC.

    Returns:
        The document; it must be stored as UTF-8 as it stands.
    """
    return render_document(
        PackageLoader("stafford.realism"),
        "realism.html.j2",
        charts=draw_charts(measurement),
        filters={},
        measurement=measurement,
        sentence=say_verdict(measurement),
        tone="good" if measurement.is_realistic else "bad",
        written_at=f"{written_at:%Y-%m-%d %H:%M}",
    )


def say_verdict(measurement: Measurement) -> str:
    """One sentence: how many metrics are as they must be, how many are not, how many nobody can tell."""
    passed, failed, unknown = (measurement.count(verdict) for verdict in Verdict)
    parts = [f"{passed} of {len(measurement.results)} metrics are within their targets"]
    if failed:
        parts.append(f"{failed} {'is' if failed == 1 else 'are'} not")
    if unknown:
        parts.append(f"{unknown} cannot be measured on these data")
    return ", ".join(parts)
