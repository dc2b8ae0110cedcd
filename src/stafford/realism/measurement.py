"""Reads a folder of events and judges every metric of the targets."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from stafford.realism import sessions
from stafford.realism.events import open_events
from stafford.realism.evidence.aftermath import read_aftermath
from stafford.realism.evidence.baskets import read_baskets
from stafford.realism.evidence.dwell import read_dwell_s
from stafford.realism.evidence.fulfilment import read_fulfilment
from stafford.realism.evidence.popularity import read_product_views
from stafford.realism.evidence.purchases import read_purchases
from stafford.realism.evidence.rhythm import read_rhythm
from stafford.realism.evidence.visits import read_visits
from stafford.realism.facts import Facts
from stafford.realism.result import Result, Verdict, judge
from stafford.realism.targets import Targets

Progress = Callable[[str, float], None]
"""Is told what is being done, and which share of all work is behind it."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """The table, and what the plots are drawn from."""

    targets: Targets
    facts: Facts
    results: tuple[Result, ...]

    def count(self, verdict: Verdict) -> int:
        """How many metrics have this verdict."""
        return sum(result.verdict is verdict for result in self.results)

    @property
    def is_realistic(self) -> bool:
        """Whether no metric failed, and at least one could be measured."""
        return self.count(Verdict.FAILED) == 0 and self.count(Verdict.PASSED) > 0


def measure(folder: Path, targets: Targets, progress: Progress = lambda _step, _done: None) -> Measurement:
    """Measure a folder of events.

    Sees events alone: neither the labels beside them, nor the manifest, nor any profile. The same folder
    gives the same numbers. At most 2 GB of memory for DuckDB, and scratch files for what goes beyond.

    Args:
        folder: `<topic>/*.parquet` with the columns of the contracts.
        targets: which metrics, and what they must be.
        progress: is told the step and the share of the work that is done.

    Raises:
        ConfigError: the folder has no events, or lacks a topic.
        ContractViolation: a file does not have the columns of its contract.
        StorageError: a file cannot be read, or the scratch folder is full.
    """
    with open_events(folder) as connection:
        facts = _read(connection, progress)
    progress("fitting models and judging", 0.88)
    results = tuple(judge(name, target, facts, targets.expected) for name, target in targets.metrics.items())
    progress("done", 1.0)
    return Measurement(targets, facts, results)


def _read(connection: duckdb.DuckDBPyConnection, progress: Progress) -> Facts:
    progress("reading orders and customers", 0.0)
    sessions.create_orders(connection)
    sessions.create_registrations(connection)
    progress("counting actions by session", 0.02)
    sessions.count_actions(connection)
    progress("setting copies aside", 0.22)
    sessions.recount_copies(connection)
    progress("timing pages", 0.48)
    (count,) = connection.execute("SELECT count(*) FROM counted").fetchone() or (0,)
    dwell_s = read_dwell_s(connection, count)
    progress("ranking products", 0.58)
    product_views = read_product_views(connection)
    progress("knowing customers again", 0.62)
    sessions.create_visits(connection)
    progress("counting sessions, orders and parcels", 0.84)
    return Facts(
        read_visits(connection),
        read_rhythm(connection),
        read_baskets(connection),
        read_fulfilment(connection),
        read_aftermath(connection),
        read_purchases(connection),
        product_views,
        dwell_s,
    )
