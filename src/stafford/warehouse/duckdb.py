"""Publishes silver into a DuckDB file: one table per topic in schema `raw`, all of them or none."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from stafford.contracts import Contract, Field
from stafford.errors import ConfigError, HomeInUse, StorageError
from stafford.warehouse.publication import Progress, Published
from stafford.warehouse.silver import INGESTED_AT, Snapshot

TYPES = {"string": "VARCHAR", "integer": "BIGINT", "boolean": "BOOLEAN", "timestamp": "TIMESTAMP"}
"""DuckDB type of each contract type.

A TIMESTAMP is in UTC and carries no zone: one with a zone is shown and truncated in the zone of
whoever reads it, so the same mart would give other days on another machine.
"""

PUBLICATIONS = """
CREATE TABLE IF NOT EXISTS raw._publications (
    topic VARCHAR PRIMARY KEY,
    table_id VARCHAR,
    version BIGINT,
    columns VARCHAR NOT NULL,
    row_count BIGINT NOT NULL
)
"""


def publish(
    silver: Mapping[str, str],
    path: Path,
    contracts: Mapping[str, Contract],
    progress: Progress = lambda _: None,
) -> Published:
    """Replace the tables of schema `raw` by the newest versions of silver.

    Delivery: effectively once. Everything happens in one transaction: a kill at any instant leaves
    the tables of the publish before, or of this one, never a mixture. A table whose version is
    already there is left alone, so repeating a publish changes nothing.

    Rows are streamed in batches: no table is ever in memory as a whole.

    Args:
        silver: URI of each topic's Delta table; a table that does not exist gives an empty one.
        path: the DuckDB file; made when missing.
        contracts: contract of each topic in `silver`; its fields and `_ingested_at` are the columns.
        progress: told what happens, a sentence at a time.

    Raises:
        ContractViolation: a silver table lacks a required field.
        HomeInUse: another process has the DuckDB file open.
        StorageError: a Delta table or the DuckDB file cannot be read or written.
    """
    snapshots = [Snapshot.open(topic, uri) for topic, uri in sorted(silver.items())]
    with _transaction(path) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS raw")
        connection.execute(PUBLICATIONS)
        changed = [s for s in snapshots if not _is_published(connection, s, contracts[s.topic])]
        for number, snapshot in enumerate(changed, start=1):
            rows = _replace(connection, snapshot, contracts[snapshot.topic])
            progress(f"published {snapshot.topic}: {rows:,} rows ({number} of {len(changed)} tables)")
        known = connection.execute("SELECT topic, version, row_count FROM raw._publications").fetchall()
    published = [row for row in known if row[0] in silver]
    return Published(
        rows={topic: count for topic, _, count in published},
        versions={topic: version for topic, version, _ in published},
        changed=tuple(snapshot.topic for snapshot in changed),
    )


def read_cents(path: Path, statements: Mapping[str, str]) -> dict[str, int]:
    """The one number of each statement, by name, all from one moment.

    Raises:
        ConfigError: there is no warehouse, or it has no marts.
        StorageError: it cannot be read.
    """
    if not path.exists():
        raise ConfigError(f"there is no warehouse {path}: run `stafford publish` and `stafford build` first")
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            connection.begin()
            return {name: _number(connection, sql) for name, sql in statements.items()}
    except duckdb.CatalogException as exc:
        raise ConfigError(f"{path} has no marts yet: run `stafford build` first ({exc})") from exc
    except duckdb.Error as exc:
        raise StorageError(f"cannot read the marts in {path}: {exc}") from exc


def says_in_use(message: str) -> bool:
    """Whether DuckDB's words mean that another process has the file open; Windows has words of its own."""
    return "Could not set lock on file" in message or "being used by another process" in message


@contextmanager
def _transaction(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(str(path)) as connection:
            # Silver is unordered; keeping the order of arrival would hold batches back in memory.
            connection.execute("SET preserve_insertion_order = false")
            connection.execute("SET TimeZone = 'UTC'")
            connection.begin()
            yield connection
            connection.commit()
    except (duckdb.Error, OSError) as exc:
        if says_in_use(str(exc)):
            raise HomeInUse(
                f"{path} is open in another process; close it there and try again ({exc})"
            ) from exc
        raise StorageError(f"publishing to {path} failed and left it as it was: {exc}") from exc


def _is_published(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, contract: Contract) -> bool:
    row = connection.execute(
        "SELECT table_id, version, columns FROM raw._publications WHERE topic = ?", [snapshot.topic]
    ).fetchone()
    return row == (snapshot.table_id, snapshot.version, _ddl(contract))


def _replace(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, contract: Contract) -> int:
    table = f'raw."{snapshot.topic}"'
    connection.execute(f"CREATE OR REPLACE TABLE {table} ({_ddl(contract)})")
    columns = snapshot.columns(contract)
    if columns:
        names = ", ".join(f'"{name}"' for name in columns)
        connection.register("silver_batches", snapshot.batches(columns))
        # Casts are implied by the columns' types; a timestamp loses its zone, which is UTC.
        connection.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM silver_batches")
        connection.unregister("silver_batches")
    rows = _number(connection, f"SELECT count(*) FROM {table}")
    connection.execute(
        "INSERT OR REPLACE INTO raw._publications VALUES (?, ?, ?, ?, ?)",
        [snapshot.topic, snapshot.table_id, snapshot.version, _ddl(contract), rows],
    )
    return rows


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _ddl(contract: Contract) -> str:
    return ", ".join([*(_column(field) for field in contract.fields), f'"{INGESTED_AT}" TIMESTAMP'])


def _column(field: Field) -> str:
    if field.type != "array":
        return f'"{field.name}" {TYPES[field.type]}'
    return f'"{field.name}" STRUCT({", ".join(_column(item) for item in field.items)})[]'
