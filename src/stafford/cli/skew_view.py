"""Shows how a topic lies on its partitions."""

from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stafford.cli.quantities import write_bytes
from stafford.transport.topics import Skew

_BAR = 24


def show(console: Console, skew: Skew) -> None:
    """Print a topic: its partitions with a bar each, its hottest keys, and a sentence of advice."""
    total = sum(load.records for load in skew.partitions)
    size = write_bytes(sum(load.size_bytes for load in skew.partitions))
    exact = "" if skew.sampled >= total else f", from the newest {skew.sampled:,}"
    console.print(
        f"[bold]{escape(skew.topic)}[/]: {total:,} records, {size}{exact}; variation "
        f"{skew.variation:.2f}, of which {skew.keys:,} keys explain {skew.explained:.2f}"
    )
    if total:
        largest = max(load.records for load in skew.partitions)
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("    partition", "records", "share", "bytes", "newest", ""):
            table.add_column(column, justify="left" if column == "" else "right", no_wrap=True)
        for load in skew.partitions:
            bar = "█" * round(_BAR * load.records / largest)
            row = (f"{load.records:,}", f"{load.records / total:.1%}", write_bytes(load.size_bytes))
            table.add_row(str(load.partition), *row, _moment(load.newest), bar)
        console.print(table)
    for key in skew.hottest:
        console.print(
            f"    key {escape(key.key)}: {key.share:.1%} ({key.records:,} records, partition {key.partition})"
        )
    console.print(f"    {escape(skew.advice)}")


def _moment(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "never"
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%m-%d %H:%M:%S}"
