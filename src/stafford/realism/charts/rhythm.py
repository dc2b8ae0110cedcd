"""Sessions by hour of the day and by weekday, each device for itself."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from stafford.page.chart import ACCENT, GOOD, SERIES, Chart, Figure, NumberTable, line_figure
from stafford.realism.evidence.visits import DEVICES, Device
from stafford.realism.expectations import Expectations
from stafford.realism.facts import Facts

COLORS: Final[dict[Device, str]] = {"mobile": SERIES, "desktop": ACCENT, "tablet": GOOD}
DAY_NAMES: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CAPTION: Final = (
    "Share of each device's sessions, by local time. Lines with points are measured, dashes are the targets."
)

Curve = npt.NDArray[np.float64]


def chart_hours(facts: Facts, expected: Expectations) -> Chart:
    """Draw the curve of the day."""
    curves = {device: facts.rhythm.by_hour(device).astype(np.float64) for device in _list_devices(facts)}
    if not curves:
        return Chart("hours", "The day has no rhythm yet", "No whole day is covered.")
    peak = int(np.argmax(np.sum(list(curves.values()), axis=0)))
    return _draw(
        "hours",
        f"Sessions peak at {peak} h local time",
        curves,
        expected.hours,
        names=[str(hour) for hour in range(24)],
        x_title="Local hour",
        x_axis={"tickvals": [0, 4, 8, 12, 16, 20]},
        is_wide=True,
    )


def chart_weekdays(facts: Facts, expected: Expectations) -> Chart:
    """Draw the curve of the week."""
    curves = {device: facts.rhythm.by_weekday(device) for device in _list_devices(facts)}
    if not curves or not np.all(np.isfinite(list(curves.values()))):
        return Chart("weekdays", "The week has no rhythm yet", "Not every weekday is covered.")
    total = np.sum(list(curves.values()), axis=0)
    best, calm = int(np.argmax(total)), int(np.argmin(total))
    return _draw(
        "weekdays",
        f"{DAY_NAMES[best]} is the busiest day, {DAY_NAMES[calm]} the calmest",
        curves,
        expected.weekdays,
        names=DAY_NAMES,
        x_title="Local weekday",
        x_axis={"tickvals": list(range(7)), "ticktext": [name[:3] for name in DAY_NAMES]},
    )


def _list_devices(facts: Facts) -> list[Device]:
    return [
        device
        for device in DEVICES
        if device in facts.rhythm.sessions and facts.rhythm.sessions[device].sum()
    ]


def _draw(
    chart_id: str,
    title: str,
    curves: dict[Device, Curve],
    expected: Mapping[Device, Sequence[float]],
    *,
    names: Sequence[str],
    x_title: str,
    x_axis: Figure,
    is_wide: bool = False,
) -> Chart:
    traces: list[Figure] = []
    rows: list[list[str]] = [[name] for name in names]
    header = [x_title]
    for device, curve in curves.items():
        shares = 100 * curve / curve.sum()
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": device,
                "x": list(range(len(names))),
                "y": shares.tolist(),
                "line": {"color": COLORS[device], "width": 2},
                "marker": {"size": 5},
                "hovertemplate": f"{device} %{{x}}: <b>%{{y:.1f}} %</b><extra></extra>",
            }
        )
        header.append(device)
        for row, share in zip(rows, shares, strict=True):
            row.append(f"{share:.1f} %")
        if device in expected:
            goal = 100 * np.array(expected[device]) / np.sum(expected[device])
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": list(range(len(names))),
                    "y": goal.tolist(),
                    "line": {"color": COLORS[device], "width": 1.5, "dash": "dot"},
                    "hoverinfo": "skip",
                }
            )
            header.append(f"{device}, target")
            for row, share in zip(rows, goal, strict=True):
                row.append(f"{share:.1f} %")
    return Chart(
        chart_id,
        title,
        CAPTION,
        f"{title}. One line for each of {', '.join(curves)}; the numbers are below.",
        line_figure(traces, x_title=x_title, y_title="% of sessions", x_axis=x_axis),
        height_px=340,
        is_wide=is_wide,
        numbers=NumberTable(tuple(header), tuple(tuple(row) for row in rows)),
    )
