"""Which records of a batch may be doubles: found by a hash, so that only they are compared exactly."""

from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

from stafford.lakehouse.silver.deduplication import FATE
from stafford.lakehouse.tables import COORDINATES

_HASH = "_hash"


def find_known(records: DataFrame, arrivals: DataFrame) -> DataFrame:
    """Rows of `arrivals` that may be about an identity of `records`.

    Every row that is about one is among them. A hash finds them, which 64 bits of two identities may share,
    so a few that are not may be too.
    """
    wanted = records.select(_hash().alias(_HASH))
    return arrivals.join(F.broadcast(wanted), how="left_semi", on=_hash() == F.col(_HASH))


def find_suspects(records: DataFrame, known: DataFrame) -> DataFrame:
    """Rows of `records` whose identity is there twice, or is in `known`; maybe a few more.

    All rows of one identity are among them, or none.
    """
    hashed = records.withColumn(_HASH, _hash())
    here = hashed.groupBy(_HASH).count().filter("count > 1").select(_HASH)
    suspicious = here.unionByName(known.select(_hash().alias(_HASH)))
    return hashed.join(F.broadcast(suspicious), how="left_semi", on=_HASH).drop(_HASH)


def give_verdicts(suspects: DataFrame, fates: DataFrame) -> DataFrame:
    """One row for each suspect: its topic, COORDINATES, `is_good` and FATE, null when it was judged before.

    Args:
        suspects: what `find_suspects` gave.
        fates: what `decide_fates` says of them.
    """
    place = ["topic", *COORDINATES]
    return suspects.select(*place, "is_good").join(fates.select(*place, FATE), how="left", on=place)


def with_fate(records: DataFrame, verdicts: DataFrame, otherwise: str) -> DataFrame:
    """`records` with their FATE: the verdict, or `otherwise`, SQL, where nothing was suspicious.

    Grain: one row per row of `records` that was not judged before.
    """
    place = ["topic", *COORDINATES]
    named = verdicts.select(
        *(F.col(name).alias(f"_v{name}") for name in place), F.col(FATE).alias("_verdict")
    )
    is_same = reduce(and_, (F.col(name) == F.col(f"_v{name}") for name in place))
    is_suspect = F.col("_vtopic").isNotNull()
    return (
        records.join(F.broadcast(named), how="left", on=is_same)
        .filter(~is_suspect | F.col("_verdict").isNotNull())
        .withColumn(FATE, F.coalesce("_verdict", F.expr(otherwise)))
        .drop(*named.columns)
    )


def _hash() -> Column:
    return F.xxhash64("identity")
