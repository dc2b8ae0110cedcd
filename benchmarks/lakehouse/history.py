"""A lake in which many ids stand already, as if silver had judged them before.

Made by delta-rs in the files that silver writes: one for each batch, in order of time, and in each a few ids
that were late by up to four days, as the mess has them. Fields that no search for doubles looks at are null.
"""

import os
import shutil
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from deltalake import write_deltalake

from stafford.contracts import Contract
from stafford.domain.lake import Lake
from stafford.domain.outcome import Outcome
from stafford.domain.record import UTC_MICROS
from stafford.generator.text import event_ids
from stafford.lakehouse.silver.memory import Memory
from stafford.lakehouse.tables import ARRIVALS, create_tables

IDS_PER_FILE = 200_000
LATE = 0.004  # of the events; the mess of fashion-retail has as many
LATE_BY = timedelta(days=4)
TOPIC = "clickstream"


def make_history(
    folder: Path, contracts: Iterable[Contract], ids: int, ends_at: datetime, per_day: float
) -> None:
    """Write the arrivals of a topic: so many ids, of a shop with so many events a day, up to a moment.

    Silver has started on them once, so there is the snapshot of its memory that such a history has.
    """
    lake = Lake(str(folder))
    create_tables(lake, contracts)
    random = np.random.default_rng(7)
    step = timedelta(days=1) / per_day
    for start in range(0, ids, IDS_PER_FILE):
        rows = min(IDS_PER_FILE, ids - start)
        ends = ends_at - (ids - start - rows) * step
        write_deltalake(lake.arrivals, _arrivals(start, rows, ends, step, random), mode="append")
    Memory(lake).refresh()


def give_history(history: Path, lake: Lake, folder: Path) -> Lake:
    """A lake with the same bronze as `lake`, and with the history; its files are links."""
    shutil.copytree(history, folder, copy_function=os.link)
    shutil.rmtree(folder / "bronze")
    shutil.copytree(lake.bronze, folder / "bronze", copy_function=os.link)
    return Lake(str(folder))


def _arrivals(
    start: int, rows: int, ends: datetime, step: timedelta, random: np.random.Generator
) -> pa.Table:
    micros = round(ends.timestamp() * 1e6) - np.arange(rows, 0, -1) * round(step.total_seconds() * 1e6)
    late = random.random(rows) < LATE
    occurred = np.where(
        late, micros - (random.random(rows) * LATE_BY.total_seconds() * 1e6).astype(np.int64), micros
    )
    ids = event_ids(occurred, random.integers(0, 2**63, rows, dtype=np.uint64)).to_pylist()
    columns = {
        "identity": [f"{TOPIC}/{event_id}" for event_id in ids],
        "topic": [TOPIC] * rows,
        "event_id": ids,
        "fate": [Outcome.SILVER.value] * rows,
        "_source": ["history"] * rows,
        "_partition": [0] * rows,
        "_offset": range(start, start + rows),
        "_arrived_at": pa.array(micros, UTC_MICROS),
        "_ingested_at": pa.array(micros, UTC_MICROS),
    }
    return pa.table(columns, schema=pa.schema(ARRIVALS.items()))
