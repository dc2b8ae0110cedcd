"""What a record says beside its body: read alike from one header and from the nine of before, and needed."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from stafford.domain.record import LABEL_SCHEMA, SENT
from stafford.lakehouse.bronze import Lander
from stafford.ledger.journal import Journal, RunSpec
from stafford.ledger.reconciliation import reconcile
from stafford.transport import read_segments
from stafford.transport.frames import encode_frame

from .conftest import ARRIVED_AT, event_id

pytestmark = [pytest.mark.spark, pytest.mark.slow]

PRODUCED_AT = "2026-01-15T20:31:07.125000Z"
RUN = "fashion retail 7"  # a run may have any name


def one_header(number: int) -> dict[str, str]:
    return {SENT: f"{event_id(number)} {PRODUCED_AT} {RUN}"}


def nine_headers(number: int) -> dict[str, str]:
    """The headers that every record had before it had one: CloudEvents' attributes and two of our own."""
    return {
        "ce_specversion": "1.0",
        "ce_id": event_id(number),
        "ce_type": "customer_registered",
        "ce_source": "stafford/customers",
        "ce_time": "2026-01-15T20:31:06.125000Z",
        "ce_dataschema": "stafford/customers/1.0.0",
        "content-type": "application/json",
        "run_id": RUN,
        "produced_at": PRODUCED_AT,
    }


def write_segment(directory: Path, batch: pa.RecordBatch) -> None:
    """Write a spool segment of one frame, as any version of the spool does."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    directory.mkdir()
    name = batch["source"][0].as_py()
    (directory / f"{name}.spool").write_bytes(encode_frame(sink.getvalue().to_pybytes()))


def test_records_with_nine_headers_are_read_as_before(small_lake, tmp_path):
    """Bronze rows and spool segments from before the one header give their id, time and run all the same."""
    old = "00000001-0badf00d"
    write_segment(
        tmp_path / "spool",
        small_lake.build(
            "customers",
            small_lake.body("customers", 1),
            b"{",
            headers=[nine_headers(1), nine_headers(2)],
            source=old,
        ),
    )
    assert Lander(small_lake.lake).land(batch for _, batch in read_segments(tmp_path / "spool"))
    small_lake.land(
        "customers",
        small_lake.body("customers", 3),
        b"{",
        small_lake.body("customers", 5),
        b"{",
        headers=[one_header(3), one_header(4), {}, {SENT: "of another kind"}],
    )
    small_lake.refine()

    def read(uri):
        return {
            row["_offset"]: (row["event_id"], row["_produced_at"], row["_run_id"])
            for row in small_lake.read(uri)
        }

    at = datetime(2026, 1, 15, 20, 31, 7, 125_000, tzinfo=UTC)
    assert read(small_lake.lake.silver("customers")) == {
        0: (event_id(1), at, RUN),
        2: (event_id(3), at, RUN),
        # the control: what was read above was read from headers
        4: (event_id(5), None, None),
    }
    assert read(small_lake.lake.quarantine) == {
        1: (event_id(2), at, RUN),
        3: (event_id(4), at, RUN),
        # a header of that name from somebody else harms nothing
        5: ("of", None, "kind"),
    }


def test_a_record_sent_again_with_the_other_headers_is_a_copy(small_lake):
    """An unreadable record is one event, whether its id came in one header or among nine."""
    small_lake.land("customers", b"{", b"{", b"{", headers=[nine_headers(1), one_header(1), one_header(2)])
    small_lake.refine()
    fates = [row["fate"] for row in small_lake.read(small_lake.lake.arrivals)]
    assert fates == ["quarantine", "duplicate", "quarantine"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param([one_header(1), one_header(2)], [], id="one header"),
        pytest.param([nine_headers(1), nine_headers(2)], [], id="nine headers"),
        # the body of the first says its id; nothing but the header says that of the second
        pytest.param([{}, {}], [("lost", event_id(2))], id="none"),
        pytest.param(
            [one_header(1), {SENT: f"{event_id(3)} {PRODUCED_AT} {RUN}"}],
            [("invented", event_id(3)), ("lost", event_id(2))],
            id="another id",
        ),
    ],
)
def test_the_ledger_counts_an_unreadable_body_by_its_header(small_lake, tmp_path, headers, expected):
    """With the header the sums come out; without it, or with another id, the verdict names the event."""
    small_lake.land("customers", small_lake.body("customers", 1), b"{", headers=headers)
    small_lake.refine()
    labels = [
        {"event_id": event_id(1), "defect": "clean", "outcome": "silver", "reason": None},
        {"event_id": event_id(2), "defect": "cut", "outcome": "quarantine", "reason": "malformed_json"},
    ]
    everywhere = {
        "topic": "customers", "event_type": "customer_registered", "copy": 0, "amount_cents": None,
    }  # fmt: skip
    batch = pa.RecordBatch.from_pylist([{**everywhere, **label} for label in labels], schema=LABEL_SCHEMA)
    spec = RunSpec(RUN, "fashion-retail", 7, ARRIVED_AT.isoformat(), 100)
    with Journal.open(tmp_path / "ledger", spec) as journal:
        journal.acknowledge(journal.intend(batch), 2, 0)
    no_money = {"orders": 0, "captured": 0, "refunded": 0}
    verdict = reconcile(
        tmp_path / "ledger", small_lake.lake, small_lake.contracts, lambda _: no_money, ARRIVED_AT
    )
    assert sorted((finding.kind, finding.event_id) for finding in verdict.findings) == expected
