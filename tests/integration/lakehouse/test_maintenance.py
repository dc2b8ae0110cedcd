"""Maintenance changes no row, not even beside an ingestion, and deletes nothing that somebody may need."""

import os
import shutil
import time
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from deltalake import DeltaTable

from stafford.errors import ConfigError, NotReady, StaffordError
from stafford.lakehouse import maintenance
from stafford.lakehouse.maintenance import compact, describe, list_tables, vacuum
from stafford.lakehouse.silver import stream
from stafford.lakehouse.silver.stream import has_only_grown

from .conftest import event_id

pytestmark = [pytest.mark.spark, pytest.mark.slow]

WEEK = timedelta(days=7)


def version(uri):
    return DeltaTable(uri).version()


def test_compaction_beside_an_ingestion_loses_and_doubles_nothing(small_lake, monkeypatch):
    """While batches with doubles are judged one after the other, every table is compacted again and again.

    Negative control: the same ingestion with a compaction that drops a file is noticed by the same asserts.
    """
    monkeypatch.setattr(maintenance, "MIN_SMALL_FILES", 2)  # so that silver is sorted again and again too
    tables = list_tables(small_lake.lake, small_lake.contracts)
    replaced: list[str] = []
    is_over = Event()

    def keep_compacting():
        while not is_over.is_set():
            try:
                replaced.extend(compact(tables, lambda _: None))
            except NotReady:
                continue

    compacting = Thread(target=keep_compacting)
    compacting.start()
    try:
        for round_number in range(4):
            numbers = [round_number * 2 + 1, round_number * 2 + 2, 1]  # 1 comes again in each round
            small_lake.land("customers", *(small_lake.body("customers", n) for n in numbers), b"{")
            small_lake.refine()
    finally:
        is_over.set()
        compacting.join()

    assert {"bronze", "silver/customers", "arrivals"} <= set(replaced)
    assert_all_is_there(small_lake)
    # once more at rest, and then nothing is left to do
    compact(tables, lambda _: None)
    assert compact(tables, lambda _: None) == {}
    assert_all_is_there(small_lake)
    DeltaTable(small_lake.lake.silver("customers")).delete(f"event_id = '{event_id(3)}'")
    with pytest.raises(AssertionError):
        assert_all_is_there(small_lake)


def assert_all_is_there(small_lake):
    lake = small_lake.lake
    silver = sorted(row["event_id"] for row in small_lake.read(lake.silver("customers")))
    assert silver == [event_id(number) for number in range(1, 9)]
    # the same bytes are broken for the same reason once
    assert len(small_lake.read(lake.quarantine)) == 1
    fates = [row["fate"] for row in small_lake.read(lake.arrivals)]
    assert sorted(fates) == ["duplicate"] * 7 + ["quarantine"] + ["silver"] * 8


def test_a_compacted_lake_goes_on_and_doubles_nothing(small_lake):
    """Silver reads on past a compaction of bronze, and finds doubles in arrivals that were sorted anew."""
    tables = list_tables(small_lake.lake, small_lake.contracts)
    for number in range(3):
        small_lake.land("customers", small_lake.body("customers", number))
    small_lake.refine()
    before = {state.name: state for state in describe(tables)}
    assert compact(tables, lambda _: None)["bronze"] == 3
    after = {state.name: state for state in describe(tables)}
    assert after["bronze"].files == 1 < before["bronze"].files
    assert {name: state.rows for name, state in after.items()} == {
        name: state.rows for name, state in before.items()
    }
    small_lake.land("customers", small_lake.body("customers", 1), small_lake.body("customers", 9))
    small_lake.refine()
    ids = [row["event_id"] for row in small_lake.read(small_lake.lake.silver("customers"))]
    assert sorted(ids) == [event_id(number) for number in (0, 1, 2, 9)]


def test_a_new_query_reads_what_compaction_left(small_lake, monkeypatch):
    """The files that the log began with are gone. The negative control has it read the log all the same."""
    bronze = small_lake.lake.bronze
    for number in range(3):
        small_lake.land("customers", small_lake.body("customers", number))
    first = set(DeltaTable(bronze).file_uris())
    assert has_only_grown(bronze)
    compact(list_tables(small_lake.lake, small_lake.contracts), lambda _: None)
    assert not has_only_grown(bronze)
    for uri in first:
        Path(uri).unlink()  # as VACUUM does when they are old
    with monkeypatch.context() as patched:
        patched.setattr(stream, "has_only_grown", lambda _: True)
        with pytest.raises(StaffordError):
            small_lake.refine()
    shutil.rmtree(small_lake.checkpoint)
    small_lake.refine()
    ids = [row["event_id"] for row in small_lake.read(small_lake.lake.silver("customers"))]
    assert sorted(ids) == [event_id(number) for number in range(3)]


@pytest.mark.parametrize("commits", [1, 3])
def test_a_new_query_reads_a_log_of_any_length(small_lake, monkeypatch, commits):
    """A long one is read as what the table has now; each record has its fate once either way."""
    monkeypatch.setattr(stream, "SHORT_LOG", 3)
    for number in range(commits):
        small_lake.land("customers", small_lake.body("customers", number), source=f"s{number}")
    assert has_only_grown(small_lake.lake.bronze) == (commits < 3)
    small_lake.refine()
    assert len(small_lake.read(small_lake.lake.silver("customers"))) == commits


def test_vacuum_deletes_what_is_old_and_unneeded_alone(small_lake):
    """A file that a dead writer left a month ago goes; one that is being written stays."""
    tables = list_tables(small_lake.lake, small_lake.contracts)
    folder = Path(small_lake.lake.arrivals)
    old, young = folder / "part-old.snappy.parquet", folder / "part-young.snappy.parquet"
    for path in (old, young):
        path.write_bytes(b"half")
    month_ago = time.time() - 30 * 86_400
    os.utime(old, (month_ago, month_ago))

    assert vacuum(tables, WEEK, dry_run=True) == {"arrivals": 1}
    assert old.exists()
    assert vacuum(tables, WEEK, dry_run=False) == {"arrivals": 1}
    assert not old.exists()
    assert young.exists()
    assert vacuum(tables, WEEK, dry_run=False) == {}
    with pytest.raises(ConfigError, match="at least 7 days"):
        vacuum(tables, timedelta(days=6), dry_run=True)
