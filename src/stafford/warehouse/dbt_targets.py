"""The warehouses that dbt can build in: what it must be told, and what is held while it builds."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stafford.errors import ConfigError
from stafford.warehouse.postgres import WAIT_S
from stafford.warehouse.postgres_server import PostgresServer


class DbtTarget(Protocol):
    """One target of warehouse/profiles.yml."""

    @property
    def name(self) -> str:
        """The target's name in the profile."""

    @property
    def place(self) -> str:
        """Where it is, for people and scripts: a path, or an address without a secret."""

    @property
    def work_dir(self) -> Path:
        """Where dbt keeps what it parsed and compiled, and its log."""

    def hold(self) -> AbstractContextManager[Mapping[str, str]]:
        """Keep the warehouse for one build; gives the variables that the profile reads.

        Raises:
            ConfigError: nothing was published there.
            HomeInUse: another writer holds it.
        """


@dataclass(frozen=True, slots=True)
class DuckDbTarget:
    """A DuckDB file; dbt itself finds out whether somebody else has it open."""

    path: Path
    work_dir: Path

    @property
    def name(self) -> str:
        """As in the profile."""
        return "duckdb"

    @property
    def place(self) -> str:
        """The file's path."""
        return str(self.path)

    @contextmanager
    def hold(self) -> Iterator[Mapping[str, str]]:
        """See DbtTarget."""
        if not self.path.is_file():
            raise ConfigError(f"there is no warehouse at {self.path}; run `stafford publish` first")
        yield {"STAFFORD_DUCKDB_PATH": str(self.path.resolve())}


@dataclass(frozen=True, slots=True)
class PostgresTarget:
    """A database on a PostgreSQL server; no publish and no other build gets in while dbt works."""

    server: PostgresServer
    work_dir: Path
    wait_s: float = WAIT_S

    @property
    def name(self) -> str:
        """As in the profile."""
        return "postgres"

    @property
    def place(self) -> str:
        """The server's address."""
        return self.server.address

    @contextmanager
    def hold(self) -> Iterator[Mapping[str, str]]:
        """See DbtTarget.

        The password is in what is given, for it has no other safe way into dbt: a variable of a process is
        seen by its user alone, an argument by everybody, and a file would outlive the build.

        Raises:
            ConfigError: nothing was published there, or the server refuses us.
            HomeInUse: another publish or build went on for longer than `wait_s`.
            NotReady: the server does not answer.
        """
        with self.server.session() as connection:
            self.server.hold(connection, self.wait_s)
            found = connection.execute("SELECT to_regclass('raw._publications')").fetchone()
            if not found or found[0] is None:
                raise ConfigError(
                    f"nothing was published into {self.server.address}; "
                    "run `stafford publish --target postgres` first"
                )
            yield self.server.client_environment(connection)
