"""Compares what was sent with what became of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from stafford.contracts import load_contracts
from stafford.domain.lake import Lake
from stafford.errors import StorageError
from stafford.jobs.warehouse import Target, find_server
from stafford.ledger.durable_file import replace_durably
from stafford.ledger.reconciliation import ReadCents, Reconciliation, reconcile
from stafford.settings import Settings
from stafford.warehouse import duckdb, postgres


@dataclass(frozen=True, slots=True)
class ReconcileJob:
    """The ledger, the lake and the marts of a home, and where the verdict goes."""

    ledger: Path
    lake: Lake
    topics: tuple[str, ...]
    marts: ReadCents | None
    verdict_path: Path
    clock: Callable[[], datetime]

    def run(self) -> Reconciliation:
        """Compare by sets of ids and by cents, and write the verdict down. Changes no table.

        Raises:
            ConfigError: nothing was sent, ingested or built yet, or the server refuses us.
            NotReady: the server of the marts does not answer.
            StorageError: something cannot be read or written.
        """
        verdict = reconcile(self.ledger, self.lake, self.topics, self.marts, self.clock())
        try:
            replace_durably(self.verdict_path, verdict.to_json().encode())
        except OSError as exc:
            raise StorageError(f"cannot write the verdict {self.verdict_path}: {exc}; free the disk") from exc
        return verdict


def build(
    settings: Settings,
    target: Target = Target.DUCKDB,
    *,
    with_marts: bool = True,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> ReconcileJob:
    """Wire the ledger of a home to its lake, and to the marts of a warehouse unless they are left out.

    Raises:
        ConfigError: the settings of the server are not as they must be.
    """
    topics = tuple(load_contracts(settings.contracts_dir))
    verdict_path = settings.home_dir / "reconciliation.json"
    return ReconcileJob(
        settings.ledger_dir,
        Lake(settings.lake_uri),
        topics,
        _find_marts(settings, target) if with_marts else None,
        verdict_path,
        clock,
    )


def _find_marts(settings: Settings, target: Target) -> ReadCents:
    if target is Target.POSTGRES:
        return partial(postgres.read_cents, find_server(settings))
    return partial(duckdb.read_cents, settings.duckdb_path)
