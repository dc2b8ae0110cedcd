"""CloudEvents attributes of each record, as Kafka headers.

A record whose body cannot be read still has its id, type and time here, so the ledger can count it.

Source: CloudEvents specification 1.0.2, "Kafka Protocol Binding", section 3.2 "Binary Content Mode".
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import repeat

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stafford.domain.record import HEADER_TYPE, UTC_MICROS

HeaderPair = tuple[str, str | bytes | None]
"""Name and value of a header, with the type that the Kafka client asks for; ours are always text."""


def header_columns(records: pa.RecordBatch, run_id: str, produced_at: datetime) -> dict[str, pa.Array]:
    """Name each header and give its value for every row, as text columns in a fixed order.

    Args:
        records: RECORD_SCHEMA.
        run_id: the generator run that these records belong to.
        produced_at: the wall clock at sending, UTC.
    """
    rows = records.num_rows
    topic = records.column("topic")
    source = pc.binary_join_element_wise("stafford", topic, "/")
    return {
        "ce_specversion": pa.repeat("1.0", rows),
        "ce_id": records.column("event_id"),
        "ce_type": records.column("event_type"),
        "ce_source": source,
        "ce_time": render_instants(records.column("occurred_at")),
        "ce_dataschema": pc.binary_join_element_wise(source, records.column("contract_version"), "/"),
        "content-type": pa.repeat("application/json", rows),
        "run_id": pa.repeat(run_id, rows),
        "produced_at": pa.repeat(render_instants(pa.array([produced_at], UTC_MICROS))[0], rows),
    }


def render_instants(instants: pa.Array) -> pa.Array:
    """Write instants as RFC 3339 in UTC with microseconds: "2026-01-15T20:31:07.125000Z"."""
    # Casting a time without a zone needs no zone database, which Arrow lacks on Windows.
    text = instants.cast(pa.timestamp("us")).cast(pa.string())
    return pc.binary_join_element_wise(pc.replace_substring(text, " ", "T"), "Z", "")


def header_rows(columns: dict[str, pa.Array]) -> Iterator[list[HeaderPair]]:
    """Give the headers of each row as the Kafka client takes them.

    Rows share the pairs that are equal: most headers are the same for a whole batch, and making them anew
    for each row is time that a row does not have.
    """
    return map(list, zip(*(_pair(name, column) for name, column in columns.items()), strict=True))


def _pair(name: str, column: pa.Array) -> Iterable[HeaderPair]:
    encoded = column.dictionary_encode()
    values = encoded.dictionary.to_pylist()
    if len(values) == 1:
        return repeat((name, values[0]), len(column))
    if len(values) == len(column):
        # Each value is the only one of its kind, so they stand in the order of the rows. Made one by one: a
        # list of all these pairs would only be walked by the garbage collector.
        return zip(repeat(name), values, strict=False)
    pairs = [(name, value) for value in values]
    return map(pairs.__getitem__, encoded.indices.to_pylist())


def nest_headers(columns: dict[str, pa.Array]) -> pa.Array:
    """Fold header columns of n rows into one array of HEADER_TYPE with n entries."""
    width, rows = len(columns), len(next(iter(columns.values())))
    stacked = pa.concat_arrays([column.cast(pa.binary()) for column in columns.values()])
    # Stacked column by column; a list needs them row by row.
    by_row = np.arange(width * rows).reshape(width, rows).T.ravel()
    values = stacked.take(pa.array(by_row))
    keys = pa.array(list(columns) * rows, pa.string())
    offsets = pa.array(np.arange(0, width * rows + 1, width), pa.int32())
    entries = pa.StructArray.from_arrays([keys, values], fields=list(HEADER_TYPE.value_type))
    return pa.ListArray.from_arrays(offsets, entries).cast(HEADER_TYPE)
