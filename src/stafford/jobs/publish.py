"""Publishes silver into a warehouse."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from stafford.contracts import load_contracts
from stafford.domain.lake import Lake
from stafford.jobs.warehouse import Target, find_server
from stafford.settings import Settings
from stafford.warehouse import duckdb, postgres
from stafford.warehouse.publication import Progress, Published


@dataclass(frozen=True, slots=True)
class PublishJob:
    """A publish that is wired to its lake and its warehouse."""

    publish: Callable[[Progress], Published]
    place: str
    """Where the warehouse is: a path, or an address without a secret."""

    def run(self, progress: Progress = lambda _: None) -> Published:
        """Publish the newest version of every silver table, all of them or none.

        Delivery: effectively once; running it again without new events changes nothing.

        Raises:
            ConfigError: the server refuses us.
            ContractViolation: a silver table lacks a required field, or has two rows for one event.
            HomeInUse: another process holds the warehouse.
            NotReady: the server does not answer.
            StorageError: a Delta table or the warehouse cannot be read or written.
        """
        return self.publish(progress)


def build(settings: Settings, target: Target = Target.DUCKDB) -> PublishJob:
    """Wire the lake of a home to a warehouse.

    Raises:
        ConfigError: the settings of the server are not as they must be.
        ContractViolation: a contract is not what its readers need.
    """
    contracts = load_contracts(settings.contracts_dir)
    lake = Lake(settings.lake_uri)
    silver = {topic: lake.silver(topic) for topic in contracts}
    if target is Target.POSTGRES:
        server = find_server(settings)
        return PublishJob(partial(postgres.publish, silver, server, contracts), server.address)
    path = settings.duckdb_path
    return PublishJob(partial(duckdb.publish, silver, path, contracts), str(path))
