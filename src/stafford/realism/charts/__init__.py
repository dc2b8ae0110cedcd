"""The plots of the page, in its order. Each is pure: a measurement in, `Chart` out."""

from stafford.page import Chart
from stafford.realism.charts.black_friday import chart_black_friday
from stafford.realism.charts.dwell import chart_dwell
from stafford.realism.charts.funnel import chart_funnel
from stafford.realism.charts.order_value import chart_order_value
from stafford.realism.charts.popularity import chart_popularity
from stafford.realism.charts.repeat import chart_repeat
from stafford.realism.charts.rhythm import chart_hours, chart_weekdays
from stafford.realism.measurement import Measurement

__all__ = ["draw_charts"]


def draw_charts(measurement: Measurement) -> tuple[Chart, ...]:
    """Make every plot; one that has nothing to draw says why."""
    facts, expected = measurement.facts, measurement.targets.expected
    return (
        chart_hours(facts, expected),
        chart_weekdays(facts, expected),
        chart_funnel(facts),
        chart_popularity(facts),
        chart_repeat(facts, expected),
        chart_dwell(facts),
        chart_order_value(facts, expected),
        chart_black_friday(facts),
    )
