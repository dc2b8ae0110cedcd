"""Revenue over the hours of the day."""

from stafford.page.chart import ACCENT, SERIES, Chart, NumberTable, column_figure
from stafford.report.coverage import Coverage
from stafford.report.data import ReportData
from stafford.report.wording import say_count, say_euros, say_hour


def chart_rhythm(data: ReportData, coverage: Coverage | None) -> Chart:
    """Draw what the shop takes in an average hour, for each hour of the day that is covered."""
    chart_id = "rhythm"
    if coverage is None or data.totals.order_count == 0:
        return Chart(
            chart_id, "The day has no rhythm yet", "Average revenue by hour of the day appears here."
        )
    sums = dict.fromkeys(coverage.hours_by_hour_of_day, 0)
    for hour, cents in zip(coverage.hours, coverage.spread(data.revenue, "revenue_cents"), strict=True):
        sums[hour.hour] += cents
    means = {hour: cents / coverage.hours_by_hour_of_day[hour] for hour, cents in sums.items()}
    best = max(means, key=means.__getitem__)
    calm = min(means, key=means.__getitem__)
    trace = {
        "type": "bar",
        "x": list(means),
        "y": [cents / 100 for cents in means.values()],
        "marker": {"color": [ACCENT if hour == best else SERIES for hour in means]},
        "hovertemplate": "<b>EUR %{y:,.2f}</b><extra></extra>",
    }
    axis = {"range": [-0.6, 23.6], "tickvals": [0, 4, 8, 12, 16, 20]}
    rows = tuple(
        (say_hour(hour), say_euros(cents), str(coverage.hours_by_hour_of_day[hour]))
        for hour, cents in means.items()
    )
    return Chart(
        chart_id,
        f"Revenue peaks at {say_hour(best)}: {say_euros(means[best])} an hour",
        "Revenue of an average hour, by hour of the day, UTC.",
        f"Bars for {say_count(len(means), 'hour')} of the day. The best is {say_hour(best)} with "
        f"{say_euros(means[best])}, the calmest {say_hour(calm)} with {say_euros(means[calm])}.",
        column_figure([trace], x_title="Hour of the day (UTC)", y_title="EUR per hour", x_axis=axis),
        height_px=320,
        numbers=NumberTable(("Hour (UTC)", "Revenue of an average hour", "Hours averaged"), rows),
    )
