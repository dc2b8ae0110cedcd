"""Charts as SVG that read on a light page and on a dark one, without a library."""

import math
from collections.abc import Sequence
from html import escape

ROW, BAR, LEFT, WIDTH, TOP, ROOM, HIGH = 34, 20, 260, 900, 64, 120, 220

_STYLE = """\
  <style>
    .page { fill: #ffffff; stroke: #d0d7de; }
    .name, .title { fill: #1f2328; font-size: 14px; }
    .title { font-weight: 600; }
    .name { text-anchor: end; }
    .value { fill: #59636e; font-size: 13px; }
    .ours { fill: #2f6fab; }
    .other { fill: #8c959f; }
    .line { fill: none; stroke: #2f6fab; stroke-width: 2; stroke-linejoin: round; }
    .second { stroke: #8c959f; }
    .wanted { stroke: #bc4c00; stroke-dasharray: 6 4; }
    .grid { stroke: #d0d7de; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117; stroke: #30363d; }
      .name, .title { fill: #f0f6fc; }
      .value { fill: #a5aeb8; }
      .ours { fill: #79addc; }
      .other { fill: #6e7681; }
      .line { stroke: #79addc; }
      .second { stroke: #6e7681; }
      .wanted { stroke: #f0883e; }
      .grid { stroke: #30363d; }
    }
  </style>"""


def draw(title: str, bars: Sequence[tuple[str, float, bool]]) -> str:
    """Draw a bar for each (name, value, whether it is ours), all on one linear scale from nought."""
    greatest = max((value for _, value, _ in bars), default=1) or 1
    said = "; ".join(f"{name} {value:,.0f}" for name, value, _ in bars)
    left = max(LEFT, 24 + 8 * max((len(name) for name, _, _ in bars), default=0))
    lines = []
    for place, (name, value, is_ours) in enumerate(bars):
        top = TOP + ROW * place
        length = max(1.0, (WIDTH - left - ROOM) * value / greatest)
        kind = "ours" if is_ours else "other"
        middle = top + BAR - 5
        lines += [
            f'  <text class="name" x="{left - 12}" y="{middle}">{escape(name)}</text>',
            f'  <rect class="{kind}" x="{left}" y="{top}" width="{length:.1f}" height="{BAR}" rx="3"/>',
            f'  <text class="value" x="{left + length + 8:.1f}" y="{middle}">{value:,.0f}</text>',
        ]
    return _frame(title, said, TOP + ROW * len(bars) + 10, lines)


def trace(title: str, lines: Sequence[tuple[str, Sequence[tuple[float, float]]]], *, wanted: float) -> str:
    """Draw one or two lines of (seconds since the beginning, value), and what no value should exceed.

    Raises:
        ValueError: a line without points.
    """
    points = [point for _, line in lines for point in line]
    longest = max(at_s for at_s, _ in points)
    greatest = max(wanted, *(value for _, value in points)) * 1.05
    right, bottom = WIDTH - 30, TOP + 26 + HIGH

    def x_of(at_s: float) -> float:
        return 60 + (right - 60) * at_s / longest

    def y_of(value: float) -> float:
        return bottom - HIGH * value / greatest

    drawn, names = [], []
    for value in _ticks(greatest):
        y = y_of(value)
        drawn += [
            f'  <line class="grid" x1="60" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>',
            f'  <text class="value" x="52" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>',
        ]
    for at_s in _ticks(longest):
        x = f"{x_of(at_s):.1f}"
        drawn.append(
            f'  <text class="value" x="{x}" y="{bottom + 22}" text-anchor="middle">{at_s:g} s</text>'
        )
    for (name, line), kind, x in zip(lines, ("line", "line second"), (60, 240), strict=False):
        corners = " ".join(f"{x_of(at_s):.1f},{y_of(value):.1f}" for at_s, value in line)
        drawn.append(f'  <polyline class="{kind}" points="{corners}"/>')
        names += [(x, kind, name)]
    limit = f"{y_of(wanted):.1f}"
    drawn.append(f'  <line class="line wanted" x1="60" x2="{right}" y1="{limit}" y2="{limit}"/>')
    names.append((420, "line wanted", f"wanted: {wanted:g}"))
    for x, kind, name in names:
        drawn += [
            f'  <line class="{kind}" x1="{x}" x2="{x + 28}" y1="62" y2="62"/>',
            f'  <text class="value" x="{x + 36}" y="67">{escape(name)}</text>',
        ]
    said = "; ".join(
        f"{name} {min(v for _, v in line):.1f} to {max(v for _, v in line):.1f}" for name, line in lines
    )
    return _frame(title, said, bottom + 40, drawn)


def _ticks(greatest: float) -> list[float]:
    """At most six round numbers from nought up to the greatest."""
    power = 10 ** math.floor(math.log10(greatest / 5))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * 5 >= greatest)
    return [step * number for number in range(6) if step * number <= greatest]


def _frame(title: str, said: str, height: int, inner: Sequence[str]) -> str:
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
        '  role="img" aria-labelledby="title description" font-family="system-ui, sans-serif">',
        f'  <title id="title">{escape(title)}</title>',
        f'  <desc id="description">{escape(said)}</desc>',
        _STYLE,
        f'  <rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="10"/>',
        f'  <text class="title" x="24" y="36">{escape(title)}</text>',
    ]
    return "\n".join([*lines, *inner, "</svg>", ""])
