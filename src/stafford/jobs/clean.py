"""Removes what runs wrote, and nothing that they did not."""

import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from stafford.errors import ConfigError, StorageError
from stafford.jobs import broker
from stafford.settings import Settings

OURS = {
    "kafka", "spool", "lake", "checkpoints", "ledger", "spark", "dbt", "maintenance",
    "warehouse.duckdb", "warehouse.duckdb.wal", "report.html", "reconciliation.json",
    "run.json", "shop.json", "shop.lock", "demo.json",
}  # fmt: skip
"""Everything that a command writes into a home, beside PATTERNS."""

PATTERNS = (".stafford*", "realism-*.html")

DOWNLOADS = ("jars", "environments")


@dataclass(frozen=True, slots=True)
class CleanJob:
    """What would be deleted, so that a person can be asked first."""

    settings: Settings
    doomed: tuple[Path, ...]

    def run(self) -> None:
        """Stop the home's broker and delete.

        Raises:
            StorageError: something cannot be deleted.
        """
        broker.stop(self.settings)
        for path in self.doomed:
            try:
                shutil.rmtree(path)
            except OSError as exc:
                raise StorageError(f"cannot delete {path}: {exc}; close what has it open and repeat") from exc


def build(settings: Settings, *, cache: bool = False) -> CleanJob:
    """Find what a clean of this home deletes.

    Args:
        settings: which home and cache.
        cache: also the downloads that all homes share.

    Raises:
        ConfigError: the home holds something that no command wrote, so it may not be a home at all.
    """
    home = settings.home_dir
    entries = {path.name for path in home.iterdir()} if home.is_dir() else set()
    strange = sorted(name for name in entries - OURS if not any(fnmatch(name, own) for own in PATTERNS))
    if strange:
        raise ConfigError(
            f"{home} holds {', '.join(strange[:5])}, which no command wrote; nothing was deleted. "
            "Give another --home, or move that away"
        )
    places = [home, *(settings.cache_dir / name for name in DOWNLOADS if cache)]
    return CleanJob(settings, tuple(path for path in places if path.exists()))
