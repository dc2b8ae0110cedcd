"""Which of several records with one identity is kept: the first to arrive."""

from functools import reduce
from operator import and_

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

from stafford.domain.outcome import Outcome
from stafford.lakehouse.tables import COORDINATES

FATE = "fate"


def decide_fates(records: DataFrame, arrivals: DataFrame) -> DataFrame:
    """Say of each record where it ends: in silver, in quarantine, or as the double of one that does.

    Grain: one row per row of `records` that was not judged before. One that was is left out: its fate
    is in `arrivals`, which is written last, so its other writes are committed too.

    Args:
        records: rows with `identity` (never null), `reasons`, `_arrived_at` and COORDINATES.
        arrivals: every record that was judged, with `identity`, FATE and COORDINATES; an identity has one
            row that is no double.

    Returns:
        `records` with FATE, an Outcome.
    """
    here = [F.col(name) == F.col(f"_kept{name}") for name in COORDINATES]
    kept = arrivals.filter(F.col(FATE) != Outcome.DUPLICATE.value).select(
        "identity", *(F.col(name).alias(f"_kept{name}") for name in COORDINATES)
    )
    doubles = arrivals.filter(F.col(FATE) == Outcome.DUPLICATE.value).select("topic", *COORDINATES)
    is_known = F.col("_kept_source").isNotNull()
    arrival = F.row_number().over(Window.partitionBy("identity").orderBy("_arrived_at", *COORDINATES))
    fate = (
        F.when(is_known | (arrival > 1), Outcome.DUPLICATE.value)
        .when(F.size("reasons") == 0, Outcome.SILVER.value)
        .otherwise(Outcome.QUARANTINE.value)
    )
    return (
        records.join(kept, how="left", on="identity")
        .filter(~F.coalesce(reduce(and_, here), F.lit(False)))
        .join(F.broadcast(doubles), how="left_anti", on=["topic", *COORDINATES])
        .withColumn(FATE, fate)
        .drop(*kept.columns[1:])
    )
