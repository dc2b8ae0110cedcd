"""Which of several records with one identity is kept: the first to arrive."""

from functools import reduce
from operator import and_

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

from stafford.lakehouse.tables import COORDINATES

IS_DUPLICATE = "is_duplicate"


def mark_duplicates(records: DataFrame, kept: DataFrame, identity: str) -> DataFrame:
    """Mark each record that an earlier one already stands for.

    Grain: one row per row of `records`.

    A record is the first of its identity when nothing kept has that identity, or when the kept row *is*
    that record: so a batch that is replayed after half of its writes is judged as it was the first time.

    Args:
        records: rows of one topic with `identity`, `_arrived_at` and COORDINATES.
        kept: what the table that keeps one row per identity holds now, with `identity` and COORDINATES.
        identity: name of the identifying column, never null in either.

    Returns:
        `records` with IS_DUPLICATE.
    """
    known = kept.select(
        F.col(identity).alias("_kept_identity"),
        *(F.col(name).alias(f"_kept{name}") for name in COORDINATES),
    )
    is_known = F.col("_kept_identity").isNotNull()
    is_kept_row = reduce(and_, (F.col(name) == F.col(f"_kept{name}") for name in COORDINATES))
    arrivals = Window.partitionBy(identity).orderBy("_arrived_at", *COORDINATES)
    is_first = F.when(is_known, is_kept_row).otherwise(F.row_number().over(arrivals) == 1)
    return (
        records.join(known, how="left", on=records[identity] == known["_kept_identity"])
        .withColumn(IS_DUPLICATE, ~is_first)
        .select(*records.columns, IS_DUPLICATE)
    )
