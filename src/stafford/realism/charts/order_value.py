"""What orders are worth."""

import numpy as np
import numpy.typing as npt
from scipy.special import betaln

from stafford.page.chart import ACCENT, MUTED, SOFT, Chart, Figure, NumberTable, line_figure
from stafford.realism.estimators.gamma_gamma import GammaGamma
from stafford.realism.expectations import Expectations
from stafford.realism.facts import Facts
from stafford.realism.unanswered import DoesNotFit, NotMeasurable

Floats = npt.NDArray[np.float64]

BARS = 50
SHOWN_QUANTILE = 0.98
CAPTION = "Value of customers' orders after their first, goods without shipping, up to the 98th percentile."


def chart_order_value(facts: Facts, expected: Expectations) -> Chart:
    """Draw the distribution, the Gamma-Gamma model that was fitted, and the one of the targets."""
    values = facts.purchases.euros[facts.purchases.number > 1]
    values = values[values > 0]
    if not len(values):
        return Chart("order-value", "Nobody has ordered again", CAPTION)
    edges = np.linspace(0, float(np.quantile(values, SHOWN_QUANTILE)), BARS + 1)
    counts = np.histogram(values, edges)[0]
    width = float(edges[1] - edges[0])
    middles = (edges[:-1] + edges[1:]) / 2
    traces: list[Figure] = [
        {
            "type": "bar",
            "name": "measured",
            "x": middles.tolist(),
            "y": (100 * counts / len(values)).tolist(),
            "width": width * 0.92,
            "marker": {"color": SOFT},
            "hovertemplate": "EUR %{x:.0f}: <b>%{y:.1f} %</b><extra></extra>",
        }
    ]
    caption = CAPTION
    title = f"Half of all repeat orders are worth EUR {np.median(values):,.2f} or less"
    try:
        fitted = facts.order_value
    except (NotMeasurable, DoesNotFit) as reason:
        caption += f" Without a fitted curve: {reason}."
    else:
        traces.append(_draw_model(fitted, middles, width, "Gamma-Gamma, fitted", ACCENT, "solid"))
    if expected.order_value is not None:
        traces.append(
            _draw_model(expected.order_value.model(), middles, width, "of the targets", MUTED, "dot")
        )
    quantiles = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
    return Chart(
        "order-value",
        title,
        caption,
        f"{title}. Bars by value, with the curves of the models.",
        line_figure(traces, x_title="EUR", y_title="% of orders"),
        height_px=340,
        numbers=NumberTable(
            ("Share of orders", "Worth at most"),
            tuple((f"{100 * share:g} %", f"EUR {np.quantile(values, share):,.2f}") for share in quantiles),
        ),
    )


def _draw_model(model: GammaGamma, middles: Floats, width: float, name: str, color: str, dash: str) -> Figure:
    # The value of one order over all customers: Gamma-Gamma with the customer's nu integrated out.
    logs = (
        model.q * np.log(model.v)
        + (model.p - 1) * np.log(middles)
        - (model.p + model.q) * np.log(model.v + middles)
        - betaln(model.p, model.q)
    )
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": middles.tolist(),
        "y": (100 * width * np.exp(logs)).tolist(),
        "line": {"color": color, "width": 2, "dash": dash},
        "hoverinfo": "skip",
    }
