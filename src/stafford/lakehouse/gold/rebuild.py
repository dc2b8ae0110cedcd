"""Makes days of a gold table anew and replaces them, each table in one commit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

from stafford.domain.lake import Lake
from stafford.errors import ConfigError
from stafford.lakehouse.failures import translate
from stafford.lakehouse.gold.days import Days, on_date
from stafford.lakehouse.gold.memory import Memory
from stafford.lakehouse.gold.snapshot import SilverSnapshot, Version
from stafford.lakehouse.gold.tables import DAY, GoldTable


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a run did to a table."""

    table: str
    days: tuple[date, ...]
    """Days that were replaced, in their order."""
    looked_at: int | None
    """How many days were made anew to see whether they changed; None for all."""


def refresh(spark: Callable[[], SparkSession], lake: Lake, table: GoldTable) -> Rebuilt:
    """Bring a table up to date with silver: days that got events since the last run are made anew.

    Spark starts only where there are such days. Where it cannot be told which, all are: the first time, after
    another definition, and when silver's commits since the last run are gone. A day that comes out as it was
    is not written.

    Delivery: one commit, with the versions of silver that were seen. Killed before it, nothing happened.
    Where no day changed there is none, for Delta makes no empty one: the next run looks at the same again.

    Raises:
        ConfigError: nothing was ingested yet.
        StaffordError: Spark or the disk failed.
    """
    silver = SilverSnapshot.pin(spark, lake, table.topics)
    table.create(lake)
    memory = Memory.of(lake.gold(table.name))
    is_comparable = memory is not None and memory.definition == table.definition
    days = silver.days_since(memory.seen) if memory is not None and is_comparable else None
    if days is not None and not days:
        return Rebuilt(table.name, (), 0)
    try:
        made, rows = table.rebuild(silver, days, and_touched=True)
        changed = _find_changed(
            _of_days(spark().read.format("delta").load(lake.gold(table.name)), made), _of_days(rows, made)
        )
        if changed:
            _replace(lake, table, rows, changed, silver.versions)
        rows.unpersist()
    except (PySparkException, Py4JError) as exc:
        raise translate(exc, table.name) from exc
    return Rebuilt(table.name, tuple(sorted(changed)), None if made is None else len(made))


def backfill(spark: Callable[[], SparkSession], lake: Lake, table: GoldTable, days: Days) -> Rebuilt:
    """Make some days of a table anew, and no others, whether or not anything changed.

    Repeating it gives the same rows. What the table has seen of silver stays as it was, because its other
    days are no newer than before.

    Delivery: one commit. Killed before it, nothing happened.

    Raises:
        ConfigError: nothing was ingested yet, or the other days have another definition.
        StaffordError: Spark or the disk failed.
    """
    silver = SilverSnapshot.pin(spark, lake, table.topics)
    table.create(lake)
    memory = Memory.of(lake.gold(table.name))
    if memory is not None and memory.definition != table.definition:
        raise ConfigError(
            f"{table.name} was made with {_say(memory.definition)}, and {_say(table.definition)} would mix "
            "two kinds of rows; `stafford batch refresh` makes all of its days anew"
        )
    try:
        _, rows = table.rebuild(silver, days, and_touched=False)
        _replace(lake, table, rows, days, {} if memory is None else memory.seen)
        rows.unpersist()
    except (PySparkException, Py4JError) as exc:
        raise translate(exc, table.name) from exc
    return Rebuilt(table.name, tuple(sorted(days)), len(days))


def _of_days(rows: DataFrame, days: Days | None) -> DataFrame:
    return rows if days is None else rows.where(on_date(DAY, days))


def _find_changed(before: DataFrame, now: DataFrame) -> Days:
    """The days whose rows are not the same.

    In one pass, by the exclusive or of all rows' hashes: no row stands twice on either side, so what is on
    both cancels itself, and what is not stays, but for one chance in 2^64.
    """
    hashes = [
        rows.select(DAY, F.xxhash64(*rows.columns).alias("hash"), F.lit(weight).alias("weight"))
        for rows, weight in ((before, -1), (now, 1))
    ]
    sums = hashes[0].unionAll(hashes[1]).groupBy(DAY)
    differs = (F.col("left") != 0) | (F.col("more") != 0)
    changed = sums.agg(F.bit_xor("hash").alias("left"), F.sum("weight").alias("more")).where(differs)
    return frozenset(row[DAY] for row in changed.select(DAY).collect())


def _replace(lake: Lake, table: GoldTable, rows: DataFrame, days: Days, seen: Mapping[str, Version]) -> None:
    memory = Memory(table.definition, seen)
    (
        rows.where(on_date(DAY, days))
        # One file a day.
        .repartition(DAY)
        .write.format("delta")
        .mode("overwrite")
        .option("replaceWhere", on_date(DAY, days))
        .option("userMetadata", memory.to_text())
        .save(lake.gold(table.name))
    )


def _say(definition: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in definition.items())
