"""Arrow batches as PostgreSQL's COPY reads them, in its CSV format.

Arrow writes CSV a column at a time, without Python for each value. Every text is quoted, so an empty one
is not the null that stands unquoted, and no character in it has a meaning but the quote, which is doubled.
"""

import io
from dataclasses import dataclass, field
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from stafford.contracts import Contract, Field
from stafford.errors import ContractViolation
from stafford.warehouse.silver import INGESTED_AT

ARROW = {
    "string": pa.string(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    # Cast from UTC, it keeps the wall clock of UTC and loses the zone: docs/adr/0013.
    "timestamp": pa.timestamp("us"),
}
OPTIONS = csv.WriteOptions(include_header=False, quoting_style="needed")
NUL, REPLACEMENT = "\0", "\N{REPLACEMENT CHARACTER}"


@dataclass(slots=True)
class CopyEncoder:
    """Encodes the batches of one topic; batches have its `columns`, in that order.

    PostgreSQL has no way to keep the character NUL in a text, and a producer can send one. It becomes
    U+FFFD, the sign for a character that could not be represented, and `replaced` counts the values.
    """

    contract: Contract
    columns: list[str]
    replaced: int = field(default=0, init=False)

    def encode(self, batch: pa.RecordBatch) -> bytes:
        """The rows of a batch, each ended by a line feed.

        Raises:
            ContractViolation: a value cannot be what its contract says.
        """
        if not batch.num_rows:
            return b""
        columns = [
            self._column(name, self._kind(name), column)
            for name, column in zip(self.columns, batch.columns, strict=True)
        ]
        written = io.BytesIO()
        csv.write_csv(pa.record_batch(columns, names=self.columns), written, OPTIONS)
        return written.getvalue()

    def _kind(self, name: str) -> str:
        return "timestamp" if name == INGESTED_AT else self.contract.field(name).type

    def _column(self, name: str, kind: str, column: pa.Array) -> pa.Array:
        if kind == "array":
            return pa.array([self._json(value) for value in column.to_pylist()], pa.string())
        if pa.types.is_string_view(column.type):
            column = column.cast(pa.string())  # Arrow's kernels know few ways out of a view
        try:
            typed = column.cast(ARROW[kind])
        except pa.ArrowException as exc:
            # Without Arrow's words, which hold the value.
            raise ContractViolation(
                f"silver table {self.contract.topic} has a {name} that is no {kind}, which contract "
                f"{self.contract.version} says; ingest it again with this contract"
            ) from exc
        if kind == "string":
            with_nul = pc.match_substring(typed, NUL)
            if pc.any(with_nul).as_py():
                self.replaced += pc.sum(with_nul).as_py()
                return pc.replace_substring(typed, NUL, REPLACEMENT)
        return typed

    def _json(self, value: list[Any] | None) -> str | None:
        if value is None:
            return None
        text = orjson.dumps(value).decode()
        if "\\u0000" in text:
            # Also met where a backslash stands before u0000 in the text itself; then nothing changes.
            cleaned = orjson.dumps(_without_nul(value)).decode()
            self.replaced += cleaned != text
            return cleaned
        return text


def _without_nul(value: Any) -> Any:
    match value:
        case str():
            return value.replace(NUL, REPLACEMENT)
        case list():
            return [_without_nul(item) for item in value]
        case dict():
            return {name: _without_nul(item) for name, item in value.items()}
    return value


POSTGRES = {"string": 'text COLLATE "C"', "integer": "bigint", "boolean": "boolean", "timestamp": "timestamp"}
"""PostgreSQL type of each contract type.

Text is compared byte by byte: the order of another collation depends on the server's system, and then
so would the least of several ids, and the index would have to be made anew when the system changes.
"""


def ddl(contract: Contract) -> str:
    """The columns of a topic's table in `raw`, its key included; an array of structs is one `jsonb`."""
    columns = [*(_column(field) for field in contract.fields), f'"{INGESTED_AT}" timestamp']
    return ", ".join([*columns, 'PRIMARY KEY ("event_id")'])


def _column(field: Field) -> str:
    return f'"{field.name}" {"jsonb" if field.type == "array" else POSTGRES[field.type]}'
