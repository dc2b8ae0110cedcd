"""The one header of each record: its id, when it was sent, and by which run.

A record whose body cannot be read still has these here, so the ledger can count it. They are one header
rather than three because a header costs the Kafka client more than the text in it: see
docs/adr/0026-one-header-for-each-record.md.
"""

from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stafford.domain.record import HEADER_TYPE, SENT, UTC_MICROS


def stamp_records(records: pa.RecordBatch, run_id: str, produced_at: datetime) -> pa.Array:
    """Write the value of the header SENT for every row, as binary: its layout stands in domain.record.

    Args:
        records: RECORD_SCHEMA.
        run_id: the generator run that these records belong to.
        produced_at: the wall clock at sending, UTC.
    """
    instant = render_instants(pa.array([produced_at], UTC_MICROS))[0].as_py()
    stamps = pc.binary_join_element_wise(records.column("event_id"), f"{instant} {run_id}", " ")
    return stamps.cast(pa.binary())


def render_instants(instants: pa.Array) -> pa.Array:
    """Write instants as RFC 3339 in UTC with microseconds: "2026-01-15T20:31:07.125000Z"."""
    # Casting a time without a zone needs no zone database, which Arrow lacks on Windows.
    text = instants.cast(pa.timestamp("us")).cast(pa.string())
    return pc.binary_join_element_wise(pc.replace_substring(text, " ", "T"), "Z", "")


def nest_headers(stamps: pa.Array) -> pa.Array:
    """Fold the stamps of n rows into one array of HEADER_TYPE with n entries."""
    rows = len(stamps)
    entries = pa.StructArray.from_arrays([pa.repeat(SENT, rows), stamps], fields=list(HEADER_TYPE.value_type))
    offsets = pa.array(np.arange(rows + 1), pa.int32())
    return pa.ListArray.from_arrays(offsets, entries).cast(HEADER_TYPE)


def unnest_headers(headers: pa.Array) -> pa.Array | None:
    """Give back what `nest_headers` folded; None where it did not write these headers."""
    has_one = pc.fill_null(pc.equal(pc.list_value_length(headers), 1), fill_value=False)
    entries = pc.list_flatten(headers)
    is_ours = pc.fill_null(pc.equal(entries.field("key"), SENT), fill_value=False)
    if not (pc.all(has_one).as_py() and pc.all(is_ours).as_py()):
        return None
    return entries.field("value")
