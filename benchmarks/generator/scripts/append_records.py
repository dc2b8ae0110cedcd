"""Appends records to Kafka through our own durable log and prints how fast, as JSON.

`python -m benchmarks.generator.scripts.append_records BOOTSTRAP SECONDS FILE` sends the batches of an
Arrow file again and again; without FILE it sends what a shop of EVENTS_PER_DAY makes while it runs:
`... BOOTSTRAP SECONDS --events-per-day N`. A quarter of the time on top is warm-up, and is not counted.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import psutil
import pyarrow as pa

from stafford.generator import Shop, load_profile
from stafford.settings import Settings
from stafford.transport import KafkaLog

ROWS_PER_BATCH = 10_000
OPENS_AT = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    """Send for as long as was asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("seconds", type=float)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--events-per-day", type=float, default=200_000)
    asked = parser.parse_args()
    log = KafkaLog({"bootstrap.servers": asked.bootstrap}, "benchmark", lambda: datetime.now(UTC))
    batches = _read(asked.file) if asked.file else _generate(asked.events_per_day)
    _send(log, batches, time.perf_counter() + asked.seconds / 4)
    cpu, began = _cpu_seconds(), time.perf_counter()
    rows = _send(log, batches, began + asked.seconds)
    seconds = time.perf_counter() - began
    cpu = _cpu_seconds() - cpu
    log.close()
    sys.stdout.write(json.dumps({"rows": rows, "seconds": seconds, "cpu_seconds": cpu}) + "\n")


def _send(log: KafkaLog, batches: Iterator[pa.RecordBatch], until: float) -> int:
    rows = 0
    while time.perf_counter() < until:
        rows += log.append(next(batches)).acknowledged
    return rows


def _read(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.memory_map(str(path)) as file:
        return cycle(list(pa.ipc.open_file(file).read_all().to_batches(max_chunksize=ROWS_PER_BATCH)))


def _generate(events_per_day: float) -> Iterator[pa.RecordBatch]:
    profile = load_profile("fashion-retail", Settings().config_dir / "profiles")
    shop = Shop(profile, 7, OPENS_AT, events_per_day)
    stream, until = shop.open(), OPENS_AT
    while True:
        until += timedelta(days=5 * ROWS_PER_BATCH / events_per_day)
        batch = stream.advance(until)
        for start in range(0, len(batch), ROWS_PER_BATCH):
            yield batch.slice(start, ROWS_PER_BATCH).records


def _cpu_seconds() -> float:
    times = psutil.Process().cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    main()
