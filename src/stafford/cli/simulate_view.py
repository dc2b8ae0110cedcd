"""How a running simulation looks: a live view in a terminal, a line now and then in a pipe."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from stafford.jobs.simulate import Progress, Watcher

# In the order in which a visit becomes money, and money goes back.
FUNNEL = (
    "page_viewed",
    "product_viewed",
    "cart_item_added",
    "checkout_started",
    "order_placed",
    "payment_captured",
    "shipment_dispatched",
    "return_requested",
    "refund_issued",
)
LINE_EVERY_S = 5.0
BAR_WIDTH = 24


@contextmanager
def show_progress(console: Console) -> Iterator[Watcher]:
    """Give a watcher that draws on the console, in the way that it can show."""
    if console.is_terminal:
        opening = Text("the shop opens: its catalogue and first customers go out", style="dim")
        with Live(opening, console=console, refresh_per_second=4, transient=True) as live:
            yield lambda progress: live.update(draw(progress))
        return
    next_line_s = 0.0
    lock = threading.Lock()

    def print_line(progress: Progress) -> None:
        nonlocal next_line_s
        with lock:
            if progress.elapsed_s >= next_line_s:
                next_line_s = progress.elapsed_s + LINE_EVERY_S
                console.print(describe(progress), soft_wrap=True, highlight=False)

    yield print_line


def describe(progress: Progress) -> str:
    """One line: what a log wants to know."""
    return (
        f"shop time {progress.shop_time:%Y-%m-%d %H:%M:%S}Z · {progress.sent:,} sent · "
        f"{progress.events_per_s:,.0f}/s · traffic x{progress.traffic_multiplier:.2f} · "
        f"to {progress.transport}{_describe_backlog(progress)}"
    )


def _describe_backlog(progress: Progress) -> str:
    return f" · {progress.backlog:,} wait for Kafka" if progress.backlog else ""


def draw(progress: Progress) -> RenderableType:
    """Draw the shop: its clock, its pace, and its funnel so far as bars. Fits 60 columns."""
    colour = "green" if progress.transport == "kafka" else "yellow"
    facts = Table.grid(padding=(0, 2))
    facts.add_row("shop time", f"{progress.shop_time:%a %Y-%m-%d %H:%M:%S} UTC")
    facts.add_row("transport", Text(progress.transport, style=f"bold {colour}"))
    if progress.backlog:
        facts.add_row("waiting", Text(f"{progress.backlog:,} records in the spool for Kafka", style="yellow"))
    facts.add_row("pace", f"{progress.events_per_s:,.0f} records/s, {progress.sent:,} sent")
    facts.add_row("traffic", f"x{progress.traffic_multiplier:.2f} of the mean")
    behind_s = progress.behind.total_seconds()
    if behind_s >= 1:
        facts.add_row("behind", Text(f"{behind_s:,.0f} s of shop time", style="yellow"))
    trouble = [Text(progress.trouble, style="yellow", overflow="fold")] if progress.trouble else []
    hint = Text("\nCtrl-C stops and loses nothing.", style="dim")
    return Group(facts, *trouble, Text(), _funnel(progress), hint)


def _funnel(progress: Progress) -> Table:
    bars = Table.grid(padding=(0, 2))
    bars.add_column()
    bars.add_column(justify="right")
    bars.add_column(no_wrap=True)
    widest = max((progress.counts.get(step, 0) for step in FUNNEL), default=0)
    for step in FUNNEL:
        count = progress.counts.get(step, 0)
        length = round(BAR_WIDTH * count / widest) if widest else 0
        # A step that happened at all is seen.
        bars.add_row(step, f"{count:,}", Text("█" * max(length, int(count > 0)), style="cyan"))
    return bars
