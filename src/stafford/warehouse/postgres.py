"""Publishes silver into PostgreSQL: one table per topic in schema `raw`, all of them or none."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pyarrow as pa
from deltalake.exceptions import DeltaError
from psycopg import errors as pg

from stafford.contracts import Contract
from stafford.errors import ConfigError, ContractViolation, StorageError
from stafford.warehouse.postgres_rows import CopyEncoder, ddl
from stafford.warehouse.postgres_server import Connection, PostgresServer
from stafford.warehouse.publication import Progress, Published
from stafford.warehouse.silver import Snapshot

WAIT_S = 60.0
"""How long a publish waits for another one, or for a reader of a table that has to be made anew."""

PUBLICATIONS = """
CREATE TABLE IF NOT EXISTS raw._publications (
    topic text PRIMARY KEY,
    table_id text,
    version bigint,
    columns text NOT NULL,
    row_count bigint NOT NULL,
    files text[]
)
"""

FILES_ARE_KNOWN = (
    "SELECT FROM pg_attribute WHERE attrelid = 'raw._publications'::regclass AND attname = 'files'"
)
"""Not in a warehouse that was made before; adding a column keeps readers waiting, so it is asked first."""


def publish(
    silver: Mapping[str, str],
    server: PostgresServer,
    contracts: Mapping[str, Contract],
    progress: Progress = lambda _: None,
    *,
    wait_s: float = WAIT_S,
) -> Published:
    """Bring the tables of schema `raw` to the newest versions of silver.

    Delivery: effectively once. Everything happens in one transaction: a kill at any instant leaves
    the tables of the publish before, or of this one, never a mixture. Rows are merged by `event_id`, so a
    row that is there already is not written again. Read are the files that the publish before did not have,
    and all of them where `raw` has not as many rows as silver then. Readers are not kept waiting, unless a
    table gets other columns.

    Rows are streamed in batches: no table is ever in memory as a whole.

    Args:
        silver: URI of each topic's Delta table; a table that does not exist gives an empty one.
        server: where the warehouse is; schema `raw` is made when missing.
        contracts: contract of each topic in `silver`; its fields and `_ingested_at` are the columns.
        progress: told what happens, a sentence at a time.
        wait_s: how long another publish or build is waited for.

    Raises:
        ConfigError: the server refuses us, or does not let us write.
        ContractViolation: a silver table lacks a required field, or has two rows for one event.
        HomeInUse: another publish or build went on for longer than `wait_s`.
        NotReady: the server does not answer, or was lost on the way.
        StorageError: a Delta table cannot be read, or the server has no room.
    """
    with server.session() as connection:
        server.hold(connection, wait_s)
        # Opened after the lock: whoever waited must not publish an older silver than the one before them.
        snapshots = [Snapshot.open(topic, uri) for topic, uri in sorted(silver.items())]
        with connection.transaction():
            publication = _Publication(connection, progress)
            changed = publication.bring_up_to_date(snapshots, contracts)
            known = publication.known()
    return Published(
        rows={topic: last.row_count for topic, last in known.items() if topic in silver},
        versions={topic: last.version for topic, last in known.items() if topic in silver},
        changed=changed,
        notes=tuple(publication.notes),
    )


def read_cents(server: PostgresServer, statements: Mapping[str, str]) -> dict[str, int]:
    """The one number of each statement, by name, all from one moment.

    Raises:
        ConfigError: the server refuses us, or there are no marts.
        NotReady: the server does not answer.
        StorageError: the server cannot read them.
    """
    with server.session() as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            return {name: _number(connection, sql) for name, sql in statements.items()}
        except (pg.UndefinedTable, pg.InvalidSchemaName) as exc:
            raise ConfigError(
                f"{server.address} has no marts yet; run `stafford publish --target postgres` and "
                "`stafford build --target postgres` first"
            ) from exc


@dataclass(frozen=True, slots=True)
class _Last:
    """What was published of a topic the last time."""

    table_id: str | None
    version: int | None
    columns: str
    row_count: int
    files: list[str] | None
    """None where they do not tell the whole."""


@dataclass(slots=True)
class _Publication:
    """One publish, inside its transaction."""

    connection: Connection
    progress: Progress
    notes: list[str] = field(default_factory=list)

    def bring_up_to_date(
        self, snapshots: Iterable[Snapshot], contracts: Mapping[str, Contract]
    ) -> tuple[str, ...]:
        if not self._is_there("to_regnamespace", "raw"):
            # Asked first: IF NOT EXISTS wants the right to make schemas even where nothing is made.
            self.connection.execute("CREATE SCHEMA raw")
        self.connection.execute(PUBLICATIONS)
        if self.connection.execute(FILES_ARE_KNOWN).fetchone() is None:
            self.connection.execute("ALTER TABLE raw._publications ADD COLUMN files text[]")
        known = self.known()
        changed = [s for s in snapshots if not self._is_published(s, known.get(s.topic), contracts[s.topic])]
        for number, snapshot in enumerate(changed, start=1):
            rows = self._bring(snapshot, known.get(snapshot.topic), contracts[snapshot.topic])
            self.progress(f"published {snapshot.topic}: {rows:,} rows ({number} of {len(changed)} tables)")
        return tuple(snapshot.topic for snapshot in changed)

    def known(self) -> dict[str, _Last]:
        rows = self.connection.execute(
            "SELECT topic, table_id, version, columns, row_count, files FROM raw._publications ORDER BY topic"
        )
        return {topic: _Last(*rest) for topic, *rest in rows}

    def _is_published(self, snapshot: Snapshot, last: _Last | None, contract: Contract) -> bool:
        if last is None or not self._is_there("to_regclass", f'raw."{snapshot.topic}"'):
            return False
        now = (snapshot.table_id, snapshot.version, ddl(contract))
        return (last.table_id, last.version, last.columns) == now

    def _bring(self, snapshot: Snapshot, last: _Last | None, contract: Contract) -> int:
        topic, columns = snapshot.topic, snapshot.columns(contract)
        if last is not None and not self._is_there("to_regclass", f'raw."{topic}"'):
            last = None
        if last is None or last.columns != ddl(contract):
            self._make_anew(topic, contract)
            last = None
        rows = self._merge_new(snapshot, last, contract, columns) if last is not None else None
        if rows is None or rows != snapshot.rows:
            staged = self._stage(snapshot, contract, columns, snapshot.batches(columns) if columns else ())
            self._delete_what_is_not_staged(topic)
            self._merge(topic, contract)
            rows = self._count(topic)
            if rows != staged:
                raise ContractViolation(
                    f"silver table {topic} at version {snapshot.version} has {staged - rows:,} rows "
                    "whose event_id is there already, so nothing was published; "
                    "`stafford reconcile --no-marts` names them"
                )
        # Otherwise the first build after it would plan its joins as if the table were empty.
        self.connection.execute(f'ANALYZE raw."{topic}"')
        last = _Last(snapshot.table_id, snapshot.version, ddl(contract), rows, snapshot.files)
        self._note(last, topic)
        return rows

    def _merge_new(
        self, snapshot: Snapshot, last: _Last, contract: Contract, columns: list[str]
    ) -> int | None:
        """Merge the files that the publish before did not have; gives the rows that are there then.

        All of silver is there then. So where the numbers are equal, nothing else is, as long as silver has
        each event once. None where only the whole table will do.
        """
        files = snapshot.files
        if last.table_id != snapshot.table_id or last.files is None or files is None:
            return None
        if self._count(snapshot.topic) != last.row_count:
            return None  # somebody took rows out of it, or put some in
        new = set(files) - set(last.files)
        self._stage(snapshot, contract, columns, snapshot.batches_of(new, columns))
        self._merge(snapshot.topic, contract)
        return self._count(snapshot.topic)

    def _note(self, last: _Last, topic: str) -> None:
        self.connection.execute(
            "INSERT INTO raw._publications VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (topic) DO UPDATE SET "
            "(table_id, version, columns, row_count, files) = "
            "(EXCLUDED.table_id, EXCLUDED.version, EXCLUDED.columns, EXCLUDED.row_count, EXCLUDED.files)",
            [topic, last.table_id, last.version, last.columns, last.row_count, last.files],
        )

    def _count(self, topic: str) -> int:
        return _number(self.connection, f'SELECT count(*) FROM raw."{topic}"')

    def _make_anew(self, topic: str, contract: Contract) -> None:
        def note(notice: psycopg.errors.Diagnostic) -> None:
            fallen = notice.message_detail or notice.message_primary or ""
            self.notes.append(
                f"raw.{topic} has other columns now; what stood on it fell with the old table, and "
                f"`stafford build` makes the views of ours again: {' '.join(fallen.split())}"
            )

        if self._is_there("to_regclass", f'raw."{topic}"'):
            self.connection.add_notice_handler(note)
            self.connection.execute(f'DROP TABLE raw."{topic}" CASCADE')
            self.connection.remove_notice_handler(note)
        self.connection.execute(f'CREATE TABLE raw."{topic}" ({ddl(contract)})')

    def _stage(
        self, snapshot: Snapshot, contract: Contract, columns: list[str], batches: Iterable[pa.RecordBatch]
    ) -> int:
        """Copy batches into the temporary table `stage`, anew; gives the number of rows."""
        self.connection.execute("DROP TABLE IF EXISTS pg_temp.stage")
        self.connection.execute(f'CREATE TEMPORARY TABLE stage (LIKE raw."{snapshot.topic}") ON COMMIT DROP')
        if not columns:
            return 0
        encoder = CopyEncoder(contract, columns)
        names = ", ".join(f'"{name}"' for name in columns)
        with self.connection.cursor() as cursor:
            with (
                cursor.copy(f"COPY pg_temp.stage ({names}) FROM STDIN (FORMAT CSV)") as copy,
                _readable(snapshot),
            ):
                for batch in batches:
                    copy.write(encoder.encode(batch))
            staged = cursor.rowcount
        if encoder.replaced:
            self.notes.append(
                f"{snapshot.topic}: {encoder.replaced:,} values had a NUL character, which PostgreSQL "
                "cannot hold; U+FFFD stands in its place"
            )
        # Nothing analyses a temporary table by itself.
        self.connection.execute("ANALYZE pg_temp.stage")
        return staged

    def _delete_what_is_not_staged(self, topic: str) -> None:
        self.connection.execute(
            f'DELETE FROM raw."{topic}" AS old WHERE NOT EXISTS '
            "(SELECT FROM pg_temp.stage AS new WHERE new.event_id = old.event_id)"
        )

    def _merge(self, topic: str, contract: Contract) -> None:
        names = [f'"{f.name}"' for f in contract.fields] + ['"_ingested_at"']
        old, new = (", ".join(f"{side}.{name}" for name in names) for side in ("old", "excluded"))
        listed = ", ".join(names)
        # A row that is equal keeps its place: after a compaction of silver nothing is written here.
        self.connection.execute(
            f'INSERT INTO raw."{topic}" AS old ({listed}) SELECT {listed} FROM pg_temp.stage '
            f"ON CONFLICT (event_id) DO UPDATE SET ({listed}) = ROW({new}) "
            f"WHERE ROW({old}) IS DISTINCT FROM ROW({new})"
        )

    def _is_there(self, function: str, name: str) -> bool:
        row = self.connection.execute(f"SELECT {function}(%s) IS NOT NULL", [name]).fetchone()
        return bool(row and row[0])


def _number(connection: Connection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _readable(snapshot: Snapshot) -> Iterator[None]:
    where = f"silver table {snapshot.topic} at {snapshot.uri}"
    try:
        yield
    except (DeltaError, pa.ArrowException, OSError) as exc:
        raise StorageError(
            f"{where} cannot be read to its end, so nothing was published: {exc}; check the path and its "
            "permissions"
        ) from exc
