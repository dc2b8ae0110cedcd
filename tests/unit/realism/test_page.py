"""The page: complete, safe, and the same for the same measurement."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import plotly.graph_objects as go

from stafford.realism import Measurement, render
from stafford.realism.charts import draw_charts

WRITTEN_AT = datetime(2026, 1, 19, 6, 5, tzinfo=UTC)
HOSTILE = "</script><img src=x onerror=alert(1)>"


def test_same_measurement_gives_the_same_page(measurement: Measurement) -> None:
    """Rendering is pure."""
    assert render(measurement, written_at=WRITTEN_AT) == render(measurement, written_at=WRITTEN_AT)


def test_every_metric_is_on_the_page(measurement: Measurement) -> None:
    """Each row has its title, its verdict, its source and, where it has no value, the reason."""
    html = render(measurement, written_at=WRITTEN_AT)
    assert html.count("<tr>") >= len(measurement.results)
    assert "2 customers with an order registered within the data" in html
    assert "pass" in html
    assert "Dynamic Yield ecommerce benchmark" in html


def test_hostile_text_is_text(measurement: Measurement) -> None:
    """Targets may be anybody's: their texts make no element."""
    targets = measurement.targets.model_copy(update={"profile": HOSTILE, "description": HOSTILE})
    results = tuple(
        replace(result, target=result.target.model_copy(update={"source": HOSTILE}), why=HOSTILE)
        for result in measurement.results
    )
    html = render(Measurement(targets, measurement.facts, results), written_at=WRITTEN_AT)
    assert HOSTILE not in html
    assert "<img" not in html
    assert html.count("</script>") == 3


def test_page_asks_nobody_for_anything(measurement: Measurement) -> None:
    """No element names anything outside of the file, and the policy lets nothing else run."""
    html = render(measurement, written_at=WRITTEN_AT)
    outside_scripts = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    assert re.findall(r'(?:src|href)="([^"]*)"', outside_scripts) == ["data:,"]
    assert "default-src 'none'; script-src 'sha256-" in unescape(html)


def test_every_figure_is_valid_plotly(measurement: Measurement) -> None:
    """Plotly accepts each figure, once colours are named; every chart says what it shows without one."""
    charts = draw_charts(measurement)
    assert [chart.chart_id for chart in charts] == [
        "hours", "weekdays", "funnel", "popularity", "repeat", "dwell", "order-value", "black-friday"
    ]  # fmt: skip
    drawn = [chart for chart in charts if chart.figure is not None]
    assert {chart.chart_id for chart in charts} - {chart.chart_id for chart in drawn} == {"repeat"}
    for chart in drawn:
        text = re.sub(r'"@font"', '"Arial"', json.dumps(chart.figure))
        go.Figure(json.loads(re.sub(r'"@\w+"', '"#123456"', text)))
        assert chart.alternative
        assert chart.numbers is not None
        assert chart.numbers.rows


def test_a_wrong_figure_is_found(measurement: Measurement) -> None:
    """Negative control: plotly refuses what is no trace."""
    figure = draw_charts(measurement)[2].figure
    assert figure is not None
    try:
        go.Figure({"data": [{"type": "no-such-trace"}], "layout": figure["layout"]})
    except ValueError:
        return
    raise AssertionError("plotly accepted a trace that does not exist")
