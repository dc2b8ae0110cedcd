"""Product views by rank, both in logarithms."""

import numpy as np

from stafford.page.chart import ACCENT, SERIES, Chart, NumberTable, line_figure
from stafford.realism.facts import Facts
from stafford.realism.unanswered import DoesNotFit, NotMeasurable

POINTS = 120
CAPTION = (
    "Views of each product per day on sale, by rank. Both axes are logarithmic, where a power law is a line."
)


def chart_popularity(facts: Facts) -> Chart:
    """Draw the ranks, and the power law with one knot that was fitted to them."""
    views = facts.product_views
    if not len(views):
        return Chart("popularity", "No product was viewed", CAPTION)
    ranks = np.unique(np.round(np.geomspace(1, len(views), POINTS)).astype(np.int64))
    points = {
        "type": "scatter",
        "mode": "markers",
        "name": "measured",
        "x": ranks.tolist(),
        "y": views[ranks - 1].tolist(),
        "marker": {"color": SERIES, "size": 6},
        "hovertemplate": "rank %{x}: <b>%{y:.3s}</b> views a day<extra></extra>",
    }
    traces = [points]
    try:
        law = facts.popularity
    except (NotMeasurable, DoesNotFit) as reason:
        title = f"Popularity has no fit: {reason}"
    else:
        title = (
            f"Views fall with rank to the power {law.head_slope:.2f}, from rank {law.knot_rank:.0f} on "
            f"{law.tail_slope:.2f}"
        )
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": f"fit, R² {law.r_squared:.3f}",
                "x": ranks.tolist(),
                "y": law.predict(ranks.astype(np.float64)).tolist(),
                "line": {"color": ACCENT, "width": 2},
                "hoverinfo": "skip",
            }
        )
    shown = [rank for rank in (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if rank <= len(views)]
    return Chart(
        "popularity",
        title,
        CAPTION,
        f"{title}. Of {len(views):,} products the first has {views[0]:,.1f} views a day and the last "
        f"{views[-1]:,.2f}.",
        line_figure(
            traces,
            x_title="Rank",
            y_title="Views a day",
            x_axis={"type": "log", "dtick": 1},
            y_axis={"type": "log", "dtick": 1, "rangemode": "normal", "tickformat": "~r"},
        ),
        height_px=340,
        numbers=NumberTable(
            ("Rank", "Views a day"), tuple((f"{rank:,}", f"{views[rank - 1]:,.2f}") for rank in shown)
        ),
    )
