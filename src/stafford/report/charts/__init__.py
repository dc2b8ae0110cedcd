"""The charts of the report, in the order of the page. Each is pure: data in, `Chart` out."""

from stafford.page.chart import Chart
from stafford.report.charts.funnel import chart_funnel
from stafford.report.charts.products import chart_products
from stafford.report.charts.quarantine import chart_quarantine
from stafford.report.charts.rhythm import chart_rhythm
from stafford.report.charts.timeline import chart_revenue, chart_traffic
from stafford.report.coverage import Coverage
from stafford.report.data import ReportData

__all__ = ["Chart", "draw_charts"]


def draw_charts(data: ReportData, coverage: Coverage | None) -> tuple[Chart, ...]:
    """Make every chart of the page; one that has nothing to draw says so in its title."""
    return (
        chart_revenue(data, coverage),
        chart_traffic(data, coverage),
        chart_rhythm(data, coverage),
        chart_funnel(data),
        chart_products(data),
        chart_quarantine(data),
    )
