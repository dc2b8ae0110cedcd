"""What would become of quarantined records under rules: decided, and nothing written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

from stafford.contracts import Contract
from stafford.domain.lake import Lake
from stafford.domain.outcome import Resolution
from stafford.domain.record import HEADER_TYPE, UTC_MICROS
from stafford.lakehouse.quarantine.changes import change
from stafford.lakehouse.quarantine.rule_file import Rule
from stafford.lakehouse.silver.deduplication import FATE, decide_fates
from stafford.lakehouse.silver.parsing import parse
from stafford.lakehouse.tables import COORDINATES, read_table

_BRONZE = {
    "topic": ("topic", pa.string()),
    "key": ("key", pa.binary()),
    "value": ("value", pa.binary()),
    "headers": ("headers", HEADER_TYPE),
    "source": ("_source", pa.string()),
    "partition": ("_partition", pa.int32()),
    "offset": ("_offset", pa.int64()),
    "timestamp": ("_arrived_at", UTC_MICROS),
    "ingested_at": ("_ingested_at", UTC_MICROS),
}
"""Bronze's columns, as silver's parser wants them, and where a quarantine row has each."""


@dataclass(slots=True)
class Case:
    """One quarantined record on its way: `row` is as it stands, the rest as the rules leave it."""

    row: dict[str, Any]
    value: bytes | None
    reasons: tuple[str, ...]
    event_id: str | None
    fate: Resolution = Resolution.QUARANTINE
    rules: list[Rule] = field(default_factory=list)
    """The rules that touched it, in order; the first of those that changed nothing included."""
    changed_by: set[str] = field(default_factory=set)

    @classmethod
    def open(cls, row: dict[str, Any]) -> "Case":
        """A record as it stands in quarantine."""
        return cls(row, row["value"], tuple(row["reasons"]), row["event_id"])

    @property
    def is_news(self) -> bool:
        """Whether anything is different now: what nothing changed is not written down again."""
        return (
            self.fate is not Resolution.QUARANTINE
            or self.value != self.row["value"]
            or self.reasons != tuple(self.row["reasons"])
        )


def selections(rules: Iterable[Rule]) -> dict[str, set[str]]:
    """The reasons by topic that rules select."""
    wanted: dict[str, set[str]] = {}
    for rule in rules:
        wanted.setdefault(rule.where.topic, set()).add(rule.where.code)
    return wanted


class Judge:
    """Applies rules, and asks silver's own rules what becomes of the records then."""

    def __init__(self, spark: SparkSession, lake: Lake, contracts: Mapping[str, Contract]) -> None:
        """Wire silver's rules to a lake; nothing is read yet."""
        self._spark, self._lake, self._contracts = spark, lake, contracts
        self._accepted: set[tuple[str, str | None]] = set()

    def decide(self, rows: Iterable[dict[str, Any]], rules: Sequence[Rule]) -> list[Case]:
        """Apply the rules until none selects anything more, each at most once to a record.

        A record that a rule mends may still break another one, which the next rule selects.

        Returns:
            One case a row, with its fate. None of it is written.
        """
        cases = [Case.open(row) for row in rows]
        waiting = cases
        while waiting:
            waiting = [case for case in waiting if _apply(case, rules)]
            moving = [case for case in waiting if case.fate is not Resolution.DROPPED]
            self._judge(moving)
            waiting = [case for case in moving if case.fate is Resolution.QUARANTINE]
        return cases

    def _judge(self, cases: list[Case]) -> None:
        if not cases:
            return
        by_place = {_place(case.row): case for case in cases}
        parsed = parse(to_bronze(self._spark, [(case.row, case.value) for case in cases]), self._contracts)
        event_id = any_field("event_id", self._contracts)
        # What does not fit has no identity that could be another record's.
        itself = F.concat_ws("/", F.lit("quarantine"), "topic", *COORDINATES)
        has_good_id = ~F.array_join("reasons", " ").contains(":event_id")
        identified = parsed.withColumns(
            {
                "identity": F.when(F.size("reasons") == 0, F.concat_ws("/", "topic", event_id)).otherwise(
                    itself
                ),
                "event_id": F.coalesce(F.when(has_good_id, event_id), F.col("_sent_id")),
            }
        )
        fates = decide_fates(identified, read_table(self._spark, self._lake.arrivals))
        judged = fates.select("topic", *COORDINATES, "event_id", "reasons", FATE).toArrow()
        for row in sorted(judged.to_pylist(), key=lambda row: row["_offset"]):
            case = by_place[_place(row)]
            case.reasons, case.event_id = tuple(row["reasons"]), row["event_id"]
            case.fate = Resolution(row[FATE])
            if case.fate is Resolution.SILVER:
                # Rounds and portions before this one are not in the lake yet when nothing is written.
                name = (row["topic"], row["event_id"])
                if name in self._accepted:
                    case.fate = Resolution.DUPLICATE
                self._accepted.add(name)


def to_bronze(spark: SparkSession, records: Iterable[tuple[dict[str, Any], bytes | None]]) -> DataFrame:
    """Quarantine rows, each with the body that it has now, in the shape of bronze."""
    schema = pa.schema([(name, kind) for name, (_, kind) in _BRONZE.items()])
    rows = [
        {name: value if name == "value" else row[source] for name, (source, _) in _BRONZE.items()}
        for row, value in records
    ]
    return spark.createDataFrame(pa.Table.from_pylist(rows, schema=schema))


def any_field(name: str, contracts: Iterable[str]) -> Column:
    """A field that every contract has, of a parsed record: all but one of the topics' structs are null."""
    return F.coalesce(*(F.col(f"`{topic}`.`{name}`") for topic in contracts))


def _apply(case: Case, rules: Sequence[Rule]) -> bool:
    """Apply what selects the record and did not touch it yet; tell whether anything did."""
    selecting = [
        rule for rule in rules if rule not in case.rules and rule.selects(case.row["topic"], case.reasons)
    ]
    for rule in selecting:
        case.rules.append(rule)
        if rule.drop is not None:
            case.fate = Resolution.DROPPED
            break
        value = change(case.value, rule)
        if value != case.value:
            case.changed_by.add(rule.name)
            case.value = value
    return bool(selecting)


def _place(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (row["topic"], *(row[name] for name in COORDINATES))
