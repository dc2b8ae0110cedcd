"""Reads quarantine as it stands now, without Spark: what was refused, less what a replay resolved."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from stafford.domain.lake import Lake
from stafford.domain.outcome import Resolution
from stafford.errors import ConfigError, StorageError
from stafford.lakehouse.tables import REPLAYS

CHUNK_ROWS = 20_000
CHUNK_BYTES = 64 * 1024 * 1024
"""Bounds what is in memory at once: a record may have ten megabytes."""

_ROWS_AT_A_TIME = 500

# A record may be replayed more than once, when the first replay left something wrong: the last one counts.
# Its body is then what the rules made of it; what came over the wire stays in `original`.
STANDING = f"""
    WITH latest AS (
        SELECT * FROM replays QUALIFY row_number() OVER (PARTITION BY quarantine_id ORDER BY batch DESC) = 1
    )
    SELECT q.quarantine_id, q.topic, q.key, q.headers, q._source, q._partition, q._offset, q._arrived_at,
        q._ingested_at, q._produced_at, q._run_id,
        q.value AS original, q.reasons AS first_reasons, q.event_id AS first_event_id,
        q.contract_version AS producer_version,
        coalesce(latest.fate, '{Resolution.QUARANTINE}') AS fate,
        CASE WHEN latest.quarantine_id IS NULL THEN q.value ELSE latest.value END AS value,
        CASE WHEN latest.quarantine_id IS NULL THEN q.reasons ELSE latest.reasons END AS reasons,
        coalesce(latest.event_id, q.event_id) AS event_id
    FROM quarantine q LEFT JOIN latest USING (quarantine_id)
