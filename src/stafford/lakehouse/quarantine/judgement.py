"""What would become of quarantined records under rules: decided, and nothing written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from stafford.contracts import Contract
from stafford.domain.lake import Lake
from stafford.domain.outcome import Resolution
from stafford.lakehouse.quarantine.changes import change
from stafford.lakehouse.quarantine.rule_file import Rule
from stafford.lakehouse.silver.fates import identify
from stafford.lakehouse.silver.judging import judge_rows
from stafford.lakehouse.silver.memory import Memory
from stafford.lakehouse.tables import BRONZE, COORDINATES

_SOURCES = {
    "source": "_source",
    "partition": "_partition",
    "offset": "_offset",
    "timestamp": "_arrived_at",
    "ingested_at": "_ingested_at",
}
"""Where a quarantine row has those of bronze's columns that have another name there."""


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

    def __init__(self, lake: Lake, contracts: Mapping[str, Contract]) -> None:
        """Wire silver's rules to a lake; nothing is read yet."""
        self._contracts = contracts
        self._memory = Memory(lake)
        self._accepted: set[tuple[str, str]] = set()

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
        by_place = {_place(case.row): case for case in cases}
        judged = judge_rows(to_bronze((case.row, case.value) for case in cases), self._contracts)
        for row in judged.refused.to_pylist():
            case = by_place[_place(row)]
            case.reasons, case.event_id = tuple(row["reasons"]), row["event_id"]
        self._memory.refresh()
        for topic, rows in judged.passed.items():
            known = self._memory.knows(identify(topic, rows["event_id"]))
            found = zip(rows.to_pylist(), known, strict=True)
            # The first to arrive is kept, as in silver.
            for row, is_known in sorted(found, key=lambda pair: _arrival(pair[0])):
                case = by_place[(topic, *(row[name] for name in COORDINATES))]
                case.reasons, case.event_id = (), row["event_id"]
                # Rounds and portions before this one are not in the lake yet when nothing is written.
                name = (topic, row["event_id"])
                is_double = is_known or name in self._accepted
                case.fate = Resolution.DUPLICATE if is_double else Resolution.SILVER
                self._accepted.add(name)


def to_bronze(records: Iterable[tuple[Mapping[str, Any], bytes | None]]) -> pa.Table:
    """Quarantine rows, each with the body that it has now, in the shape of bronze."""
    rows = [
        {name: value if name == "value" else row[_SOURCES.get(name, name)] for name in BRONZE}
        for row, value in records
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema(BRONZE.items()))


def _arrival(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (row["_arrived_at"], *(row[name] for name in COORDINATES))


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
