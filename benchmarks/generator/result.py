"""Everything that a run of the benchmark measured."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from benchmarks.generator.contender import Contender, Run
from benchmarks.generator.kafka import TOOL, Sent
from benchmarks.generator.memory import Footprint
from benchmarks.generator.statistics import Rate, Spread, summarise
from benchmarks.machine import Machine


@dataclass(slots=True)
class Result:
    """Raw runs in the order in which they happened, and what they were made on.

    versions: of the peers, of Java and of Kafka. notes: what was not measured, and why.
    """

    machine: Machine
    measured_at: datetime
    rounds: int
    target_s: float
    events_per_day: int
    versions: dict[str, str]
    contenders: Sequence[Contender] = ()
    runs: list[Run] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    footprints: list[Footprint] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def rate(self, contender: str) -> Rate | None:
        """How fast a contender is; None where it was not measured."""
        runs = [run for run in self.runs if run.contender == contender]
        return summarise(runs) if runs else None

    def sent_per_s(self, client: str) -> Spread | None:
        """Records a second of a Kafka client; None where it was not measured."""
        rates = [sent.rows_per_s for sent in self.sent if sent.client == client]
        return Spread.of(rates) if rates else None

    def kafka_ratio(self, client: str) -> Spread | None:
        """A client's rate by the tool's of the same round, so that what slows both cancels out."""
        tool = {sent.round: sent.rows_per_s for sent in self.sent if sent.client == TOOL}
        ratios = [sent.rows_per_s / tool[sent.round] for sent in self.sent if sent.client == client]
        return Spread.of(ratios) if ratios else None

    def as_json(self) -> dict[str, Any]:
        """All of it for other programs; seconds and bytes, unrounded."""
        return {
            "machine": asdict(self.machine),
            "measured_at": self.measured_at.isoformat(),
            "rounds": self.rounds,
            "target_s": self.target_s,
            "events_per_day": self.events_per_day,
            "versions": self.versions,
            "notes": self.notes,
            "rates": {c.name: asdict(rate) for c in self.contenders if (rate := self.rate(c.name))},
            "runs": [asdict(run) for run in self.runs],
            "kafka": [asdict(sent) for sent in self.sent],
            "memory": [asdict(footprint) for footprint in self.footprints],
        }
