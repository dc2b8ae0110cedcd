"""What the charts say, and that plotly understands how they say it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import plotly.graph_objects as go
import pyarrow as pa
import pytest

from stafford.report import ReportData
from stafford.report.charts import Chart, draw_charts
from stafford.report.coverage import cover
from stafford.report.data import PRODUCT_SCHEMA, REVENUE_SCHEMA, TRAFFIC_SCHEMA, FunnelStep, Totals

WRITTEN_AT = datetime(2026, 1, 19, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 12, tzinfo=UTC)
ROLES = ("@series", "@soft", "@wash", "@accent", "@bad", "@line", "@text", "@muted", "@surface", "@font")


def draw(data: ReportData) -> dict[str, Chart]:
    """All charts of the page by their ids."""
    return {chart.chart_id: chart for chart in draw_charts(data, cover(data))}


def shop(cents_by_hour: dict[int, int], sessions_by_hour: dict[int, int] | None = None) -> ReportData:
    """A shop that took these cents in these hours after midnight."""

    def table(amounts: dict[int, int], schema: pa.Schema) -> pa.Table:
        hours = [MIDNIGHT + timedelta(hours=hour) for hour in amounts]
        return pa.table([hours, list(amounts.values())], schema=schema)

    return ReportData(
        WRITTEN_AT,
        totals=Totals(order_count=len(cents_by_hour), revenue_cents=sum(cents_by_hour.values())),
        revenue=table(cents_by_hour, REVENUE_SCHEMA),
        traffic=table(sessions_by_hour or cents_by_hour, TRAFFIC_SCHEMA),
    )


def colored(value: Any) -> Any:
    """A figure with a colour in the place of each role, as the page does."""
    if isinstance(value, str) and value in ROLES:
        return "sans-serif" if value == "@font" else "#123456"
    if isinstance(value, dict):
        return {key: colored(item) for key, item in value.items()}
    return [colored(item) for item in value] if isinstance(value, list) else value


def test_every_figure_is_valid_plotly(data: ReportData) -> None:
    """Plotly's own schema accepts every figure, and knows all roles as colours."""
    charts = draw(data)
    assert set(charts) == {"revenue", "traffic", "rhythm", "funnel", "products", "quarantine"}
    for chart in charts.values():
        assert chart.figure is not None
        go.Figure(colored(chart.figure))


def test_plotly_refuses_a_wrong_figure(data: ReportData) -> None:
    """The judge of the test above does refuse: a property that does not exist, and a role left in."""
    figure = draw(data)["revenue"].figure
    assert figure is not None
    with pytest.raises(ValueError, match="colour"):
        go.Figure(colored(figure | {"layout": {"colour": "red"}}))
    with pytest.raises(ValueError, match="@series"):
        go.Figure(figure)


def test_every_chart_has_words(data: ReportData) -> None:
    """Each chart has a title with a number in it, a caption, a text alternative, units and its numbers."""
    for chart in draw(data).values():
        assert any(letter.isdigit() for letter in chart.title), chart.chart_id
        assert chart.caption
        assert chart.alternative
        assert chart.numbers
        assert chart.figure is not None
        assert chart.figure["layout"]["xaxis"]["title"]["text"]


def test_revenue_names_the_best_day() -> None:
    """The title names the best whole day; a day that is covered in part neither wins nor moves the mean."""
    cents = dict.fromkeys(range(24 * 4), 100_00) | {24: 350_00} | {24 * 4: 9_999_00}
    chart = draw(shop(cents))["revenue"]
    assert chart.title == "Revenue peaks on Tuesday 13 January: EUR 2,650 a day, 7.6 % above the average day"
    assert "part is covered" in chart.caption


def test_few_days_are_drawn_by_the_hour() -> None:
    """Up to three days, revenue is drawn by the hour, and an hour without an order is a zero."""
    chart = draw(shop({3: 50_00, 20: 1_234_00, 30: 70_00}))["revenue"]
    assert chart.title == "Revenue peaks at 20 h on Monday 12 January: EUR 1,234 in one hour"
    assert chart.figure is not None
    assert len(chart.figure["data"][0]["y"]) == 28


