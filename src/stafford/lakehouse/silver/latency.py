"""How long the records of a batch took from their producer until silver shows them."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from stafford.domain.window import to_micros

QUANTILES = (0.5, 0.95, 0.99)
BOUNDS_S = (0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 8, 10, 12, 15, 20, 30, 60, 120, 300, 600, 3600, 86400)
"""Of the ranges that records are counted in; fine where readers of silver are promised something."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from `_produced_at` to visible, over the records of one batch.

    seconds: by quantile; total_s: of all records. counts: records by range, each above the bound before its
    own and not above its own, with those above the last of BOUNDS_S at the end.
    """

    records: int
    seconds: dict[float, float]
    total_s: float
    counts: tuple[int, ...]


def measure_latency(produced_at: pa.ChunkedArray, visible_at: datetime) -> Latency | None:
    """The latency of records that became visible together; None where none says when it was produced.

    Args:
        produced_at: timestamps, null where it is not known.
        visible_at: when the batch was committed, UTC, by the producer's clock: on another machine the two
            clocks' difference is in it.
    """
    waits = to_micros(visible_at) - produced_at.drop_null().cast(pa.int64()).to_numpy()
    if not len(waits):
        return None
    seconds = waits / 1e6
    quantiles = np.quantile(seconds, QUANTILES, method="inverted_cdf")
    counts = np.bincount(np.searchsorted(BOUNDS_S, seconds), minlength=len(BOUNDS_S) + 1)
    return Latency(
        len(waits),
        dict(zip(QUANTILES, quantiles.tolist(), strict=True)),
        float(seconds.sum()),
        tuple(counts.tolist()),
    )
