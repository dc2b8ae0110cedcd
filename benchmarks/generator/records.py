"""Record batches for the Kafka comparison, and the same bytes as payloads for Kafka's own tool."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.generator.process import run
from benchmarks.generator.stafford_files import environment, generate_command
from stafford.domain.record import RECORD_SCHEMA
from stafford.transport.headers import header_columns

PAYLOADS = 100_000
"""Kafka's tool keeps them in memory and takes one by chance for each record."""


def prepare(root: Path, folder: Path, events: int, events_per_day: int, core: tuple[int, ...]) -> None:
    """Write records.arrow, and payloads.txt with as many bytes a line as a record has on the wire.

    A payload is a record's key, the names and values of its headers, and its body, one behind the other:
    Kafka's tool sends neither keys nor headers, so only in this way do its records have the same size, and
    the same text for the compression.
    """
    minutes = max(1, round(events / events_per_day * 24 * 60))
    out = folder / "records"
    command = generate_command(out, minutes=minutes, events_per_day=events_per_day, file_format="parquet")
    run(command, cores=core, cwd=folder, environment=environment(root))
    tables = [pq.read_table(path).cast(RECORD_SCHEMA) for path in sorted(out.glob("*.parquet"))]
    # The last ones: the first of a shop are all of its products and customers.
    records = pa.concat_tables(tables).sort_by("emitted_at")
    records = records.slice(max(0, records.num_rows - events)).combine_chunks()
    with (
        pa.OSFile(str(folder / "records.arrow"), "wb") as file,
        pa.ipc.new_file(file, RECORD_SCHEMA) as writer,
    ):
        writer.write_table(records)
    _write_payloads(records.slice(0, PAYLOADS), folder / "payloads.txt")


def _write_payloads(records: pa.Table, path: Path) -> None:
    (batch,) = records.combine_chunks().to_batches()
    headers = header_columns(batch, "benchmark", datetime.now(UTC))
    names = "".join(headers).encode()
    values = zip(*(column.to_pylist() for column in headers.values()), strict=True)
    keys, bodies = batch.column("key").to_pylist(), batch.column("value").to_pylist()
    with path.open("wb") as file:
        for key, pairs, body in zip(keys, values, bodies, strict=True):
            # The tool reads lines of UTF-8, so what the mess has made of a few bodies is put in order here.
            readable = body.decode(errors="replace").replace("\n", " ").encode()
            file.write(key + names + "".join(pairs).encode() + readable + b"\n")
