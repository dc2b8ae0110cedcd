"""Headers follow CloudEvents' Kafka binding."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from stafford.domain.record import HEADER_TYPE, UTC_MICROS
from stafford.transport.headers import header_columns, header_rows, nest_headers, render_instants

from .builders import NOW, build_records


def test_each_record_carries_its_attributes() -> None:
    """Every attribute that a reader needs without the body is there, in a fixed order."""
    records = build_records(2, topic="payments")
    nested = nest_headers(header_columns(records, "run-7", NOW))
    assert nested.type == HEADER_TYPE
    ids = records.column("event_id").to_pylist()
    for row, headers in enumerate(nested.to_pylist()):
        assert [(header["key"], header["value"].decode()) for header in headers] == [
            ("ce_specversion", "1.0"),
            ("ce_id", ids[row]),
            ("ce_type", "order_placed"),
            ("ce_source", "stafford/payments"),
            ("ce_time", "2026-01-15T20:31:06.125000Z"),
            ("ce_dataschema", "stafford/payments/1.0.0"),
            ("content-type", "application/json"),
            ("run_id", "run-7"),
            ("produced_at", "2026-01-15T20:31:07.125000Z"),
        ]


@pytest.mark.parametrize("rows", [0, 1, 2, 50])
def test_rows_and_nested_headers_say_the_same(rows: int) -> None:
    """What goes to Kafka pair by pair is what the spool keeps, for one row, equal values and mixed ones."""
    parts = [build_records(rows, topic=topic) for topic in ("payments", "orders", "payments")]
    columns = header_columns(pa.concat_batches(parts), "run-7", NOW)
    nested = [
        [(header["key"], header["value"].decode()) for header in headers]
        for headers in nest_headers(columns).to_pylist()
    ]
    assert list(header_rows(columns)) == nested


def test_no_rows_nest_to_no_rows() -> None:
    """An empty batch has empty headers."""
    assert len(nest_headers(header_columns(build_records(0), "run", NOW))) == 0


def test_instants_always_have_six_digits() -> None:
    """A whole second is written with its microseconds, as the contracts' examples are."""
    whole, before_1970 = datetime(2026, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC)
    assert render_instants(pa.array([whole, before_1970], UTC_MICROS)).to_pylist() == [
        "2026-01-01T00:00:00.000000Z",
        "1969-12-31T23:59:59.000001Z",
    ]