def test_rhythm_averages_over_the_hours_that_were_open() -> None:
    """An hour of the day that was covered twice is averaged over two, an uncovered one is not drawn."""
    chart = draw(shop({8: 100_00, 9: 10_00, 24 + 8: 300_00}))["rhythm"]
    assert chart.title == "Revenue peaks at 8 h: EUR 200 an hour"
    two_hours = draw(shop({8: 100_00, 9: 10_00}))["rhythm"]
    assert two_hours.figure is not None
    assert two_hours.figure["data"][0]["x"] == [8, 9]


def test_traffic_names_its_peak() -> None:
    """The title of traffic names hour, day and how far it is above the average."""
    chart = draw(shop({0: 1}, {0: 10, 1: 10, 20: 64}))["traffic"]
    assert chart.title == (
        "Traffic peaks at 20 h on Monday 12 January: 64 sessions in one hour, 16.0 times the average"
    )


def test_a_wrong_clock_does_not_stretch_the_axis(data: ReportData) -> None:
    """A session from 2001 is left out of a chart of 2026, and the caption says so."""
    old = pa.table([[datetime(2001, 1, 1, tzinfo=UTC)], [3]], schema=TRAFFIC_SCHEMA)
    chart = draw(replace(data, traffic=pa.concat_tables([old, data.traffic])))["traffic"]
    assert "3 sessions outside of this time" in chart.caption
    assert chart.figure is not None
    assert min(chart.figure["data"][0]["x"]) == "2026-01-12 00:00"
    assert "outside" not in draw(data)["traffic"].caption


def test_a_year_of_traffic_is_drawn_by_the_day() -> None:
    """Many days are drawn as days: a year is 365 points, not 8760."""
    chart = draw(shop({0: 1}, dict.fromkeys(range(24 * 365), 2)))["traffic"]
    assert chart.figure is not None
    assert len(chart.figure["data"][0]["x"]) == 365
    assert "48 sessions in one day" in chart.title


def test_one_single_hour_is_a_page() -> None:
    """One hour of data gives charts whose words fit one hour."""
    charts = draw(shop({5: 42_00}, {5: 1}))
    assert charts["revenue"].title == "The shop took EUR 42.00 in its first hour"
    assert charts["traffic"].title == "Traffic peaks at 5 h on Monday 12 January: 1 session in one hour"
    assert charts["rhythm"].title == "Revenue peaks at 5 h: EUR 42.00 an hour"
    for name in ("revenue", "traffic"):
        figure = charts[name].figure
        assert figure is not None
        # Left to itself, plotly makes the axis of one instant a millisecond long.
        assert figure["layout"]["xaxis"]["range"] == ["2026-01-12 01:00", "2026-01-12 09:00"]


def test_nothing_yet_is_said() -> None:
    """Without data no figure is drawn, and every title says that there is nothing."""
    for chart in draw(ReportData(WRITTEN_AT)).values():
        assert chart.figure is None
        assert chart.title.startswith(("No ", "Nobody ", "Nothing ", "The day has no ", "Quarantine has not"))


def test_funnel_names_its_steepest_step() -> None:
    """The title names the step that loses the largest share, in whole words."""
    steps = (FunnelStep("came", 1000), FunnelStep("saw a product", 700), FunnelStep("ordered", 20))
    chart = draw(ReportData(WRITTEN_AT, funnel=steps))["funnel"]
    assert chart.title == (
        "2.0 % of sessions end in an order; of those who saw a product, 97 % leave before they have ordered"
    )


def test_funnel_survives_a_step_that_grows() -> None:
    """Where quarantine took the events of a middle step, nothing is divided by it and nobody left."""
    steps = (FunnelStep("came", 5), FunnelStep("saw a product", 0), FunnelStep("ordered", 5))
    assert "end in an order" in draw(ReportData(WRITTEN_AT, funnel=steps))["funnel"].title
    even = (FunnelStep("came", 5), FunnelStep("ordered", 5))
    assert draw(ReportData(WRITTEN_AT, funnel=even))["funnel"].title == "100 % of sessions end in an order"


