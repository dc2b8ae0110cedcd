"""Bronze bytes to the contracts' fields, and what is wrong with them."""

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

from stafford.contracts import Contract, wire_ddl
from stafford.domain.record import SENT
from stafford.lakehouse.silver.rules import CORRUPT, literal, reasons

TEXT = "_text"
"""The body as text; bytes that are not UTF-8 become replacement characters, and `reasons` says so."""

JSON_OPTIONS = {
    "mode": "PERMISSIVE",
    "columnNameOfCorruptRecord": CORRUPT,
    # JSON as RFC 8259 has it: Spark's own reading takes 'x' for a string and NaN for a number.
    "allowSingleQuotes": "false",
    "allowNonNumericNumbers": "false",
}

NO_CONTRACT = "no_contract"
"""Reason of a record whose topic has no contract."""


def parse(bronze: DataFrame, contracts: Mapping[str, Contract]) -> DataFrame:
    """Read and judge the bodies of every topic in one pass.

    Grain: one row per bronze row; none is dropped.

    Returns:
        Bronze's raw columns (topic, key, value, headers), lineage (`_source` ... `_run_id`, `_sent_id`), a
        struct column for each topic with the fields as they came, null in rows of the others, and
        `reasons` ARRAY<STRING>, empty for a record that fits its contract.
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
        F.try_to_timestamp(_stamp(1, before="produced_at")).alias("_produced_at"),
        _stamp(2, before="run_id").alias("_run_id"),
        _stamp(0, before="ce_id").alias("_sent_id"),
        F.col("value").cast("string").alias(TEXT),
    )
    bodies = F.struct(*(_body(contract) for contract in contracts.values()))
    # inline over a one-element array, because a filter above a plain from_json is pushed below it and
    # makes the plan parse once for each column that the filter reads.
    return (
        raw.select("*", F.inline_outer(F.array(bodies)))
        .withColumn("reasons", F.expr(_reasons(contracts)))
        .drop(TEXT)
    )


def _body(contract: Contract) -> Column:
    options = f"map({', '.join(literal(word) for pair in JSON_OPTIONS.items() for word in pair)})"
    schema = literal(f"{wire_ddl(contract)}, {CORRUPT} STRING")
    is_mine = f"topic = {literal(contract.topic)}"
    return F.expr(f"CASE WHEN {is_mine} THEN from_json({TEXT}, {schema}, {options}) END").alias(
        contract.topic
    )


def _reasons(contracts: Mapping[str, Contract]) -> str:
    """Whole-body reasons stand alone; the fields of a body that cannot be read have none."""
    corrupt = ", ".join(f"`{topic}`.{CORRUPT}" for topic in contracts)
    # from_json also marks a body whose JSON is fine but whose types are not; only the parser of variants
    # tells the two apart, and it is asked only then.
    malformed = (
        f"NOT (startswith(trim({TEXT}), '{{') AND endswith(trim({TEXT}), '}}')) "
        f"OR (coalesce({corrupt}) IS NOT NULL AND try_parse_json({TEXT}) IS NULL)"
    )
    by_topic = " ".join(
        f"WHEN topic = {literal(topic)} THEN {reasons(contract, f'`{topic}`', TEXT, '_arrived_at')}"
        for topic, contract in contracts.items()
    )
    return (
        "CASE WHEN value IS NULL OR octet_length(value) = 0 THEN array('empty_body') "
        "WHEN NOT is_valid_utf8(CAST(value AS STRING)) THEN array('not_utf8') "
        f"WHEN {malformed} THEN array('malformed_json') "
        f"{by_topic} ELSE array('{NO_CONTRACT}') END"
    )


def _stamp(part: int, *, before: str) -> Column:
    """A part of the header SENT, null where there is none.

    before: the header of its own that it had when a record carried nine. Bronze and spools still have such
    records, and any topic may.
    """
    parts = F.split(_header(SENT), " ", 3)
    return F.coalesce(F.get(parts, F.lit(part)), _header(before))


def _header(name: str) -> Column:
    # A header may be sent twice or never: the session lets the last one win. A search by a lambda would
    # be interpreted for every header of every row.
    return F.map_from_entries("headers")[name].cast("string")
