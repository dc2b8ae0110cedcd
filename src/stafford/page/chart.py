"""What every chart on the page is made of, and the look that they share.

Colours are roles such as "@series": the page gives each role its colour, light or dark.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

Figure = dict[str, Any]

SERIES: Final = "@series"
GOOD: Final = "@good"
MUTED: Final = "@muted"
SOFT: Final = "@soft"
ACCENT: Final = "@accent"
BAD: Final = "@bad"

FEW: Final = 5  # up to here, counts get a tick each
MANY: Final = 10_000  # from here on, ticks are abbreviated


@dataclass(frozen=True, slots=True)
class NumberTable:
    """The numbers behind a chart, as text in cells; the first column names the row."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure of the page.

    `title` says what the figure shows, `caption` what is drawn and in which unit, `alternative` what somebody
    who cannot see it has to know. `figure` follows plotly's JSON schema and is None when there is nothing
    to draw. All texts are plain: the page escapes them.
    """

    chart_id: str
    title: str
    caption: str
    alternative: str = ""
    figure: Figure | None = None
    height_px: int = 300
    numbers: NumberTable | None = None
    is_wide: bool = False


def quote(text: str) -> str:
    """Make a text from outside safe inside a figure, where plotly reads a little HTML."""
    return escape(text, quote=False)


def column_figure(
    traces: Sequence[Figure], *, x_title: str, y_title: str, x_axis: Figure | None = None
) -> Figure:
    """Put upright traces on shared axes: value upwards from zero, time or hour to the right."""
    axis = {"fixedrange": True, "linecolor": "@line", "tickcolor": "@line", "automargin": True}
    return {
        "data": list(traces),
        "layout": {
            **_base_layout(),
            "hovermode": "x",
            "bargap": 0.18,
            "margin": {"l": 8, "r": 8, "t": 12, "b": 8},
            "xaxis": {
                **axis,
                "showgrid": False,
                "title": {"text": x_title, "standoff": 10},
                **(x_axis or {}),
            },
            "yaxis": {
                **axis,
                "rangemode": "tozero",
                "gridcolor": "@line",
                "zeroline": False,
                **_ticks([value for trace in traces for value in trace["y"]], at_most=6),
                "title": {"text": y_title, "standoff": 10},
            },
        },
    }


def line_figure(
    traces: Sequence[Figure],
    *,
    x_title: str,
    y_title: str,
    x_axis: Figure | None = None,
    y_axis: Figure | None = None,
) -> Figure:
    """Put lines and points on shared axes, with a legend above them for all traces that have a name."""
    axis = {
        "fixedrange": True,
        "linecolor": "@line",
        "tickcolor": "@line",
        "gridcolor": "@line",
        "automargin": True,
    }
    named = [trace for trace in traces if trace.get("name")]
    return {
        "data": [{"showlegend": bool(trace.get("name")), **trace} for trace in traces],
        "layout": {
            **_base_layout(),
            "showlegend": bool(named),
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 1.02,
                "yanchor": "bottom",
                "itemclick": False,
                "itemdoubleclick": False,
            },
            "hovermode": "closest",
            "bargap": 0.05,
            "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
            "xaxis": {
                **axis,
                "zeroline": False,
                "title": {"text": x_title, "standoff": 10},
                **(x_axis or {}),
            },
            "yaxis": {
                **axis,
                "zeroline": False,
                "rangemode": "tozero",
                "title": {"text": y_title, "standoff": 10},
                **(y_axis or {}),
            },
        },
    }


def bar_figure(
    labels: Sequence[str],
    values: Sequence[float],
    *,
    value_texts: Sequence[str],
    colors: Sequence[str],
    x_title: str,
    hover_texts: Sequence[str],
) -> Figure:
    """Draw lying bars from top to bottom, each with its name and value written above it.

    Names above bars rather than beside them: they need no margin, so a phone shows them in full.
    """
    places = list(range(len(labels)))
    names = [
        {
            "x": 0,
            "y": place,
            "xref": "x",
            "yref": "y",
            "xanchor": "left",
            "yanchor": "bottom",
            "xshift": -2,
            "yshift": 9,
            "showarrow": False,
            "align": "left",
            "font": {"color": "@text"},
            "text": f"{quote(label)} <b>{quote(value)}</b>",
        }
        for place, label, value in zip(places, labels, value_texts, strict=True)
    ]
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": list(values),
                "y": places,
                "width": 0.34,
                "marker": {"color": list(colors)},
                "hovertext": [quote(text) for text in hover_texts],
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        ],
        "layout": {
            **_base_layout(),
            "annotations": names,
            "margin": {"l": 8, "r": 12, "t": 4, "b": 8},
            "xaxis": {
                "fixedrange": True,
                "automargin": True,
                "rangemode": "tozero",
                "gridcolor": "@line",
                "zeroline": False,
                **_ticks(values, at_most=5),
                "title": {"text": x_title, "standoff": 8},
            },
            "yaxis": {
                "fixedrange": True,
                "visible": False,
                "range": [len(labels) - 0.65, -0.75],
            },
        },
    }


def bar_height(count: int) -> int:
    """How high a figure of that many lying bars is, in CSS pixels."""
    return 46 * count + 60


def _ticks(values: Sequence[float], *, at_most: int) -> Figure:
    # "~s" writes 12000 as 12k, but 0.2 as 200m: it is for large numbers alone.
    top = max(values, default=0)
    if top <= FEW and all(value == int(value) for value in values):
        return {"dtick": 1, "tickformat": "d"}
    return {"nticks": at_most, "tickformat": "~s" if top >= MANY else ",~f"}


def _base_layout() -> Figure:
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "@font", "size": 12, "color": "@muted"},
        "hoverlabel": {
            "bgcolor": "@surface",
            "bordercolor": "@line",
            "font": {"family": "@font", "size": 13, "color": "@text"},
            "align": "left",
        },
        "showlegend": False,
        "dragmode": False,
        "autosize": True,
    }
