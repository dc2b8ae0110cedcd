"""Records of one topic, read, typed and identified: everything but whether they are doubles."""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

from stafford.contracts import Contract
from stafford.lakehouse.silver.parsing import parse
from stafford.lakehouse.silver.rules import value
from stafford.lakehouse.tables import LINEAGE

FIELDS = "fields"
"""Struct of the contract's fields as silver holds them."""

RAW = ("key", "value", "headers")
"""What quarantine keeps of a record, and silver does not."""


def judge(bronze: DataFrame, topic: str, contracts: Mapping[str, Contract]) -> DataFrame:
    """Judge the records of a topic by its contract.

    Grain: one row per bronze row of the topic. One topic at a time: with the fields of all of them in one row
    Spark gives up compiling the plan as a whole.

    Returns:
        `topic`, `identity`, `event_id`, `reasons` (empty for a record that fits), `contract_version`, FIELDS,
        RAW where there are reasons and null where there are none, and LINEAGE.
    """
    contract = contracts.get(topic)
    # A topic without a contract is judged by any: its records have no fields, and one reason.
    mine = {topic: contract} if contract else dict([next(iter(contracts.items()))])
    (body,) = mine
    parsed = parse(bronze.filter(F.col("topic") == topic), mine)
    is_good = F.size("reasons") == 0
    # A record that breaks its contract has no id to trust, so its bytes are its identity.
    fingerprint = F.sha2(
        F.concat_ws("/", "topic", F.coalesce("_sent_id", F.lit("")), F.hex("key"), F.hex("value")), 256
    )
    event_id = F.col(f"`{body}`.`event_id`")
    # The body's own id is preferred; a body that cannot be read still has the one in its header.
    has_good_id = ~F.array_join("reasons", " ").contains(":event_id")
    fields = (F.expr(value(field, f"`{body}`")).alias(field.name) for field in mine[body].fields)
    return parsed.select(
        "topic",
        F.when(is_good, F.concat_ws("/", "topic", event_id)).otherwise(fingerprint).alias("identity"),
        F.coalesce(F.when(has_good_id, event_id), F.col("_sent_id")).alias("event_id"),
        "reasons",
        F.col(f"`{body}`.`contract_version`").alias("contract_version"),
        F.struct(*fields).alias(FIELDS),
        *(F.when(~is_good, F.col(name)).alias(name) for name in RAW),
        *LINEAGE,
    )
