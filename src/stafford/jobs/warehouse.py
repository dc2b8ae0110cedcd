"""Which warehouse a command works on."""

from enum import StrEnum

from stafford.settings import Settings
from stafford.warehouse.dbt_targets import DbtTarget, DuckDbTarget, PostgresTarget
from stafford.warehouse.postgres_server import PostgresServer


class Target(StrEnum):
    """Warehouses that silver can be published into."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"


def find_server(settings: Settings) -> PostgresServer:
    """The PostgreSQL server of the settings; nothing is connected yet.

    Raises:
        ConfigError: the connection string or the password file is not as it must be.
    """
    file = settings.postgres_password_file
    return PostgresServer.parse(settings.postgres, None if file is None else file.expanduser())


def find_dbt_target(settings: Settings, target: Target) -> DbtTarget:
    """Where dbt builds, with a folder in the home for its own files.

    Raises:
        ConfigError: as `find_server`.
    """
    if target is Target.POSTGRES:
        return PostgresTarget(find_server(settings), settings.home_dir / "dbt-postgres")
    return DuckDbTarget(settings.duckdb_path, settings.home_dir / "dbt")
