"""Bronze bytes to the contract's fields, and what is wrong with them."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

from stafford.contracts import Contract, wire_ddl
from stafford.lakehouse.silver.rules import reasons, timestamp

CORRUPT = "_corrupt"
"""The body, when from_json could not read all of it as the contract says; null otherwise."""

TEXT = "_text"
"""The body as text; bytes that are not UTF-8 become replacement characters, and `reasons` says so."""


def parse(bronze: DataFrame, contract: Contract) -> DataFrame:
    """Read and judge the bodies of one topic.

    Grain: one row per bronze row; none is dropped.

    Returns:
        Bronze's raw columns (topic, key, value, headers), lineage (`_source` ... `_run_id`, `_ce_id`), the
        contract's fields, repaired where the contract says so, and `reasons` ARRAY<STRING>, empty for
        a record that fits its contract.
    """
    raw = bronze.select(
        "topic",
        "key",
        "value",
        "headers",
        F.col("source").alias("_source"),
        F.col("partition").alias("_partition"),
        F.col("offset").alias("_offset"),
        F.col("timestamp").alias("_arrived_at"),
        F.col("ingested_at").alias("_ingested_at"),
        F.try_to_timestamp(_header("produced_at")).alias("_produced_at"),
        _header("run_id").alias("_run_id"),
        _header("ce_id").alias("_ce_id"),
        F.col("value").cast("string").alias(TEXT),
    )
    body = F.from_json(
        TEXT,
        f"{wire_ddl(contract)}, {CORRUPT} STRING",
        {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": CORRUPT},
    )
    # inline over a one-element array, because a filter above a plain from_json is pushed below it and
    # makes the plan parse once for each column that the filter reads.
    parsed = raw.select("*", F.inline_outer(F.array(body)))
    repairs = {field.name: _repaired(field.name, field.repair) for field in contract.fields if field.repair}
    times = [field.name for field in contract.fields if field.type == "timestamp"]
    return (
        parsed.withColumns(repairs)
        .withColumn("reasons", F.expr(reasons(contract, TEXT, CORRUPT, "_arrived_at")))
        .withColumns({name: F.expr(timestamp(f"`{name}`")) for name in times})
        .drop(TEXT, CORRUPT)
    )


def _header(name: str) -> Column:
    # Producers may send a header twice or never; the first one counts, and a map would refuse doubles.
    matches = F.filter("headers", lambda header: header["key"] == name)
    return F.get(matches, F.lit(0))["value"].cast("string")


def _repaired(name: str, repairs: tuple[str, ...]) -> Column:
    column = F.col(name)
    for repair in repairs:
        column = F.regexp_replace(column, r"(?U)^\s+|\s+$", "") if repair == "trim" else F.lower(column)
    return column
