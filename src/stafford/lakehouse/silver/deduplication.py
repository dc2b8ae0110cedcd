"""Which of several records with one identity is kept: the first to arrive."""

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
        arrivals: every record that was judged, with `identity` and COORDINATES.

    Returns:
        `records` with FATE, an Outcome.
    """
    here = F.struct(*COORDINATES)
    judged = arrivals.groupBy("identity").agg(F.collect_set(here).alias("_judged"))
    arrival = F.row_number().over(Window.partitionBy("identity").orderBy("_arrived_at", *COORDINATES))
    is_double = F.col("_judged").isNotNull() | (arrival > 1)
    fate = (
        F.when(is_double, Outcome.DUPLICATE.value)
        .when(F.size("reasons") == 0, Outcome.SILVER.value)
        .otherwise(Outcome.QUARANTINE.value)
    )
    return (
        records.join(judged, how="left", on="identity")
        .filter(F.col("_judged").isNull() | ~F.array_contains("_judged", here))
        .withColumn(FATE, fate)
        .drop("_judged")
    )
