"""Everything that a run of the benchmark measured."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from benchmarks.generator.statistics import Spread
from benchmarks.kafka.variants import Variant
from benchmarks.machine import Machine

Client = Literal["ours", "tool"]


@dataclass(frozen=True, slots=True)
class Sent:
    """What one client got acknowledged in one round with one variant, after its warm-up.

    stored_bytes: what a record takes in the broker's log. cpu_share: CPU seconds by wall seconds of our
    process; not known of the tool.
    """

    variant: Variant
    client: Client
    round: int
    rows_per_s: float
    stored_bytes: float
    cpu_share: float | None


@dataclass(frozen=True, slots=True)
class Delayed:
    """Delays from send to acknowledgement at a fixed rate, by Kafka's tool, in milliseconds."""

    variant: Variant
    round: int
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Read:
    """What a group of so many consumers read in one round, from its first record to its last."""

    consumers: int
    client: Client
    round: int
    rows_per_s: float


@dataclass(frozen=True, slots=True)
class Paused:
    """What a group saw of one change in one round. Seconds.

    longest: the longest silence of a partition. all_silent: the longest silence of all of them together.
    stopped: partitions that were silent for longer than usual, of so many. until: from the change to the
    first record of the member that came.
    """

    protocol: str
    change: str
    round: int
    longest_s: float
    all_silent_s: float
    stopped: int
    partitions: int
    until_s: float


@dataclass(slots=True)
class Result:
    """Raw runs in the order in which they happened, and what they were made on. rate: of the delays."""

    machine: Machine
    measured_at: datetime
    rounds: int
    target_s: float
    rate: int
    read_rows: int
    versions: dict[str, str]
    sent: list[Sent] = field(default_factory=list)
    delayed: list[Delayed] = field(default_factory=list)
    read: list[Read] = field(default_factory=list)
    paused: list[Paused] = field(default_factory=list)

    def variants(self) -> list[Variant]:
        """Those that were measured, in their order."""
        return list(dict.fromkeys(sent.variant for sent in self.sent))

    def rate_of(self, variant: Variant, client: Client) -> Spread:
        """Records a second."""
        return Spread.of(s.rows_per_s for s in self.sent if (s.variant, s.client) == (variant, client))

    def ratio(self, variant: Variant) -> Spread:
        """Our client by the tool, round by round."""
        tool = {s.round: s.rows_per_s for s in self.sent if (s.variant, s.client) == (variant, "tool")}
        ours = [s for s in self.sent if (s.variant, s.client) == (variant, "ours")]
        return Spread.of(s.rows_per_s / tool[s.round] for s in ours)

    def gain(self, variant: Variant) -> Spread:
        """Our client with this variant by itself with the base, round by round."""
        base = {s.round: s.rows_per_s for s in self.sent if not s.variant.factor and s.client == "ours"}
        ours = [s for s in self.sent if (s.variant, s.client) == (variant, "ours")]
        return Spread.of(s.rows_per_s / base[s.round] for s in ours)

    def stored(self, variant: Variant) -> float:
        """Bytes of one of our records in the broker's log."""
        ours = (s.stored_bytes for s in self.sent if (s.variant, s.client) == (variant, "ours"))
        return Spread.of(ours).median

    def delay(self, variant: Variant) -> tuple[float, float]:
        """Median and 99th percentile, in milliseconds: medians of the rounds."""
        found = [delayed for delayed in self.delayed if delayed.variant == variant]
        return Spread.of(d.p50_ms for d in found).median, Spread.of(d.p99_ms for d in found).median

    def read_by(self, consumers: int, client: Client) -> Spread:
        """Records a second of a group."""
        return Spread.of(r.rows_per_s for r in self.read if (r.consumers, r.client) == (consumers, client))

    def as_json(self) -> dict[str, Any]:
        """All of it for other programs; seconds and bytes, unrounded."""
        return {
            **{name: getattr(self, name) for name in ("rounds", "target_s", "rate", "read_rows", "versions")},
            "machine": asdict(self.machine),
            "measured_at": self.measured_at.isoformat(),
            **{
                name: [asdict(run) for run in getattr(self, name)]
                for name in ("sent", "delayed", "read", "paused")
            },
        }
