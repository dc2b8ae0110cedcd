"""Record batches for the Kafka comparison, and the same bytes as payloads for Kafka's own tool."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from stafford.domain.record import RECORD_SCHEMA, SENT
from stafford.generator import Shop, load_profile
from stafford.transport.headers import stamp_records

OPENS_AT = datetime(2026, 1, 1, tzinfo=UTC)
PAYLOADS = 100_000
"""Kafka's tool keeps them in memory and takes one by chance for each record."""


def prepare(root: Path, folder: Path, events: int, events_per_day: int) -> None:
    """Write records.arrow, and payloads.txt with as many bytes a line as a record has on the wire.

    A payload is a record's key, the name and value of its header, and its body, one behind the other:
    Kafka's tool sends neither keys nor headers, so only in this way do its records have the same size, and
    the same text for the compression.
    """
    profile = load_profile("fashion-retail", root / "config" / "profiles")
    stream = Shop(profile, 7, OPENS_AT, events_per_day).open()
    # The first of a shop are all of its products and customers: they are left out.
    stream.take(OPENS_AT + timedelta(hours=1))
    end = OPENS_AT + timedelta(hours=1, days=events / events_per_day)
    records = pa.Table.from_batches([stream.advance(end).records]).combine_chunks()
    with (
        pa.OSFile(str(folder / "records.arrow"), "wb") as file,
        pa.ipc.new_file(file, RECORD_SCHEMA) as writer,
    ):
        writer.write_table(records)
    _write_payloads(records.slice(0, PAYLOADS), folder / "payloads.txt")


def _write_payloads(records: pa.Table, path: Path) -> None:
    (batch,) = records.combine_chunks().to_batches()
    stamps = stamp_records(batch, "benchmark", datetime.now(UTC)).to_pylist()
    keys, bodies = batch.column("key").to_pylist(), batch.column("value").to_pylist()
    with path.open("wb") as file:
        for key, stamp, body in zip(keys, stamps, bodies, strict=True):
            # The tool reads lines of UTF-8, so what the mess has made of a few bodies is put in order here.
            readable = body.decode(errors="replace").replace("\n", " ").encode()
            file.write(key + SENT.encode() + stamp + readable + b"\n")
