"""Shows what was refused, and brings it back by rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from stafford.contracts import Contract, load_contracts
from stafford.domain.lake import Lake
from stafford.jobs.ingest import Progress
from stafford.jobs.ingest import build as build_ingest
from stafford.lakehouse.quarantine.judgement import Judge, selections
from stafford.lakehouse.quarantine.outcome import ReplayOutcome
from stafford.lakehouse.quarantine.records import Group, QuarantineReader
from stafford.lakehouse.quarantine.replay import ReplayWriter
from stafford.lakehouse.quarantine.rule_file import load_rules
from stafford.lakehouse.quarantine.samples import sample_value
from stafford.runtime.home import HomeLock
from stafford.settings import Settings


@dataclass(frozen=True, slots=True)
class QuarantineJob:
    """The quarantine of a home, its contracts, and the Spark session that judges by them."""

    lake: Lake
    contracts: Mapping[str, Contract]
    session: Callable[[Progress], SparkSession]
    """Starts Spark, with the lake's tables as they must be."""
    exclusive: Callable[[], HomeLock]
    """The lock that an ingestion of the same lake takes."""
    clock: Callable[[], datetime]

    def count_open(self) -> int:
        """Records in quarantine that nobody resolved; needs no Spark.

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
        """Say what a replay of a rule file would do. Writes nothing, but what a crashed replay left undone.

        Raises:
            ConfigError: the file is wrong, or nothing was ingested yet.
            HomeInUse: an ingestion or another replay runs.
            StaffordError: Spark or the disk failed.
        """
        return self._replay(path, progress, dry=True)

    def replay(self, path: Path, progress: Progress = lambda _: None) -> ReplayOutcome:
        """Apply a rule file.

        Delivery: effectively once. Repeating it changes nothing; after a crash at any instant the next replay
        or ingestion does the rest.

        Raises:
            ConfigError: the file is wrong, or nothing was ingested yet.
            HomeInUse: an ingestion or another replay runs.
            StaffordError: Spark or the disk failed.
        """
        return self._replay(path, progress, dry=False)

    def _replay(self, path: Path, progress: Progress, *, dry: bool) -> ReplayOutcome:
        rules = load_rules(path, self.contracts)
        outcome = ReplayOutcome.of(rules)
        with self.exclusive():
            QuarantineReader(
                self.lake
            ).count_open()  # refuses a home without a quarantine before Spark starts
            spark = self.session(progress)
            writer = ReplayWriter(spark, self.lake, self.contracts, self.clock)
            outcome.finished_batches = writer.finish()
            judge = Judge(spark, self.lake, self.contracts)
            for rows in QuarantineReader(self.lake).chunks(selections(rules)):
                progress(f"judging {len(rows):,} records")
                cases = judge.decide(rows, rules)
                if not dry:
                    writer.write(cases)
                outcome.count(cases, self.contracts)
        return outcome


def build(settings: Settings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> QuarantineJob:
    """Wire the quarantine of a home to its contracts.

    Raises:
        ContractViolation: a contract is not what its readers need.
    """
    return QuarantineJob(
        lake=Lake(settings.lake_uri),
        contracts=load_contracts(settings.contracts_dir),
        session=build_ingest(settings).open,
        exclusive=lambda: HomeLock(settings.home_dir / "checkpoints"),
        clock=clock,
    )
