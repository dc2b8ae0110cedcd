"""A window of a shop's life as a series of batches."""

from collections.abc import Iterator
from datetime import timedelta

from stafford.domain.window import Window
from stafford.generator.assembly import Batch
from stafford.generator.shop import WHOLE, Shop


def generate(
    shop: Shop, window: Window, rows_per_batch: int = 10_000, shard: tuple[int, int] = WHOLE
) -> Iterator[Batch]:
    """Every event that a shop emits in a window, in order.

    Pure: no clock, no I/O; any process can compute any window and shard alone.

    Args:
        shop: whose events.
        window: when they are emitted; not before the shop opens.
        rows_per_batch: the most rows of one batch; batches are not empty.
        shard: (index, count); the records whose key falls to this shard.

    Raises:
        ConfigError: the window begins before the shop opens, or the shard does not exist.
    """
    stream = shop.open(window.start, shard)
    stride = timedelta(days=rows_per_batch * shard[1] / shop.events_per_day)
    stride = max(stride, timedelta(seconds=1))
    until = window.start
    while until < window.end:
        until = min(until + stride, window.end)
        batch = stream.advance(until)
        for start in range(0, len(batch), rows_per_batch):
            yield batch.slice(start, rows_per_batch)
