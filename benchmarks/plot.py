"""A bar chart as SVG that reads on a light page and on a dark one, without a library."""

from collections.abc import Sequence
from html import escape

ROW, BAR, LEFT, WIDTH, TOP, ROOM = 34, 20, 260, 900, 64, 120

_STYLE = """\
  <style>
    .page { fill: #ffffff; stroke: #d0d7de; }
    .name, .title { fill: #1f2328; font-size: 14px; }
    .title { font-weight: 600; }
    .name { text-anchor: end; }
    .value { fill: #59636e; font-size: 13px; }
    .ours { fill: #2f6fab; }
    .other { fill: #8c959f; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117; stroke: #30363d; }
      .name, .title { fill: #f0f6fc; }
      .value { fill: #a5aeb8; }
      .ours { fill: #79addc; }
      .other { fill: #6e7681; }
    }
  </style>"""


def draw(title: str, bars: Sequence[tuple[str, float, bool]]) -> str:
    """Draw a bar for each (name, value, whether it is ours), all on one linear scale from nought."""
    height = TOP + ROW * len(bars) + 10
    greatest = max((value for _, value, _ in bars), default=1) or 1
    said = "; ".join(f"{name} {value:,.0f}" for name, value, _ in bars)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
        '  role="img" aria-labelledby="title description" font-family="system-ui, sans-serif">',
        f'  <title id="title">{escape(title)}</title>',
        f'  <desc id="description">{escape(said)}</desc>',
        _STYLE,
        f'  <rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="10"/>',
        f'  <text class="title" x="24" y="36">{escape(title)}</text>',
    ]
    for place, (name, value, is_ours) in enumerate(bars):
        top = TOP + ROW * place
        length = max(1.0, (WIDTH - LEFT - ROOM) * value / greatest)
        kind = "ours" if is_ours else "other"
        middle = top + BAR - 5
        lines += [
            f'  <text class="name" x="{LEFT - 12}" y="{middle}">{escape(name)}</text>',
            f'  <rect class="{kind}" x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR}" rx="3"/>',
            f'  <text class="value" x="{LEFT + length + 8:.1f}" y="{middle}">{value:,.0f}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])
