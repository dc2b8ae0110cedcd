"""Record batches for the transport tests."""

import itertools
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from stafford.domain.record import RECORD_SCHEMA, SENT

NOW = datetime(2026, 1, 15, 20, 31, 7, 125000, tzinfo=UTC)
_ids = itertools.count()


def stand_still() -> datetime:
    """Give a clock that never moves."""
    return NOW


def build_records(
    rows: int, *, topic: str = "orders", keys: int = 3, value: bytes | None = None
) -> pa.RecordBatch:
    """Build records with ids that no other batch of this process has, keys in turn."""
    numbers = list(itertools.islice(_ids, rows))
    bodies = [b'{"number":%d}' % number if value is None else value for number in numbers]
    instants = [NOW - timedelta(seconds=1)] * rows
    columns = [
        [topic] * rows,
        [b"key-%d" % (row % keys) for row in range(rows)],
        bodies,
        [f"019a3b5e-7c00-7d3a-9f10-{number:012x}" for number in numbers],
        ["order_placed"] * rows,
        instants,
        ["1.0.0"] * rows,
        instants,
    ]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, RECORD_SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=RECORD_SCHEMA)


def read_stamp(headers: dict[str, bytes]) -> tuple[str, str, str]:
    """Read the header of a record as a consumer would: event_id, produced_at, run_id."""
    event_id, produced_at, run_id = headers[SENT].decode().split(" ", 2)
    return event_id, produced_at, run_id


def read_stamps(batch: pa.RecordBatch) -> list[tuple[str, str, str]]:
    """Read the header of every row of a batch of LANDED_SCHEMA."""
    rows = batch.column("headers").to_pylist()
    return [read_stamp({entry["key"]: entry["value"] for entry in headers}) for headers in rows]
