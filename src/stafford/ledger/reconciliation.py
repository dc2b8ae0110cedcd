"""The verdict: ledger = bronze = silver + quarantine + duplicates, by sets of ids and by cents."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from stafford.domain.lake import Lake
from stafford.ledger.checks import CHECKS, DIGEST, LEDGER_CENTS, REASONS, TOPICS
from stafford.ledger.truth import load_truth

MART_CENTS = {
    "orders": ("order_placed", "SELECT coalesce(sum(total_cents), 0)::BIGINT FROM marts.fct_orders"),
    "captured": (
        "payment_captured",
        "SELECT coalesce(sum(amount_cents) FILTER (WHERE is_captured), 0)::BIGINT FROM marts.fct_payments",
    ),
    "refunded": ("refund_issued", "SELECT coalesce(sum(refund_cents), 0)::BIGINT FROM marts.fct_returns"),
}
"""What the marts must add up to, by measure: the event that carries the money, and the mart's own sum.

The sums are in the SQL that every warehouse understands.
"""

ReadCents = Callable[[Mapping[str, str]], Mapping[str, int]]
"""Reads marts, wherever they are: statements that give one number each, by name, and those numbers."""

MAX_FINDINGS = 10_000
"""A lake that is wholly wrong names its first ids and counts the rest."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One way in which ledger and tables disagree; kinds are the names of CHECKS, and "money"."""

    kind: str
    topic: str
    event_id: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Money:
    """One measure in integer cents, from the ledger and from the marts."""

    measure: str
    ledger_cents: int
    mart_cents: int


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was compared, and every disagreement."""

    checked_at: str
    runs: list[dict[str, Any]]
    topics: list[dict[str, Any]]
    quarantine_reasons: list[dict[str, Any]]
    money: list[Money]
    findings: list[Finding]
    findings_by_kind: dict[str, int]
    ledger_digest: str

    @property
    def reconciled(self) -> bool:
        """Whether nothing disagrees."""
        return not self.findings_by_kind

    @property
    def totals(self) -> dict[str, int]:
        """Records over all topics: sent, acknowledged, bronze, silver, ..., lost, doubled."""
        names = [name for name in self.topics[0] if name != "topic"] if self.topics else []
        return {name: sum(topic[name] for topic in self.topics) for name in names}

    def to_json(self) -> str:
        """The whole verdict, as the report reads it."""
        verdict = {"reconciled": self.reconciled, "totals": self.totals, **asdict(self)}
        return json.dumps(verdict, indent=2)


def reconcile(
    ledger: Path, lake: Lake, topics: Iterable[str], marts: ReadCents | None, checked_at: datetime
) -> Reconciliation:
    """Compare everything that was sent with everything that is there.

    Args:
        ledger: folder of the journals of all runs.
        lake: what became of it.
        topics: the silver tables to compare.
        marts: reads the warehouse with schema `marts`; None leaves the marts' money out.
        checked_at: the time to write on the verdict.

    Raises:
        ConfigError: nothing was sent or ingested yet.
        StorageError: a table cannot be read.
        StaffordError: whatever `marts` raises, such as ConfigError when they were not built.
    """
    with load_truth(ledger, lake, topics) as truth:
        findings: list[Finding] = []
        by_kind: dict[str, int] = {}
        for kind, sql in CHECKS.items():
            rows = truth.execute(sql).fetchall()
            findings += [Finding(kind, *row) for row in rows[:MAX_FINDINGS]]
            if rows:
                by_kind[kind] = len(rows)
        money = _compare_money(truth, marts) if marts is not None else []
        for measure in money:
            if measure.ledger_cents != measure.mart_cents:
                difference = measure.mart_cents - measure.ledger_cents
                detail = (
                    f"the marts say {measure.mart_cents} cents, "
                    f"the ledger {measure.ledger_cents}: {difference:+d}"
                )
                findings.append(Finding("money", measure.measure, None, detail))
                by_kind["money"] = by_kind.get("money", 0) + 1
        by_topic = _rows(truth, TOPICS)
        for topic in by_topic:
            for kind in ("lost", "doubled"):
                topic[kind] = sum(f.kind == kind and f.topic == topic["topic"] for f in findings)
        return Reconciliation(
            checked_at=checked_at.isoformat(),
            runs=[json.loads(path.read_text(encoding="utf-8")) for path in sorted(ledger.glob("*/run.json"))],
            topics=by_topic,
            quarantine_reasons=_rows(truth, REASONS),
            money=money,
            findings=findings,
            findings_by_kind=by_kind,
            ledger_digest=str(_value(truth, DIGEST)),
        )


def _compare_money(truth: duckdb.DuckDBPyConnection, marts: ReadCents) -> list[Money]:
    found = marts({measure: sql for measure, (_, sql) in MART_CENTS.items()})
    return [
        Money(
            measure=measure,
            ledger_cents=int(_value(truth, LEDGER_CENTS, {"event_type": event_type})),
            mart_cents=found[measure],
        )
        for measure, (event_type, _) in MART_CENTS.items()
    ]


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _value(connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any] | None = None) -> Any:
    row = connection.execute(sql, parameters).fetchone()
    return None if row is None else row[0]
