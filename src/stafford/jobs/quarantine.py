"""Shows what was refused, and brings it back by rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stafford.contracts import Contract
from stafford.domain.lake import Lake
from stafford.errors import ConfigError
from stafford.jobs.ingest import Progress
from stafford.jobs.ingest import build as build_ingest
from stafford.lakehouse import checkpoints
from stafford.lakehouse.adoption import adopt_contracts, check_contracts, find_unfinished
from stafford.lakehouse.quarantine.judgement import Case, Judge, selections
from stafford.lakehouse.quarantine.outcome import ReplayOutcome
from stafford.lakehouse.quarantine.records import Group, QuarantineReader
from stafford.lakehouse.quarantine.replay import ReplayWriter
from stafford.lakehouse.quarantine.rule_file import Rule, load_rules
from stafford.lakehouse.quarantine.samples import sample_value
from stafford.lakehouse.silver.cut_off import remember_cut_off
from stafford.runtime.home import HomeLock
from stafford.settings import Settings


@dataclass(frozen=True, slots=True)
class QuarantineJob:
    """The quarantine of a home, and the contracts that judge it."""

    lake: Lake
    contracts: Mapping[str, Contract]
    exclusive: Callable[[], HomeLock]
    """The lock that an ingestion of the same lake takes."""
    clock: Callable[[], datetime]
    silver_checkpoint: str

    def count_open(self) -> int:
        """Records in quarantine that nobody resolved.

        Raises:
            ConfigError: nothing was ingested yet.
            StorageError: a table cannot be read.
        """
        return QuarantineReader(self.lake).count_open()

    def list_groups(self, *, resolved: bool = False) -> list[tuple[Group, str]]:
        """Groups by topic, reason and field, each with the field's value in its newest record, masked.

        Raises:
            ConfigError: nothing was ingested yet.
            StorageError: a table cannot be read.
        """
        groups = QuarantineReader(self.lake).list_groups(resolved=resolved)
        return [
            (group, sample_value(group.newest, group.field, self.contracts.get(group.topic)))
            for group in groups
        ]

    def find(
        self, *, quarantine_id: str | None, topic: str | None, code: str | None, limit: int
    ) -> list[dict[str, Any]]:
        """Records with their raw bytes, which hold personal data, and with what replays did to them.

        Raises:
            ConfigError: nothing was ingested yet.
            StorageError: a table cannot be read.
        """
        return QuarantineReader(self.lake).find(
            quarantine_id=quarantine_id, topic=topic, code=code, limit=limit
        )

    def forecast(self, path: Path, progress: Progress = lambda _: None) -> ReplayOutcome:
        """Say what a replay of a rule file would do. Writes nothing, and may run beside an ingestion.

        Raises:
            ConfigError: the file is wrong, or nothing was ingested yet.
            ContractViolation: the lake was made by contracts that these do not follow.
            StaffordError: the disk failed.
        """
        rules = load_rules(path, self.contracts)
        check_contracts(self.lake, self.contracts)
        reader = QuarantineReader(self.lake)
        return self._go_through(reader, Judge(self.lake, self.contracts), rules, progress)

    def replay(self, path: Path, progress: Progress = lambda _: None) -> ReplayOutcome:
        """Apply a rule file.

        Delivery: effectively once. Repeating it changes nothing; after a crash at any instant the next replay
        or ingestion does the rest.

        Raises:
            ConfigError: the file is wrong, nothing was ingested yet, or silver has not finished what it began
                by other contracts.
            ContractViolation: the lake was made by contracts that these do not follow.
            HomeInUse: an ingestion or another replay runs.
            StaffordError: the disk failed.
        """
        rules = load_rules(path, self.contracts)
        with self.exclusive():
            QuarantineReader(self.lake).count_open()  # a home that has none is refused before tables are made
            if find_unfinished(self.lake, self.contracts, self.silver_checkpoint):
                raise ConfigError(
                    "silver has not finished what it began by the contracts of before; nothing was replayed. "
                    "Run `stafford ingest` first, which finishes that by those, and repeat"
                )
            adopt_contracts(self.lake, self.contracts, self.clock())
            writer = ReplayWriter(self.lake, self.contracts, self.clock)
            finished = writer.finish()
            if checkpoints.is_cut_off(self.silver_checkpoint):
                remember_cut_off(self.lake, self.contracts)
            # Read after what was cut off is done, and before anything new is.
            reader, judge = QuarantineReader(self.lake), Judge(self.lake, self.contracts)
            outcome = self._go_through(reader, judge, rules, progress, writer.write)
            outcome.finished_batches = finished
        return outcome

    def _go_through(
        self,
        reader: QuarantineReader,
        judge: Judge,
        rules: Sequence[Rule],
        progress: Progress,
        write: Callable[[list[Case]], None] = lambda _: None,
    ) -> ReplayOutcome:
        outcome = ReplayOutcome.of(rules)
        for rows in reader.chunks(selections(rules)):
            progress(f"judging {len(rows):,} records")
            cases = judge.decide(rows, rules)
            write(cases)
            outcome.count(cases, self.contracts)
        return outcome


def build(settings: Settings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> QuarantineJob:
    """Wire the quarantine of a home to its contracts.

    Raises:
        ContractViolation: a contract is not what its readers need.
    """
    ingest = build_ingest(settings)
    return QuarantineJob(
        lake=ingest.lake,
        contracts=ingest.contracts,
        exclusive=ingest.exclusive,
        clock=clock,
        silver_checkpoint=ingest.silver_checkpoint,
    )
