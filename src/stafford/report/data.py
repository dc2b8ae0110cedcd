"""What the report is drawn from: plain frozen values, and Arrow tables for what has many rows.

Money is integer cents, bytes are bytes, durations are seconds, instants are UTC.
`Reconciliation` and `Machinery` have the shape of the JSON files that they come from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import pyarrow as pa
from pydantic import AwareDatetime

from stafford.domain.record import UTC_MICROS

REVENUE_SCHEMA = pa.schema(
    [
        pa.field("hour", UTC_MICROS),
        pa.field("revenue_cents", pa.int64()),  # placed, gross: later cancelled ones included
    ]
)
TRAFFIC_SCHEMA = pa.schema(
    [
        pa.field("hour", UTC_MICROS),
        pa.field("sessions", pa.int64()),  # sessions that started in the hour
    ]
)
PRODUCT_SCHEMA = pa.schema(
    [
        pa.field("product_id", pa.string()),
        # With its colour and size; null where no clean event introduced the product.
        pa.field("product_name", pa.string()),
        pa.field("category", pa.string()),
        pa.field("units", pa.int64()),
        pa.field("revenue_cents", pa.int64()),  # of the lines, without shipping
    ]
)


@dataclass(frozen=True, slots=True)
class Totals:
    """The shop in a few numbers. Amounts in integer cents."""

    order_count: int = 0
    revenue_cents: int = 0
    cancelled_cents: int = 0
    paid_cents: int = 0
    refunded_cents: int = 0
    items_cents: int = 0
    sold_product_count: int = 0


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """How many sessions came at least this far."""

    name: str
    sessions: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Records on their way through the platform."""

    sent: int
    bronze: int
    silver: int
    quarantined: int
    duplicates_removed: int
    lost: int
    doubled: int
    dropped: int = 0
    """Given up by a replay of the quarantine; a verdict from before there were replays has none."""

    @property
    def is_complete(self) -> bool:
        """Whether no record is missing and none is there twice."""
        return self.lost == 0 and self.doubled == 0

    @property
    def placed(self) -> int:
        """Records that reached one of the places where a record can end."""
        return self.silver + self.quarantined + self.duplicates_removed + self.dropped


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalCounts(Counts):
    """Records of all topics, and how many of them a durable log acknowledged."""

    acknowledged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicCounts(Counts):
    """Records of one topic."""

    topic: str


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """Records in quarantine for one reason, as the ledger foretold and as found."""

    topic: str
    reason: str
    expected: int
    found: int


@dataclass(frozen=True, slots=True)
class MoneyCheck:
    """One sum of money by the ledger and by the marts."""

    measure: Literal["orders", "captured", "refunded"]
    ledger_cents: int
    mart_cents: int

    @property
    def is_equal(self) -> bool:
        """Whether not one cent differs."""
        return self.ledger_cents == self.mart_cents


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that ledger and tables disagree on."""

    kind: str
    topic: str
    detail: str
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One generator run, over [opens_at, until) of shop time; `until` is None where nobody noted it."""

    run_id: str
    seed: int | str
    profile: str
    opens_at: AwareDatetime
    until: AwareDatetime | None = None
    events_per_day: float | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What the ledger found when it was last asked.

    `findings` may be the first of many; `findings_by_kind` counts all of them.
    """

    reconciled: bool
    checked_at: AwareDatetime
    runs: tuple[Run, ...]
    totals: TotalCounts
    topics: tuple[TopicCounts, ...]
    quarantine_reasons: tuple[ReasonCount, ...]
    money: tuple[MoneyCheck, ...]
    findings: tuple[Finding, ...]
    ledger_digest: str
    findings_by_kind: Mapping[str, int] = field(default_factory=dict)

    @property
    def finding_count(self) -> int:
        """How many findings there are, those that are not listed included."""
        return max(sum(self.findings_by_kind.values()), len(self.findings))

    @property
    def is_clean(self) -> bool:
        """Whether the ledger says that it reconciles, and none of its own numbers says otherwise."""
        return (
            self.reconciled
            and not self.finding_count
            and self.totals.is_complete
            and all(topic.is_complete for topic in self.topics)
            and all(check.is_equal for check in self.money)
        )


@dataclass(frozen=True, slots=True)
class StageTiming:
    """How long one stage took."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Machinery:
    """How the run was made. Empty where it is not known."""

    stages: tuple[StageTiming, ...] = ()
    peak_memory_bytes: int | None = None
    peak_memory_by_process: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, str | int | float | None] = field(default_factory=dict)
    machine: Mapping[str, str | int | float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything on the page; nothing else is read while it is drawn.

    `revenue`, `traffic` and `products` have REVENUE_SCHEMA, TRAFFIC_SCHEMA and PRODUCT_SCHEMA; the first two
    one row per hour that has any, ascending; products by revenue, descending.
    `reconciliation` and `machinery` are None where their files are absent.
    """

    written_at: datetime
    totals: Totals = field(default_factory=Totals)
    revenue: pa.Table = field(default_factory=REVENUE_SCHEMA.empty_table)
    traffic: pa.Table = field(default_factory=TRAFFIC_SCHEMA.empty_table)
    products: pa.Table = field(default_factory=PRODUCT_SCHEMA.empty_table)
    funnel: tuple[FunnelStep, ...] = ()
    reconciliation: Reconciliation | None = None
    machinery: Machinery | None = None
