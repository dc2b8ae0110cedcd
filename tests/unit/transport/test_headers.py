"""Each record has one header: its id, when it was sent, and by which run."""

from datetime import UTC, datetime

import pyarrow as pa

from stafford.domain.record import HEADER_TYPE, UTC_MICROS
from stafford.transport.headers import nest_headers, render_instants, stamp_records, unnest_headers

from .builders import NOW, build_records, read_stamp


def test_a_stamp_says_id_time_and_run() -> None:
    """What the ledger and the clocks need of a record stands there as text, in a fixed order."""
    records = build_records(2, topic="payments")
    nested = nest_headers(stamp_records(records, "run-7", NOW))
    assert nested.type == HEADER_TYPE
    for event_id, headers in zip(records.column("event_id").to_pylist(), nested.to_pylist(), strict=True):
        assert headers == [{"key": "sent", "value": f"{event_id} 2026-01-15T20:31:07.125000Z run-7".encode()}]


def test_a_run_may_have_any_name() -> None:
    """Whatever follows the second space is the run, spaces and letters of all scripts included."""
    records = build_records(1)
    (headers,) = nest_headers(stamp_records(records, "José's  run 李", NOW)).to_pylist()
    event_id = records.column("event_id")[0].as_py()
    stamp = read_stamp({entry["key"]: entry["value"] for entry in headers})
    assert stamp == (event_id, "2026-01-15T20:31:07.125000Z", "José's  run 李")


def test_a_slice_has_only_its_own_stamps() -> None:
    """The memory that a slice shares with its batch does not shift what it says."""
    records = build_records(10)
    whole, part = (nest_headers(stamp_records(rows, "run", NOW)) for rows in (records, records.slice(4, 3)))
    assert part.to_pylist() == whole.to_pylist()[4:7]


def test_what_was_nested_is_given_back() -> None:
    """Whole or as a slice; other headers, none, or two are not taken for ours."""
    stamps = stamp_records(build_records(10), "run", NOW)
    nested = nest_headers(stamps)
    assert unnest_headers(nested) == stamps
    assert unnest_headers(nested.slice(3, 4)) == stamps.slice(3, 4)
    ours = {"key": "sent", "value": b"1"}
    for wrong in ([{**ours, "key": "ce_id"}], [], [ours, ours], None):
        assert unnest_headers(pa.array([[ours], wrong], HEADER_TYPE)) is None
    assert unnest_headers(pa.array([[], [ours, ours]], HEADER_TYPE)) is None


def test_no_rows_nest_to_no_rows() -> None:
    """An empty batch has empty headers."""
    assert len(nest_headers(stamp_records(build_records(0), "run", NOW))) == 0


def test_instants_always_have_six_digits() -> None:
    """A whole second is written with its microseconds, as the contracts' examples are."""
    whole, before_1970 = datetime(2026, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC)
    assert render_instants(pa.array([whole, before_1970], UTC_MICROS)).to_pylist() == [
        "2026-01-01T00:00:00.000000Z",
        "1969-12-31T23:59:59.000001Z",
    ]