def test_product_names_are_text_to_plotly(data: ReportData) -> None:
    """Plotly reads a little HTML in labels; a product name gets none through."""
    chart = draw(data)["products"]
    assert chart.figure is not None
    label = chart.figure["layout"]["annotations"][0]["text"]
    assert label.startswith("&lt;/script&gt;&lt;script&gt;")
    assert label.replace("<b>", "").replace("</b>", "").count("<") == 0


def test_long_product_name_is_cut(data: ReportData) -> None:
    """A name that no phone can show is cut beside its bar, and whole in the numbers."""
    chart = draw(data)["products"]
    assert chart.figure is not None
    assert "A teapot with a name that goe…" in chart.figure["layout"]["annotations"][2]["text"]
    assert chart.numbers is not None
    assert chart.numbers.rows[2][0].endswith("can show in one line")


def test_product_without_a_name_goes_by_its_id() -> None:
    """A product that no clean event introduced is shown by its id."""
    products = pa.table([["prd-9"], [None], [None], [2], [500]], schema=PRODUCT_SCHEMA)
    chart = draw(ReportData(WRITTEN_AT, totals=Totals(items_cents=1000), products=products))["products"]
    assert chart.title == "“prd-9” earns most: EUR 5.00, 50 % of what was sold"


def test_quarantine_says_what_most_records_are_there_for(data: ReportData) -> None:
    """The title gives share, count and the commonest kind of reason, over all topics."""
    chart = draw(data)["quarantine"]
    assert chart.title == "0.6 % of records are in quarantine: 1,204, of which 35 % for malformed json"
    assert "Every reason matches" in chart.caption


def test_unforetold_reason_comes_first_and_red(spoil: Callable[..., ReportData]) -> None:
    """A reason that does not match the ledger is drawn first and red, however many there are."""
    many = [{"topic": "orders", "reason": f"required:f{n}", "expected": 9, "found": 9} for n in range(20)]
    wrong = {"topic": "orders", "reason": "empty_body", "expected": 2, "found": 1}
    chart = draw(spoil(reconciled=False, quarantine_reasons=[*many, wrong]))["quarantine"]
    assert chart.figure is not None
    assert chart.figure["data"][0]["marker"]["color"][:2] == ["@bad", "@series"]
    assert "1 reason not as the ledger foretold" in chart.caption
    assert "11 reasons more in the table" in chart.caption
    assert chart.numbers is not None
    assert chart.numbers.rows[0][-1] == "off by -1"


def test_difference_without_a_finding_is_no_fault(spoil: Callable[..., ReportData]) -> None:
    """Another producer's record in quarantine makes no red bar in a run that reconciles."""
    other = {"topic": "orders", "reason": "empty_body", "expected": 2, "found": 3}
    chart = draw(spoil(quarantine_reasons=[other]))["quarantine"]
    assert chart.figure is not None
    assert chart.figure["data"][0]["marker"]["color"] == ["@series"]
    assert "without any event out of place" in chart.caption


def test_run_without_an_end_ends_with_its_data(spoil: Callable[..., ReportData]) -> None:
    """Where nobody noted when a run ended, its last row does; before it opened nothing is drawn."""
    run = {"run_id": "r", "seed": 1, "profile": "shop", "opens_at": "2026-01-13T00:00:00Z"}
    coverage = cover(spoil(runs=[run]))
    assert coverage is not None
    assert (coverage.start, coverage.end) == (
        datetime(2026, 1, 13, tzinfo=UTC),
        datetime(2026, 1, 19, 4, tzinfo=UTC),
    )


def test_empty_quarantine_is_said(spoil: Callable[..., ReportData]) -> None:
    """An empty quarantine is news, unless the ledger foretold otherwise."""
    assert draw(spoil(quarantine_reasons=[]))["quarantine"].title == "No record is in quarantine"
    missed = [{"topic": "orders", "reason": "empty_body", "expected": 2, "found": 0}]
    assert "though the ledger foretold" in draw(spoil(quarantine_reasons=missed))["quarantine"].title


def test_small_counts_have_no_fractions() -> None:
    """An axis of a few counts has whole ticks; one of fractions is never written in thousandths."""
    few = draw(shop({0: 20}, {0: 2}))
    for name, wanted in (("traffic", "d"), ("revenue", ",~f")):
        figure = few[name].figure
        assert figure is not None
        assert figure["layout"]["yaxis"]["tickformat"] == wanted
