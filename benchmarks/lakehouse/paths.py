"""The paths that are measured: the product's own streaming queries, each over all records of the topics."""

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pyspark.sql import SparkSession

from benchmarks.lakehouse.history import give_history
from stafford.contracts import Contract
from stafford.domain.lake import Lake
from stafford.lakehouse import queries
from stafford.lakehouse.bronze import read_kafka, start_bronze
from stafford.lakehouse.counts import count
from stafford.lakehouse.silver.stream import start_silver
from stafford.lakehouse.tables import create_tables
from stafford.lakehouse.triggers import Trigger
from stafford.transport.ranges import read_ranges

NOOP, NOOP_BY_DEFAULT, BRONZE = "noop", "noop by default", "bronze"
SILVER, SILVER_AFTER = "silver", "silver after history"

KAFKAS_DEFAULTS = {"fetch.max.wait.ms": "500"}
"""What the product's reader sets otherwise."""


class WrongResult(Exception):
    """A path gave other rows than it must, so its speed means nothing."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds that one path took over all records in one round; round 0 and below are warm-up."""

    path: str
    round: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Paths:
    """Runs each path in a folder of its own.

    rows: records in the topics. history: a lake with many ids in it, which is copied for each round.
    """

    spark: SparkSession
    contracts: Mapping[str, Contract]
    kafka: Mapping[str, str]
    rows: int
    history: Path
    folder: Path

    def run(self, number: int) -> Iterator[Timed]:
        """Run every path once, one after the other: seconds of each, without making its tables.

        Raises:
            WrongResult: records are missing, or there are too many.
            StaffordError: a query stopped.
        """
        with self._home(number) as home:
            yield Timed(NOOP_BY_DEFAULT, number, self._copy_to_nothing(home / "default", KAFKAS_DEFAULTS))
            yield Timed(NOOP, number, self._copy_to_nothing(home / "noop", {}))
            lake = Lake(str(home / "lake"))
            create_tables(lake, self.contracts.values())
            yield Timed(BRONZE, number, self._copy(lake, home))
            yield Timed(SILVER, number, self._refine(lake, home / "silver"))
            fresh = count(lake, self.contracts)
            if fresh.bronze != self.rows or fresh.judged != self.rows:
                raise WrongResult(f"{self.rows} records gave {fresh}")
            after = give_history(self.history, lake, home / "after")
            before = count(after, self.contracts)
            yield Timed(SILVER_AFTER, number, self._refine(after, home / "silver-after"))
            found = count(after, self.contracts)
            if found.silver - before.silver != fresh.silver:
                raise WrongResult(f"after a history {found.silver - before.silver} rows, not {fresh.silver}")

    def _copy_to_nothing(self, checkpoint: Path, settings: Mapping[str, str]) -> float:
        writer = (
            read_kafka(self.spark, {**self.kafka, **settings}, self.contracts)
            .writeStream.queryName("noop")
            .format("noop")
            .option("checkpointLocation", str(checkpoint))
        )
        began = time.perf_counter()
        queries.finish(Trigger.AVAILABLE_NOW.apply(writer).start())
        return time.perf_counter() - began

    def _copy(self, lake: Lake, home: Path) -> float:
        checkpoint = str(home / "bronze")
        began = time.perf_counter()
        read, trigger = partial(read_ranges, self.kafka), Trigger.AVAILABLE_NOW
        queries.finish(start_bronze(self.spark, lake, self.kafka, self.contracts, checkpoint, trigger, read))
        return time.perf_counter() - began

    def _refine(self, lake: Lake, checkpoint: Path) -> float:
        began = time.perf_counter()
        queries.finish(start_silver(self.spark, lake, self.contracts, str(checkpoint), Trigger.AVAILABLE_NOW))
        return time.perf_counter() - began

    @contextmanager
    def _home(self, number: int) -> Iterator[Path]:
        home = self.folder / f"round-{number}"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        try:
            yield home
        finally:
            shutil.rmtree(home, ignore_errors=True)
