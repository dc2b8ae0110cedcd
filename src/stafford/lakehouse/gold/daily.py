"""Numbers of each day: what happened, who came, what was ordered."""

from functools import reduce

import pyarrow as pa
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

from stafford.domain.record import UTC_MICROS
from stafford.lakehouse.gold.days import Days, happened_on
from stafford.lakehouse.gold.snapshot import SilverSnapshot

COLUMNS = {
    "event_date": pa.date32(),  # UTC day of occurred_at
    "events": pa.int64(),
    "events_by_type": pa.list_(
        pa.struct([("topic", pa.string()), ("event_type", pa.string()), ("events", pa.int64())])
    ),
    "visits": pa.int64(),  # the producer's sessions with an action on the day
    "visitors": pa.int64(),  # customers who signed in, and visits in which nobody did
    "orders": pa.int64(),  # placed on the day, each once
    "revenue_cents": pa.int64(),  # of these, gross, cancelled ones included
    "first_event_at": UTC_MICROS,
    "last_event_at": UTC_MICROS,
}


def rebuild_daily(
    silver: SilverSnapshot, days: Days | None, *, and_touched: bool
) -> tuple[Days | None, DataFrame]:
    """The numbers of some days.

    Args:
        days: UTC days; None for all.
        and_touched: also those of other days that an event of these days may have changed: an order that was
            submitted on two days counts on the first of them.

    Returns:
        The days that were made, and a row for each that has an event; cached.
    """
    placed = silver.read("orders").where("event_type = 'order_placed'")
    if days is not None and and_touched:
        days = days.union(*(linked for linked in _submission_days(placed) if linked & days))
    # There is an event on every day that has an order or a visit.
    numbers = (
        _events(silver, days)
        .join(_visits(silver.read("clickstream"), days), "event_date", how="left")
        .join(_orders(placed, days), "event_date", how="left")
        .na.fill(0, ["visits", "visitors", "orders", "revenue_cents"])
    )
    return days, numbers.select(*COLUMNS).cache()


def _events(silver: SilverSnapshot, days: Days | None) -> DataFrame:
    of_topics = [
        _on(silver.read(topic), days).select("event_type", "occurred_at", F.lit(topic).alias("topic"))
        for topic in silver.versions
    ]
    return (
        reduce(DataFrame.unionAll, of_topics)
        .groupBy(F.to_date("occurred_at").alias("event_date"), "topic", "event_type")
        .agg(
            F.count("*").alias("events"),
            F.min("occurred_at").alias("first"),
            F.max("occurred_at").alias("last"),
        )
        .groupBy("event_date")
        .agg(
            F.sum("events").alias("events"),
            F.sort_array(F.collect_list(F.struct("topic", "event_type", "events"))).alias("events_by_type"),
            F.min("first").alias("first_event_at"),
            F.max("last").alias("last_event_at"),
        )
    )


def _visits(clicks: DataFrame, days: Days | None) -> DataFrame:
    return (
        _on(clicks, days)
        .groupBy(F.to_date("occurred_at").alias("event_date"), "session_id")
        # A slip names somebody else in one action; most actions name who it was.
        .agg(F.mode("customer_id", deterministic=True).alias("customer_id"))
        .groupBy("event_date")
        .agg(
            F.count("*").alias("visits"),
            F.count_distinct(F.coalesce("customer_id", "session_id")).alias("visitors"),
        )
    )


def _orders(placed: DataFrame, days: Days | None) -> DataFrame:
    # A button that is pressed twice places one order: the first submission is it, on whatever day.
    submissions = placed.select("order_id", "occurred_at", "event_id", "total_cents")
    if days is not None:
        submissions = submissions.join(_on(placed, days).select("order_id"), "order_id", how="left_semi")
    in_order = Window.partitionBy("order_id").orderBy("occurred_at", "event_id")
    first = submissions.withColumn("submission", F.row_number().over(in_order)).where("submission = 1")
    return (
        _on(first, days)
        .groupBy(F.to_date("occurred_at").alias("event_date"))
        .agg(F.count("*").alias("orders"), F.sum("total_cents").alias("revenue_cents"))
    )


def _submission_days(placed: DataFrame) -> list[Days]:
    """The days of each order that was submitted on more than one."""
    days = F.collect_set(F.to_date("occurred_at")).alias("days")
    several = placed.groupBy("order_id").agg(days).where("size(days) > 1").select("days").distinct()
    return [frozenset(row["days"]) for row in several.collect()]


def _on(events: DataFrame, days: Days | None) -> DataFrame:
    return events if days is None else events.where(happened_on(F.col("occurred_at"), days))