"""
OPEN = f"fate = '{Resolution.QUARANTINE}'"


@dataclass(frozen=True, slots=True)
class Group:
    """Records of one topic that are, or were, refused for one reason.

    A record with several reasons is in several groups. Times are the log's, in UTC.
    """

    topic: str
    reason: str
    field: str | None
    records: int
    first_seen: datetime
    last_seen: datetime
    newest: bytes | None
    """The body of the one that came last, as it is on the wire: it may hold anything."""


class QuarantineReader:
    """The quarantine of one lake, at the versions that its tables have now."""

    def __init__(self, lake: Lake) -> None:
        """Open nothing yet."""
        self._lake = lake

    def count_open(self) -> int:
        """Records that nobody resolved.

        Raises:
            ConfigError: nothing was ingested yet.
            StorageError: a table cannot be read.
        """
        with self._connect() as connection:
            row = connection.execute(f"SELECT count(*) FROM standing WHERE {OPEN}").fetchone()
            return int(row[0]) if row else 0

    def count_by_reason(self) -> dict[tuple[str, str], int]:
        """Open records by topic and reason, whatever the field; one with several reasons is under each.

        Raises:
            ConfigError: nothing was ingested yet.
            StorageError: a table cannot be read.
        """
        with self._connect() as connection:
            counted = connection.execute(
                f"""
                SELECT topic, reason, count(*) FROM (
                    SELECT topic, unnest(list_distinct(
                        list_transform(reasons, lambda code: split_part(code, ':', 1))
                    )) AS reason
                    FROM standing WHERE {OPEN}
                ) GROUP BY topic, reason
                """
            )
            return {(topic, reason): records for topic, reason, records in counted.fetchall()}

    def list_groups(self, *, resolved: bool = False) -> list[Group]:
        """The open records by topic, reason and field, the largest group first.

        Args:
            resolved: list what replays resolved instead, by the reasons for which it was refused.

        Raises:
            ConfigError: nothing was ingested yet.
            StorageError: a table cannot be read.
        """
        reasons, chosen = ("first_reasons", f"NOT ({OPEN})") if resolved else ("reasons", OPEN)
        with self._connect() as connection:
            groups = _rows(
                connection,
                f"""
                SELECT topic, code, count(*) AS records, min(_arrived_at) AS first_seen,
                    max(_arrived_at) AS last_seen, arg_max(value, (_arrived_at, _offset)) AS newest
                FROM (SELECT topic, unnest({reasons}) AS code, _arrived_at, _offset, value
                    FROM standing WHERE {chosen})
                GROUP BY topic, code ORDER BY records DESC, topic, code
                """,
            )
        return [
            Group(reason=reason, field=field, **group)
            for group in groups
            for reason, field in [_split(group.pop("code"))]
        ]

    def find(
        self,
        *,
        quarantine_id: str | None = None,
        topic: str | None = None,
        code: str | None = None,
        limit: int = 20,
    ) -> list[dict[str, Any]]:
        """Records with their raw bytes, resolved ones included, the last to arrive first.

        Args:
            quarantine_id: the beginning of one record's id; None for those of a group.
            topic: only of this topic.
            code: only with this reason, such as "required:email" or "required", now or when it was refused.
            limit: how many at most.

        Raises:
            ConfigError: nothing was ingested yet.
            StorageError: a table cannot be read.
        """
        with self._connect() as connection:
            rows = _rows(
                connection,
                """
                SELECT * FROM standing
                WHERE starts_with(quarantine_id, $id) AND ($topic IS NULL OR topic = $topic)
                    AND ($code IS NULL OR len(list_filter(
                        list_concat(reasons, first_reasons),
                        lambda reason: reason = $code OR starts_with(reason, $code || ':')
                    )) > 0)
                ORDER BY _arrived_at DESC, _offset DESC LIMIT $limit
                """,
                {"id": quarantine_id or "", "topic": topic, "code": code, "limit": limit},
            )
            for row in rows:
                row["history"] = _rows(
                    connection,
                    "SELECT batch, fate, reasons_before, reasons, rules, contract_version, value, "
                    "replayed_at FROM replays WHERE quarantine_id = $id ORDER BY batch",
                    {"id": row["quarantine_id"]},
                )
        return rows

    def chunks(self, selections: Mapping[str, set[str]]) -> Iterator[list[dict[str, Any]]]:
        """The open records of topics with any of the reasons, in bounded portions and in no order.

        Args:
            selections: by topic, the reasons as quarantine writes them.

        Raises:
            ConfigError: nothing was ingested yet.
            StorageError: a table cannot be read.
        """
        wanted = pa.Table.from_pylist(
            [{"topic": topic, "code": code} for topic, codes in selections.items() for code in sorted(codes)],
            schema=pa.schema([("topic", pa.string()), ("code", pa.string())]),
        )
        with self._connect() as connection:
            connection.register("wanted", wanted)
            found = connection.sql(
                f"""
                SELECT * FROM standing WHERE {OPEN} AND EXISTS (
                    SELECT 1 FROM wanted
                    WHERE wanted.topic = standing.topic AND list_contains(standing.reasons, wanted.code)
                )
                """
            )
            chunk: list[dict[str, Any]] = []
            size = 0
            for batch in found.to_arrow_reader(_ROWS_AT_A_TIME):
                chunk += batch.to_pylist()
                size += batch.nbytes
                if len(chunk) >= CHUNK_ROWS or size >= CHUNK_BYTES:
                    yield chunk
                    chunk, size = [], 0
            if chunk:
                yield chunk

    def replayed(self, batch: int) -> list[dict[str, Any]]:
        """What one batch of replays decided to put into silver, with the record and its body of then.

        Raises:
            StorageError: a table cannot be read.
        """
        with self._connect() as connection:
            return _rows(
                connection,
                f"""
                SELECT standing.* REPLACE (replays.value AS value)
                FROM standing JOIN replays USING (quarantine_id)
                WHERE replays.batch = $batch AND replays.fate = '{Resolution.SILVER}'
                """,
                {"batch": batch},
            )

    @contextmanager
    def _connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            quarantine = DeltaTable(self._lake.quarantine).to_pyarrow_dataset()
        except TableNotFoundError as exc:
            raise ConfigError(
                f"there is no quarantine in {self._lake.uri}: run `stafford ingest` first"
            ) from exc
        except (DeltaError, OSError) as exc:
            raise StorageError(f"cannot read {self._lake.quarantine}: {exc}; check the path") from exc
        try:
            with duckdb.connect() as connection:
                connection.execute("SET TimeZone = 'UTC'")
                connection.register("quarantine", quarantine)
                connection.register("replays", open_replays(self._lake))
                connection.execute(f"CREATE TEMPORARY VIEW standing AS {STANDING}")
                yield connection
        except (duckdb.Error, DeltaError, pa.ArrowException, OSError) as exc:
            raise StorageError(f"cannot read the quarantine of {self._lake.uri}: {exc}") from exc


def open_replays(lake: Lake) -> Any:
    """The table of replays as an Arrow dataset; empty for a lake from before there was one."""
    try:
        return DeltaTable(lake.replays).to_pyarrow_dataset()
    except TableNotFoundError:
        return pa.Table.from_pylist([], schema=pa.schema(REPLAYS.items()))


def _rows(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = connection.sql(sql, params=parameters).to_arrow_table().to_pylist()
    return rows


def _split(code: str) -> tuple[str, str | None]:
    reason, _, field = code.partition(":")
    return reason, field or None
