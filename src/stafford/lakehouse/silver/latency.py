"""How long the records of a batch took from their producer until silver shows them."""

from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

from stafford.domain.window import to_micros

QUANTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from `_produced_at` to visible, by quantile, over the records of one batch."""

    records: int
    seconds: dict[float, float]


def measure_latency(records: DataFrame, visible_at: datetime) -> Latency | None:
    """The latency of records that became visible together; None where none says when it was produced.

    Args:
        records: rows with `_produced_at`, null where it is not known.
        visible_at: when the batch was committed, UTC, by the producer's clock: on another machine the two
            clocks' difference is in it.
    """
    micros = F.unix_micros("_produced_at")
    # Who was produced last waited least.
    shares = F.array(*(F.lit(1 - quantile) for quantile in QUANTILES))
    found = records.agg(F.count("_produced_at"), F.percentile_approx(micros, shares, 1000)).head()
    if found is None or not found[0]:
        return None
    waits = ((to_micros(visible_at) - produced) / 1e6 for produced in found[1])
    return Latency(found[0], dict(zip(QUANTILES, waits, strict=True)))
