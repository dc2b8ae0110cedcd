"""How long the records of a batch took from their producer until silver shows them."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from stafford.domain.window import to_micros

QUANTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from `_produced_at` to visible, by quantile, over the records of one batch."""

    records: int
    seconds: dict[float, float]


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
    seconds = np.quantile(waits / 1e6, QUANTILES, method="inverted_cdf")
    return Latency(len(waits), dict(zip(QUANTILES, seconds.tolist(), strict=True)))
