"""How often an order is followed by another."""

from stafford.page.chart import ACCENT, SERIES, Chart, NumberTable, line_figure
from stafford.realism.expectations import Expectations
from stafford.realism.facts import Facts
from stafford.realism.measures.purchases import LEAST_ORDERS

CAPTION = (
    "Share of n-th orders that another follows within 52 weeks and before the data end, of customers who "
    "registered within the data."
)


def chart_repeat(facts: Facts, expected: Expectations) -> Chart:
    """Draw the measured curve, and the one that the BG/NBD parameters of the targets imply."""
    curve = facts.repeats
    known = [index for index, orders in enumerate(curve.orders) if orders >= LEAST_ORDERS]
    if not known:
        return Chart("repeat", f"Fewer than {LEAST_ORDERS:,} customers have a whole history here", CAPTION)
    numbers = [index + 1 for index in known]
    followed = [float(100 * curve.followed[index]) for index in known]
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": "measured",
            "x": numbers,
            "y": followed,
            "line": {"color": SERIES, "width": 2},
            "marker": {"size": 7},
            "hovertemplate": "after order %{x}: <b>%{y:.1f} %</b><extra></extra>",
        }
    ]
    header: tuple[str, ...] = ("After order", "Orders", "Followed")
    rows: list[tuple[str, ...]] = [
        (str(n), f"{curve.orders[n - 1]:,}", f"{share:.1f} %")
        for n, share in zip(numbers, followed, strict=True)
    ]
    if expected.purchases is not None:
        implied = facts.imply_repeats(expected.purchases.model()).followed
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": "implied by BG/NBD",
                "x": numbers,
                "y": [float(100 * implied[index]) for index in known],
                "line": {"color": ACCENT, "width": 2, "dash": "dot"},
                "hovertemplate": "after order %{x}: <b>%{y:.1f} %</b> implied<extra></extra>",
            }
        )
        header = (*header, "Implied")
        rows = [(*row, f"{100 * implied[index]:.1f} %") for row, index in zip(rows, known, strict=True)]
    title = f"{followed[0]:.0f} % of first orders are followed by another"
    if len(known) > 1:
        title += f", {followed[-1]:.0f} % after order {numbers[-1]}"
    return Chart(
        "repeat",
        title,
        CAPTION,
        f"{title}. The numbers are below.",
        line_figure(
            traces,
            x_title="Order of the customer",
            y_title="% followed",
            x_axis={"dtick": 1},
            y_axis={"range": [0, 100]},
        ),
        height_px=340,
        numbers=NumberTable(header, tuple(rows)),
    )
