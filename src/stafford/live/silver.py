"""Reads what silver committed since the last look, by delta-rs, without Spark."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from stafford.errors import StorageError
from stafford.live.tally import Rows

_TIME = pa.timestamp("us", "UTC")
_LINES = pa.list_(
    pa.struct([("product_id", pa.string()), ("quantity", pa.int64()), ("line_total_cents", pa.int64())])
)
SCHEMAS = {
    "orders": pa.schema(
        {
            "event_type": pa.string(),
            "order_id": pa.string(),
            "occurred_at": _TIME,
            "total_cents": pa.int64(),
            "lines": _LINES,
        }
    ),
    "clickstream": pa.schema({"session_id": pa.string(), "occurred_at": _TIME}),
    "products": pa.schema({"product_id": pa.string(), "name": pa.string(), "occurred_at": _TIME}),
}
"""The topics that the numbers are made of, and what is read of each."""

_CHANGE = "_change_type"


@dataclass(frozen=True, slots=True)
class News:
    """Rows of silver."""

    rows: Rows
    is_everything: bool
    """All rows that silver has, rather than those that are new: what was counted before is void."""


class Silver:
    """Silver's tables, with a memory of how far they were read.

    A table's own commits are the only source of what is new, so it does not matter how often Spark runs a
    micro-batch, or where it is killed: a batch that is replayed makes no second commit.
    """

    def __init__(self, uris: Mapping[str, str]) -> None:
        """Remember nothing yet.

        Args:
            uris: where the table of each topic of SCHEMAS is.
        """
        self._uris = {topic: uris[topic] for topic in SCHEMAS}
        self._read: dict[str, tuple[str, int]] = {}
        """Delta's identity of each table, and its version."""

    def read(self) -> News:
        """Give each committed row once, for as long as this object lives.

        The first time that is everything, and again when a table is another one, lost rows, or no longer has
        the commits that are missing here. What was given counts as taken.

        Raises:
            StorageError: a table cannot be read; nothing counts as taken.
        """
        with self._readable():
            tables = {topic: _open(uri) for topic, uri in self._uris.items()}
            now = {
                topic: (str(table.metadata().id), table.version())
                for topic, table in tables.items()
                if table is not None
            }
            found = {topic: self._additions(topic, table) for topic, table in tables.items()}
            additions = {topic: rows for topic, rows in found.items() if rows is not None}
            is_everything = len(additions) < len(found)
            if is_everything:
                additions = {topic: _scan(topic, table) for topic, table in tables.items()}
        self._read = now
        return News(Rows(**additions), is_everything)

    def forget(self) -> None:
        """Take nothing as read: the next look gives everything."""
        self._read = {}

    def _additions(self, topic: str, table: DeltaTable | None) -> pa.Table | None:
        """Rows since the last look; None when that cannot be told."""
        before = self._read.get(topic)
        if table is None:
            return None if before or not self._read else SCHEMAS[topic].empty_table()
        if before is None or before[0] != str(table.metadata().id) or before[1] > table.version():
            return None
        if before[1] == table.version():
            return SCHEMAS[topic].empty_table()
        try:
            # Rewriting files without changing rows is no change here, and taking rows away is one.
            changes = pa.table(
                table.load_cdf(before[1] + 1, table.version(), columns=[*SCHEMAS[topic].names, _CHANGE])
            )
        except (DeltaError, pa.ArrowException, OSError):
            return None  # old commits may have been cleaned up; all rows can still be read
        if set(changes[_CHANGE].unique().to_pylist()) - {"insert"}:
            return None
        return _typed(topic, changes)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (DeltaError, pa.ArrowException, OSError) as exc:
            places = ", ".join(self._uris.values())
            raise StorageError(
                f"silver cannot be read for the live numbers ({places}): {exc}; check the path and its rights"
            ) from exc


def _open(uri: str) -> DeltaTable | None:
    try:
        return DeltaTable(uri)
    except TableNotFoundError:
        return None


def _scan(topic: str, table: DeltaTable | None) -> pa.Table:
    if table is None:
        return SCHEMAS[topic].empty_table()
    return _typed(topic, pa.table(table.scan(columns=SCHEMAS[topic].names)))


def _typed(topic: str, found: Any) -> pa.Table:
    """The wanted columns and types: delta-rs gives views, and lines have more fields than are needed."""
    schema = SCHEMAS[topic]
    columns = [
        _lines(found[name]) if name == "lines" else found[name].cast(schema.field(name).type)
        for name in schema.names
    ]
    return pa.table(columns, schema=schema)


def _lines(found: pa.ChunkedArray) -> pa.ChunkedArray:
    wanted = _LINES.value_type
    chunks = []
    for chunk in found.chunks:
        items = chunk.values
        fields = [items.field(field.name).cast(field.type) for field in wanted]
        chunks.append(
            pa.ListArray.from_arrays(chunk.offsets, pa.StructArray.from_arrays(fields, fields=list(wanted)))
        )
    return pa.chunked_array(chunks, type=_LINES)
