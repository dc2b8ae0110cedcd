"""How the live numbers look. Only colours that are read on dark and on light."""

from dataclasses import dataclass
from datetime import datetime

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from stafford.cli.big_digits import enlarge
from stafford.cli.quantities import write_age
from stafford.domain.money import format_cents
from stafford.live.board import Reading
from stafford.live.numbers import ACTIVE_FOR, TOP_MINUTES, Numbers, ProductSales, Sales

STALE_AFTER_S = 15.0
"""They are written once a second; a busy machine misses some rounds, and none misses fifteen."""

WIDE = 110
"""From this width on, products stand beside the figures rather than below."""

_COLUMN = 60
_INSIDE = _COLUMN - 4

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_CHART_LINES = 3
_BAR = 12
_START = "`stafford ingest --continuous` writes them, with this home and the same STAFFORD_REDIS"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the last look brought."""

    reading: Reading | None
    """The newest numbers that could be had; None where there are none."""
    trouble: str | None = None
    """Why the last look brought none; then the reading is an older one."""
    since_s: float = 0.0
    """How long ago the reading was had."""

    @property
    def age_s(self) -> float:
        """How old the numbers are."""
        return self.since_s + (self.reading.age_s if self.reading else 0.0)

    @property
    def warning(self) -> str | None:
        """What must not be overlooked."""
        if self.trouble:
            old = f": THESE NUMBERS ARE {write_age(self.age_s)} OLD" if self.reading else ""
            return f"NO ANSWER FROM REDIS{old}"
        if self.age_s > STALE_AFTER_S:
            return f"NOBODY COUNTS: THESE NUMBERS ARE {write_age(self.age_s)} OLD"
        return None


def describe(seen: Seen) -> str:
    """One line, for a log."""
    loud = [text for text in (seen.warning, seen.trouble) if text]
    if seen.reading is None:
        return " · ".join(loud) or f"no numbers yet: {_START}"
    numbers = seen.reading.numbers
    facts = (
        f"shop time {_moment(numbers.shop_time)}",
        f"this minute {_sales(numbers.minute)}",
        f"today {_sales(numbers.today)}",
        f"active sessions {numbers.active_sessions:,}",
        f"as of {write_age(seen.age_s)} ago",
    )
    return " · ".join((*loud, *facts))


def draw(home: str, seen: Seen, width: int) -> RenderableType:
    """Draw everything. Fits 60 columns and 24 lines; uses 120."""
    parts: list[RenderableType] = [_head(home, seen)]
    if seen.warning:
        # Reversed red is loud in every palette.
        parts.append(Text(f" {seen.warning} ", style="bold red reverse"))
    if seen.trouble:
        parts.append(Text(seen.trouble))
    if seen.reading is not None:
        parts.append(_picture(seen.reading.numbers, width))
    elif not seen.trouble:
        parts.append(Text(f"No numbers yet.\n{_START}."))
    return Group(*parts)


def _picture(numbers: Numbers, width: int) -> RenderableType:
    figures = Group(_today(numbers), _now(numbers), _trend(numbers))
    if width < WIDE:
        return Group(figures, _products(numbers.top_products[:5]))
    both = Table.grid(padding=(0, 1, 0, 0))
    both.add_column(width=_COLUMN)
    both.add_column(width=min(width - _COLUMN - 1, _COLUMN))
    both.add_row(figures, _products(numbers.top_products))
    return both


def _head(home: str, seen: Seen) -> RenderableType:
    head = Table.grid(expand=True, padding=(0, 1))
    head.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    head.add_column(justify="right", no_wrap=True)
    right = Text()
    if seen.reading is not None:
        style = "bold red" if seen.warning else "bold green"
        right = Text.assemble(
            f"shop time {_moment(seen.reading.numbers.shop_time)} ",
            ("●", style),
            f" {write_age(seen.age_s)} ago",
        )
    head.add_row(Text(home, style="bold"), right)
    return head


def _today(numbers: Numbers) -> RenderableType:
    amount = format_cents(numbers.today.revenue_cents, "").strip()
    orders = f"{numbers.today.orders:,}"
    whole = amount[:-3]  # who sells so much that cents have no room can do without them
    for shown in ((enlarge(amount), enlarge(orders)), (enlarge(whole), enlarge(orders)), (amount, orders)):
        if sum(len(text.splitlines()[0]) for text in shown) + 2 <= _INSIDE:
            break
    row = Table.grid(expand=True)
    row.add_column(no_wrap=True)
    row.add_column(no_wrap=True, justify="right")
    row.add_row(*(Text(text, style="bold cyan") for text in shown))
    row.add_row(Text("EUR revenue today"), Text("orders today"))
    return _framed(row)


def _now(numbers: Numbers) -> RenderableType:
    rows = Table.grid(padding=(0, 2))
    rows.add_row("this minute", Text(_sales(numbers.minute), style="bold"))
    sessions = (f"{numbers.active_sessions:,}", "bold")
    rows.add_row("active sessions", Text.assemble(sessions, f" in {ACTIVE_FOR.seconds // 60} minutes"))
    return _framed(rows)


def _trend(numbers: Numbers) -> RenderableType:
    cents = numbers.revenue_by_minute_cents
    most = max(cents, default=0)
    chart = Table.grid(padding=(0, 2))
    chart.add_column(no_wrap=True)
    chart.add_column(no_wrap=True)
    side = Table.grid(padding=(0, 1))
    side.add_row(Text(format_cents(most), style="bold"), "best")
    side.add_row(Text(format_cents(sum(cents)), style="bold"), "in all")
    chart.add_row(Text(_bars(cents, most), style="cyan"), side)
    return _framed(chart, f"revenue of the last {len(cents)} minutes")


def _bars(values: tuple[int, ...], most: int) -> str:
    """A column for each value, _CHART_LINES high; a value above zero is always seen."""
    eighths = 8 * _CHART_LINES
    heights = [max(round(eighths * value / most), int(value > 0)) if most else 0 for value in values]
    lines = (
        "".join(_EIGHTHS[min(max(height - 8 * line, 0), 8)] for height in heights)
        for line in reversed(range(_CHART_LINES))
    )
    return "\n".join(lines)


def _products(products: tuple[ProductSales, ...]) -> RenderableType:
    title = f"top products of the last {TOP_MINUTES} minutes"
    if not products:
        return _framed(Text("nothing sold"), title)
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(no_wrap=True, width=_BAR)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, justify="right")
    most = products[0].revenue_cents
    for product in products:
        bar = "█" * max(round(_BAR * product.revenue_cents / most) if most else 0, 1)
        amount = format_cents(product.revenue_cents, "").strip()
        table.add_row(
            product.name or product.product_id, Text(bar, style="cyan"), f"{product.units}x", amount
        )
    return _framed(table, title)


def _framed(content: RenderableType, title: str | None = None) -> RenderableType:
    return Panel(content, title=title, title_align="left", box=box.ROUNDED, border_style="dim", width=None)


def _sales(sales: Sales) -> str:
    orders = "1 order" if sales.orders == 1 else f"{sales.orders:,} orders"
    return f"{format_cents(sales.revenue_cents)} in {orders}"


def _moment(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}Z"
