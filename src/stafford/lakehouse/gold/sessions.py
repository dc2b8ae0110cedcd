"""Sessions by visitor: what is more than a gap apart is two of them."""

from datetime import timedelta

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

from stafford.domain.record import UTC_MICROS
from stafford.lakehouse.gold.days import Days, happened_on, widen
from stafford.lakehouse.gold.snapshot import SilverSnapshot

GAP = timedelta(minutes=30)
"""The usual gap of web analytics. The shop's own visits have no longer pause: a page is read for 1,700 s at
the most."""

TOPICS = ("clickstream",)

COLUMNS = {
    "event_date": pa.date32(),  # UTC day of started_at
    "visitor_id": pa.string(),  # the customer, or the visit of a stranger; unique with started_at
    "customer_id": pa.string(),
    "started_at": UTC_MICROS,
    "ended_at": UTC_MICROS,
    "events": pa.int64(),
    "product_views": pa.int64(),
    "cart_additions": pa.int64(),
    "checkouts": pa.int64(),
    "visit_ids": pa.list_(pa.string()),  # the producer's own session_ids, sorted
}


def rebuild_sessions(
    silver: SilverSnapshot, days: Days | None, gap: timedelta, *, and_touched: bool
) -> tuple[Days | None, DataFrame]:
    """Sessions that began on some days, the same whatever other days are asked for.

    A session belongs to the day on which it began, so the days around are read too: half as far as that must
    reach beyond the longest session that was found, or twice as much is read.

    Args:
        days: UTC days; None for all.
        and_touched: also those of other days that an event of these days may have changed, for a session may
            begin before it, or after it, or be joined by it to another.

    Returns:
        The days that were made, and a row for each of their sessions, among others; cached.
    """
    clicks = silver.read("clickstream")
    if days is None:
        return None, find_sessions(clicks, gap).cache()
    margin = 1
    while True:
        made = widen(days, margin) if and_touched else days
        around = clicks.where(happened_on(F.col("occurred_at"), widen(made, margin)))
        sessions = find_sessions(around, gap).cache()
        if longest(sessions) < timedelta(days=margin) / 2 - 2 * gap:
            return made, sessions
        sessions.unpersist()
        margin *= 2


def longest(sessions: DataFrame) -> timedelta:
    """How long the longest session is."""
    lasted = F.max(F.unix_micros("ended_at") - F.unix_micros("started_at"))
    return timedelta(microseconds=sessions.agg(lasted).collect()[0][0] or 0)


def find_sessions(clicks: DataFrame, gap: timedelta) -> DataFrame:
    """A row for each session, with the columns of COLUMNS.

    Nothing on the wire knows a browser again, so a visitor is the customer that most actions of a visit
    name, or the visit itself where nobody signed in. A visit that pauses for more than the gap is cut first.
    """
    in_visit = Window.partitionBy("session_id").orderBy("occurred_at", "event_id")
    paused = F.unix_micros("occurred_at") - F.lag(F.unix_micros("occurred_at")).over(in_visit) > _length(gap)
    parts = (
        clicks.select(
            "event_id", "session_id", "customer_id", "occurred_at", "event_type", paused.alias("cut")
        )
        .withColumn("part", F.sum(F.coalesce(F.col("cut"), F.lit(False)).cast("int")).over(in_visit))
        .groupBy("session_id", "part")
        .agg(
            # The lowest of several that are named as often: any, and always the same.
            F.mode("customer_id", deterministic=True).alias("customer_id"),
            F.min("occurred_at").alias("started_at"),
            F.max("occurred_at").alias("ended_at"),
            F.count("*").alias("events"),
            _count("product_viewed").alias("product_views"),
            _count("cart_item_added").alias("cart_additions"),
            _count("checkout_started").alias("checkouts"),
        )
        .withColumn("visitor_id", F.coalesce("customer_id", "session_id"))
    )
    of_visitor = Window.partitionBy("visitor_id").orderBy("started_at", "session_id")
    before = of_visitor.rowsBetween(Window.unboundedPreceding, -1)
    is_apart = F.unix_micros("started_at") - F.max(F.unix_micros("ended_at")).over(before) > _length(gap)
    return (
        parts.withColumn("apart", F.coalesce(is_apart, F.lit(False)).cast("int"))
        .withColumn("number", F.sum("apart").over(of_visitor))
        .groupBy("visitor_id", "number")
        .agg(
            F.first("customer_id").alias("customer_id"),
            F.min("started_at").alias("started_at"),
            F.max("ended_at").alias("ended_at"),
            *(F.sum(name).alias(name) for name in ("events", "product_views", "cart_additions", "checkouts")),
            F.array_sort(F.collect_set("session_id")).alias("visit_ids"),
        )
        .withColumn("event_date", F.to_date("started_at"))
        .select(*COLUMNS)
    )


def _count(event_type: str) -> Column:
    return F.count(F.when(F.col("event_type") == event_type, 1))


def _length(gap: timedelta) -> int:
    return gap // timedelta(microseconds=1)
