"""Revenue and traffic over the time that the shop was open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from stafford.page.chart import ACCENT, SERIES, SOFT, Chart, NumberTable, column_figure
from stafford.report.coverage import DAY, HOUR, Coverage
from stafford.report.data import ReportData
from stafford.report.wording import say_count, say_day, say_euros, say_hour, say_instant, say_share

FEW_DAYS: Final = 3  # up to so many days are drawn hour by hour
MANY_DAYS: Final = 45  # beyond so many, traffic is drawn day by day
WHOLE_DAY: Final = 24
FEW_POINTS: Final = 8  # so many units an axis of time has at least
PLOTLY_INSTANT: Final = "%Y-%m-%d %H:%M"


@dataclass(frozen=True, slots=True)
class DaySum:
    """A measure over the covered hours of one day."""

    day: date
    amount: int
    hours: int

    @property
    def is_whole(self) -> bool:
        """Whether all hours of the day are covered."""
        return self.hours == WHOLE_DAY


def chart_revenue(data: ReportData, coverage: Coverage | None) -> Chart:
    """Draw revenue by day, or by hour while there are few days."""
    chart_id = "revenue"
    if coverage is None or data.totals.order_count == 0:
        return Chart(chart_id, "No order has been placed yet", "Revenue by day appears here.", is_wide=True)
    cents = coverage.spread(data.revenue, "revenue_cents")
    missing = coverage.left_out(data.revenue, "revenue_cents")
    aside = f" {say_euros(missing)} outside of this time is not drawn." if missing else ""
    if len(coverage.hours_by_day) <= FEW_DAYS:
        return _revenue_by_hour(chart_id, coverage, cents, aside)
    return _revenue_by_day(chart_id, coverage, cents, aside)


def chart_traffic(data: ReportData, coverage: Coverage | None) -> Chart:
    """Draw the sessions that started in each hour; in each day when there are many."""
    chart_id = "traffic"
    sessions = coverage.spread(data.traffic, "sessions") if coverage else ()
    if coverage is None or not sum(sessions):
        return Chart(chart_id, "Nobody has come yet", "Sessions by hour appear here.", is_wide=True)
    days = _sum_days(coverage, sessions)
    missing = coverage.left_out(data.traffic, "sessions")
    aside = f" {say_count(missing, 'session')} outside of this time not drawn." if missing else ""
    by_day = len(days) > MANY_DAYS
    if by_day:
        points, values, unit = [str(day.day) for day in days], [day.amount for day in days], "day"
        top = max(days, key=lambda day: day.amount)
        peak, when = top.amount, f"on {say_day(top.day)}"
    else:
        points, values, unit = _instants(coverage.hours), list(sessions), "hour"
        peak, hour = _peak(coverage.hours, sessions)
        when = f"at {say_hour(hour.hour)} on {say_day(hour.date())}"
    mean = sum(values) / len(values)
    title = f"Traffic peaks {when}: {say_count(peak, 'session')} in one {unit}"
    if len(values) > 1:
        title += f", {peak / mean:.1f} times the average"
    trace = {
        "type": "scatter",
        "mode": "lines" if len(points) > 1 else "markers",
        "x": points,
        "y": values,
        "line": {"color": SERIES, "width": 2},
        "marker": {"color": SERIES, "size": 9},
        "fill": "tozeroy",
        "fillcolor": "@wash",
        "hovertemplate": "<b>%{y:,} sessions</b><extra></extra>",
    }
    return Chart(
        chart_id,
        title,
        f"Sessions that started in each {unit}, UTC.{aside}",
        f"Line of sessions per {unit} from {say_instant(coverage.start)} to {say_instant(coverage.end)} UTC. "
        f"The average {unit} has {mean:,.0f}, the quietest {min(values):,}, the busiest {peak:,}, {when}.",
        column_figure(
            [trace],
            x_title="Time (UTC)",
            y_title=f"Sessions per {unit}",
            x_axis=_time_axis(coverage, DAY if by_day else HOUR),
        ),
        numbers=_number_days(days, "Sessions", [say_count(day.amount) for day in days]),
        is_wide=True,
    )


def _revenue_by_day(chart_id: str, coverage: Coverage, cents: Sequence[int], aside: str) -> Chart:
    days = _sum_days(coverage, cents)
    whole = [day for day in days if day.is_whole] or days
    top = max(whole, key=lambda day: day.amount)
    mean = sum(day.amount for day in whole) / len(whole)
    title = f"Revenue peaks on {say_day(top.day)}: {say_euros(top.amount)} a day"
    if mean and len(whole) > 1:
        title += f", {say_share(top.amount - mean, mean)} above the average day"
    partial = " Pale bars are days of which only a part is covered." if len(whole) < len(days) else ""
    colors = [ACCENT if day is top else SERIES if day.is_whole else SOFT for day in days]
    figure = column_figure(
        [_columns([str(day.day) for day in days], [day.amount for day in days], colors, DAY)],
        x_title="Day (UTC)",
        y_title="EUR per day",
        x_axis=_time_axis(coverage, DAY),
    )
    return Chart(
        chart_id,
        title,
        f"Orders placed, in euros per day, cancelled ones included.{partial}{aside}",
        f"Bars of revenue for each of {len(days)} days. The average whole day brings {say_euros(mean)}; "
        f"the best, {say_day(top.day)}, {say_euros(top.amount)}.",
        figure,
        numbers=_number_days(days, "Revenue", [say_euros(day.amount) for day in days]),
        is_wide=True,
    )


def _revenue_by_hour(chart_id: str, coverage: Coverage, cents: Sequence[int], aside: str) -> Chart:
    peak, hour = _peak(coverage.hours, cents)
    if len(coverage.hours) == 1:
        title = f"The shop took {say_euros(peak)} in its first hour"
    else:
        title = (
            f"Revenue peaks at {say_hour(hour.hour)} on {say_day(hour.date())}: {say_euros(peak)} in one hour"
        )
    colors = [ACCENT if covered == hour else SERIES for covered in coverage.hours]
    figure = column_figure(
        [_columns(_instants(coverage.hours), cents, colors, HOUR)],
        x_title="Time (UTC)",
        y_title="EUR per hour",
        x_axis=_time_axis(coverage, HOUR),
    )
    rows = zip(_instants(coverage.hours), map(say_euros, cents), strict=True)
    return Chart(
        chart_id,
        title,
        f"Orders placed, in euros per hour, cancelled ones included.{aside}",
        f"Bars of revenue for each of {say_count(len(cents), 'hour')}; {say_euros(sum(cents))} altogether.",
        figure,
        numbers=NumberTable(("Hour (UTC)", "Revenue"), tuple(rows)),
        is_wide=True,
    )


def _columns(
    points: Sequence[str], cents: Sequence[int], colors: Sequence[str], unit: timedelta
) -> dict[str, object]:
    return {
        "type": "bar",
        "x": list(points),
        "y": [amount / 100 for amount in cents],
        "width": 0.82 * unit / timedelta(milliseconds=1),
        "marker": {"color": list(colors)},
        "hovertemplate": "<b>EUR %{y:,.2f}</b><extra></extra>",
    }


def _time_axis(coverage: Coverage, unit: timedelta) -> dict[str, object]:
    # Plotly makes an axis of one instant a few milliseconds long: give few points room around them.
    start, end = coverage.start, coverage.hours[-1]
    if unit == DAY:
        start, end = (instant.replace(hour=0) for instant in (start, end))
    room = max(unit / 2, (FEW_POINTS * unit - (end - start)) / 2)
    return {
        "type": "date",
        "range": [(start - room).strftime(PLOTLY_INSTANT), (end + room).strftime(PLOTLY_INSTANT)],
    }


def _sum_days(coverage: Coverage, amounts: Sequence[int]) -> list[DaySum]:
    sums: dict[date, int] = dict.fromkeys(coverage.hours_by_day, 0)
    for hour, amount in zip(coverage.hours, amounts, strict=True):
        sums[hour.date()] += amount
    return [DaySum(day, amount, coverage.hours_by_day[day]) for day, amount in sums.items()]


def _number_days(days: Sequence[DaySum], measure: str, amounts: Sequence[str]) -> NumberTable:
    rows = tuple(
        (f"{day.day} {say_day(day.day).split()[0]}", amount, str(day.hours))
        for day, amount in zip(days, amounts, strict=True)
    )
    return NumberTable(("Day (UTC)", measure, "Hours covered"), rows)


def _peak(hours: Sequence[datetime], amounts: Sequence[int]) -> tuple[int, datetime]:
    # The first of equal peaks.
    place = max(range(len(amounts)), key=lambda index: amounts[index])
    return amounts[place], hours[place]


def _instants(hours: Sequence[datetime]) -> list[str]:
    return [hour.strftime(PLOTLY_INSTANT) for hour in hours]
