"""Loads what a reconciliation compares into one DuckDB connection, as tables of one shape each.

    sent        run_id, topic, event_id, event_type, copy, outcome, reason, amount_cents,
                sendings, acknowledgements, is_acknowledged
    bronze      topic, coordinate
    silver      topic, event_id, run_id, event_type, amount_cents, coordinate
    quarantine  topic, event_id, run_id, reason, first_reason, coordinate
    duplicates  topic, event_id, coordinate
    replayed    topic, event_id, coordinate
    dropped     topic, event_id, coordinate

Of quarantine there is what is open: `reason` is the one of the last judgement, `first_reason` that of the
first. A record that a replay brought to silver is in `silver` and in `replayed`; one whose event stood there
already is in `duplicates`.

A coordinate is where a record stood in its log: "source/topic/partition/offset".
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from stafford.domain.lake import Lake
from stafford.errors import ConfigError, StorageError

MONEY = {"order_placed": "total_cents", "payment_captured": "amount_cents", "refund_issued": "refund_cents"}
"""The field of a body that carries the event's money, as `amount_cents` of its label does."""

PLACED_AGAIN = (
    "event_type = 'order_placed' AND "
    "dense_rank() OVER (PARTITION BY order_id, event_type ORDER BY occurred_at, event_id) > 1"
)
"""An order that was submitted twice is two events and one debt: only the first carries money."""

COORDINATE = "concat_ws('/', _source, topic, _partition, _offset)"

SHAPES = {
    "bronze": "topic, concat_ws('/', source, topic, partition, \"offset\") AS coordinate",
    "quarantine": f"quarantine_id, topic, event_id, _run_id AS run_id, reason, {COORDINATE} AS coordinate",
    "replays": f"quarantine_id, batch, topic, event_id, fate, reasons, {COORDINATE} AS coordinate",
    "duplicates": f"topic, event_id, {COORDINATE} AS coordinate",
}


def load_truth(ledger: Path, lake: Lake, topics: Iterable[str]) -> duckdb.DuckDBPyConnection:
    """Open a connection, in memory, that holds both sides of the comparison.

    Raises:
        ConfigError: nothing was ever sent or ingested, so there is nothing to reconcile.
        StorageError: a table or a part of the ledger cannot be read.
    """
    connection = duckdb.connect()
    try:
        load_ledger(connection, ledger)
        _query_delta(connection, lake.bronze, f"CREATE TABLE bronze AS SELECT {SHAPES['bronze']} FROM delta")
        _query_delta(
            connection,
            lake.quarantine,
            f"CREATE TABLE refused AS SELECT {SHAPES['quarantine']} FROM delta",
        )
        _query_delta(
            connection,
            lake.arrivals,
            f"CREATE TABLE duplicates AS SELECT {SHAPES['duplicates']} FROM delta WHERE fate = 'duplicate'",
        )
        _load_replays(connection, lake.replays)
        connection.execute(
            "CREATE TABLE silver (topic VARCHAR, event_id VARCHAR, run_id VARCHAR, event_type VARCHAR, "
            "amount_cents BIGINT, coordinate VARCHAR)"
        )
        for topic in topics:
            _load_silver(connection, topic, lake.silver(topic))
    except (duckdb.Error, DeltaError, pa.ArrowException, OSError) as exc:
        raise StorageError(f"cannot read what is to be reconciled: {exc}") from exc
    return connection


