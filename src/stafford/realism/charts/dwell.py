"""How long visitors stay on a page."""

import numpy as np

from stafford.page.chart import ACCENT, SERIES, Chart, NumberTable, line_figure
from stafford.realism.facts import Facts
from stafford.realism.unanswered import DoesNotFit, NotMeasurable

POINTS = 80
CAPTION = (
    "Share of page visits that last longer than a time, of a sample of sessions. The time is logarithmic."
)


def chart_dwell(facts: Facts) -> Chart:
    """Draw how many still stay after each time, and the Weibull distribution that was fitted."""
    try:
        fitted = facts.dwell
    except (NotMeasurable, DoesNotFit) as reason:
        return Chart("dwell", f"Dwell has no fit: {reason}", CAPTION)
    times = np.geomspace(max(float(facts.dwell_s[0]), 0.1), float(facts.dwell_s[-1]), POINTS)
    longer = 1 - np.searchsorted(facts.dwell_s, times, side="right") / len(facts.dwell_s)
    median = float(np.median(facts.dwell_s))
    title = f"Half of all page visits last {median:.0f}\u00a0s or less; Weibull shape {fitted.shape:.2f}"
    shown = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
    at = 1 - np.searchsorted(facts.dwell_s, shown, side="right") / len(facts.dwell_s)
    return Chart(
        "dwell",
        title,
        CAPTION,
        f"{title}. A falling curve of measured times, and the fitted one over it.",
        line_figure(
            [
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": "measured",
                    "x": times.tolist(),
                    "y": (100 * longer).tolist(),
                    "marker": {"color": SERIES, "size": 6},
                    "hovertemplate": "%{y:.1f} % stay longer than %{x:.3r} s<extra></extra>",
                },
                {
                    "type": "scatter",
                    "mode": "lines",
                    "name": f"Weibull, shape {fitted.shape:.2f}, scale {fitted.scale:.0f} s",
                    "x": times.tolist(),
                    "y": (100 * fitted.survival(times)).tolist(),
                    "line": {"color": ACCENT, "width": 2},
                    "hoverinfo": "skip",
                },
            ],
            x_title="Seconds on the page",
            y_title="% who stay longer",
            x_axis={"type": "log", "dtick": 1},
            y_axis={"range": [0, 102]},
        ),
        height_px=340,
        numbers=NumberTable(
            ("Seconds", "Longer, measured", "Longer, fitted"),
            tuple(
                (f"{time:g}", f"{100 * share:.1f} %", f"{100 * fit:.1f} %")
                for time, share, fit in zip(shown, at, fitted.survival(np.array(shown)), strict=True)
            ),
        ),
    )
