"""Publishes silver into the warehouse of a home."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stafford.contracts import Contract, load_contracts
from stafford.domain.lake import Lake
from stafford.settings import Settings
from stafford.warehouse.duckdb import Published, publish


@dataclass(frozen=True, slots=True)
class PublishJob:
    """The silver tables by topic, and the DuckDB file that they go to."""

    silver: Mapping[str, str]
    path: Path
    contracts: Mapping[str, Contract]

    def run(self, progress: Callable[[str], None] = lambda _: None) -> Published:
        """Publish the newest version of every silver table, all of them or none.

        Delivery: effectively once; running it again without new events changes nothing.

        Raises:
            ContractViolation: a silver table lacks a required field.
            HomeInUse: another process has the warehouse open.
            StorageError: a Delta table or the warehouse cannot be read or written.
        """
        return publish(self.silver, self.path, self.contracts, progress)


def build(settings: Settings) -> PublishJob:
    """Wire the lake of a home to its warehouse.

    Raises:
        ContractViolation: a contract is not what its readers need.
    """
    contracts = load_contracts(settings.contracts_dir)
    lake = Lake(settings.lake_uri)
    silver = {topic: lake.silver(topic) for topic in contracts}
    return PublishJob(silver, settings.duckdb_path, contracts)
