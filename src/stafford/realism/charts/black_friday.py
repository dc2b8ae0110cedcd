"""November by day."""

import numpy as np

from stafford.page.chart import ACCENT, SERIES, SOFT, Chart, NumberTable, line_figure
from stafford.realism.facts import Facts
from stafford.realism.measures.rhythm import find_black_friday, find_novembers

CAPTION = "Sessions and orders of each local day of November, as multiples of November's mean day."


def chart_black_friday(facts: Facts) -> Chart:
    """Draw the last November that is covered in full, with Black Friday marked."""
    novembers = find_novembers(facts.rhythm)
    if not novembers:
        return Chart("black-friday", "The data do not cover a whole November", CAPTION, is_wide=True)
    november = novembers[-1]
    days = facts.rhythm.days[november]
    friday = find_black_friday(days[0].year)
    sessions = facts.rhythm.sessions_by_day[november] / max(
        facts.rhythm.sessions_by_day[november].mean(), 1e-9
    )
    orders = facts.rhythm.orders[november] / max(facts.rhythm.orders[november].mean(), 1e-9)
    labels = [f"{day:%d}" for day in days]
    place = days.index(friday)
    title = (
        f"Black Friday, {friday:%d} November {friday.year}: {sessions[place]:.1f} times the sessions "
        f"and {orders[place]:.1f} times the orders of a mean day"
    )
    return Chart(
        "black-friday",
        title,
        CAPTION,
        f"{title}. Bars are sessions, the line is orders.",
        line_figure(
            [
                {
                    "type": "bar",
                    "name": "sessions",
                    "x": labels,
                    "y": sessions.tolist(),
                    "marker": {"color": [SERIES if day == friday else SOFT for day in days]},
                    "hovertemplate": "%{x} November: <b>%{y:.2f}</b> times the sessions<extra></extra>",
                },
                {
                    "type": "scatter",
                    "mode": "lines+markers",
                    "name": "orders",
                    "x": labels,
                    "y": orders.tolist(),
                    "line": {"color": ACCENT, "width": 2},
                    "marker": {"size": 5},
                    "hovertemplate": "%{x} November: <b>%{y:.2f}</b> times the orders<extra></extra>",
                },
            ],
            x_title="Day of November",
            y_title="Times the mean day",
            x_axis={"type": "category", "showgrid": False, "nticks": 10},
        ),
        height_px=320,
        is_wide=True,
        numbers=NumberTable(
            ("Day", "Sessions", "Orders"),
            tuple(
                (f"{day:%a %d}", f"{visits:.2f}x", f"{bought:.2f}x")
                for day, visits, bought in zip(days, np.asarray(sessions), np.asarray(orders), strict=True)
            ),
        ),
    )
