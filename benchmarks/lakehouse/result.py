"""Everything that a run of the benchmark measured."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from benchmarks.generator.statistics import Spread
from benchmarks.lakehouse.paths import BRONZE, NOOP, NOOP_BY_DEFAULT, SILVER, SILVER_AFTER, Timed
from benchmarks.lakehouse.sustained import Held
from benchmarks.machine import Machine

WHOLE = {
    "Kafka to nothing": (NOOP,),
    "Kafka to nothing by Spark's defaults": (NOOP_BY_DEFAULT,),
    "Kafka to bronze": (BRONZE,),
    "Kafka to bronze to silver and quarantine": (BRONZE, SILVER),
    "the same, after a long history": (BRONZE, SILVER_AFTER),
}
"""What is claimed, as the paths whose seconds add up to it: bronze is whole before silver reads it."""


@dataclass(slots=True)
class Result:
    """Raw runs in the order in which they happened, and what they were made on."""

    machine: Machine
    measured_at: datetime
    rounds: int
    warm_ups: int
    history_ids: int
    versions: dict[str, str]
    master: str
    driver_memory: str
    rows: int = 0
    runs: list[Timed] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Rates that were not held, each with what happened."""

    def seconds(self, name: str) -> list[float]:
        """Seconds of each round that counts, in the order of rounds."""
        return [
            sum(run.seconds for run in self.runs if run.round == number and run.path in WHOLE[name])
            for number in range(1, self.rounds + 1)
        ]

    def rate(self, name: str) -> Spread:
        """Records a second."""
        return Spread.of(self.rows / seconds for seconds in self.seconds(name))

    def ratio(self, name: str, to: str) -> Spread:
        """How fast one is by another, round by round, so that what slows both cancels out."""
        pairs = zip(self.seconds(name), self.seconds(to), strict=True)
        return Spread.of(theirs / ours for ours, theirs in pairs)

    def as_json(self) -> dict[str, Any]:
        """All of it for other programs; seconds, unrounded."""
        return {**asdict(self), "measured_at": self.measured_at.isoformat()}