def load_ledger(connection: duckdb.DuckDBPyConnection, ledger: Path) -> None:
    """Make table `sent` of every journal below a folder: one row for each event and copy.

    Raises:
        ConfigError: nothing was sent.
    """
    parts = sorted(ledger.glob("*/parts/*.parquet"))
    if not parts:
        raise ConfigError(
            f"the ledger {ledger} is empty: nothing was sent. Run `stafford simulate` or `stafford demo`"
        )
    acknowledged = pa.Table.from_pylist(
        list(_acknowledged(ledger)), schema=pa.schema([("run_id", pa.string()), ("batch", pa.int64())])
    )
    connection.register("acknowledged", acknowledged)
    connection.execute(
        """
        CREATE TABLE sent AS
        WITH labels AS (
            SELECT *, parse_path(filename, 'both_slash')[-3] AS run_id,
                parse_filename(filename, true)::BIGINT AS batch
            FROM read_parquet($parts, filename = true)
        )
        SELECT labels.run_id, topic, event_id, event_type, copy,
            any_value(outcome) AS outcome, any_value(reason) AS reason,
            any_value(amount_cents) AS amount_cents,
            count(*) AS sendings, count(acknowledged.batch) AS acknowledgements,
            count(acknowledged.batch) > 0 AS is_acknowledged
        FROM labels LEFT JOIN acknowledged USING (run_id, batch)
        GROUP BY labels.run_id, topic, event_id, event_type, copy
        """,
        {"parts": [str(part) for part in parts]},
    )
    connection.unregister("acknowledged")


def _acknowledged(ledger: Path) -> Iterator[dict[str, str | int]]:
    for path in ledger.glob("*/acks.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                yield {"run_id": path.parent.name, "batch": int(json.loads(line)["batch"])}
            except ValueError:
                # A line torn by a crash: its batch stays in doubt, which is what a missing line means.
                continue


RESOLVED = """
    CREATE TABLE latest AS
        SELECT * FROM replays QUALIFY row_number() OVER (PARTITION BY quarantine_id ORDER BY batch DESC) = 1;
    CREATE TABLE quarantine AS
        SELECT refused.topic, coalesce(latest.event_id, refused.event_id) AS event_id, run_id,
            coalesce(latest.reasons[1], reason) AS reason, reason AS first_reason, refused.coordinate
        FROM refused LEFT JOIN latest USING (quarantine_id)
        WHERE latest.fate IS NULL OR latest.fate = 'quarantine';
    CREATE TABLE replayed AS SELECT topic, event_id, coordinate FROM latest WHERE fate = 'silver';
    CREATE TABLE dropped AS SELECT topic, event_id, coordinate FROM latest WHERE fate = 'dropped';
    INSERT INTO duplicates SELECT topic, event_id, coordinate FROM latest WHERE fate = 'duplicate';
"""


def _load_replays(connection: duckdb.DuckDBPyConnection, uri: str) -> None:
    try:
        DeltaTable(uri)
    except TableNotFoundError:
        # A lake from before there were replays.
        connection.execute(
            "CREATE TABLE replays (quarantine_id VARCHAR, batch BIGINT, topic VARCHAR, event_id VARCHAR, "
            "fate VARCHAR, reasons VARCHAR[], coordinate VARCHAR)"
        )
    else:
        _query_delta(connection, uri, f"CREATE TABLE replays AS SELECT {SHAPES['replays']} FROM delta")
    connection.execute(RESOLVED)


def _load_silver(connection: duckdb.DuckDBPyConnection, topic: str, uri: str) -> None:
    fields = set(_open(uri).schema().to_arrow().names)
    cases = [f"WHEN '{event_type}' THEN {field}" for event_type, field in MONEY.items() if field in fields]
    amount = f"CASE event_type {' '.join(cases)} END" if cases else "NULL"
    if topic == "orders":
        amount = f"CASE WHEN NOT ({PLACED_AGAIN}) THEN {amount} END"
    _query_delta(
        connection,
        uri,
        f"INSERT INTO silver SELECT topic, event_id, _run_id, event_type, {amount}, {COORDINATE} "
        f"FROM (SELECT *, '{topic}' AS topic FROM delta)",
    )


def _query_delta(connection: duckdb.DuckDBPyConnection, uri: str, sql: str) -> None:
    connection.register("delta", _open(uri).to_pyarrow_dataset())
    connection.execute(sql)
    connection.unregister("delta")


def _open(uri: str) -> DeltaTable:
    try:
        return DeltaTable(uri)
    except TableNotFoundError as exc:
        raise ConfigError(f"there is no table {uri}: run `stafford ingest` first") from exc
