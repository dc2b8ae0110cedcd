"""Upkeep beside silver: whatever it joins and deletes, each record has its fate once."""

import os
import shutil
import time
from pathlib import Path
from threading import Event, Thread

import pytest
from deltalake import DeltaTable

from stafford.errors import StaffordError
from stafford.lakehouse import replaced, upkeep
from stafford.lakehouse.gold.snapshot import SilverSnapshot
from stafford.lakehouse.maintenance import list_ingested
from stafford.lakehouse.upkeep import shorten_log, tend

from .conftest import event_id

pytestmark = [pytest.mark.spark, pytest.mark.slow]


@pytest.fixture(autouse=True)
def keep_next_to_nothing(monkeypatch):
    """A few commits are what hundreds are to a lake of some days."""
    monkeypatch.setattr(upkeep, "KEPT_COMMITS", 1)
    monkeypatch.setattr(upkeep, "KEPT_BY_BRONZE", 1)
    monkeypatch.setattr(upkeep, "YOUNG_FILES", 2)
    monkeypatch.setattr(replaced, "KEPT_S", 0.0)


@pytest.fixture
def lake(small_lake):
    """A lake whose logs have a checkpoint every few commits."""
    tables = list_ingested(small_lake.lake, small_lake.contracts)
    for uri in tables.values():
        DeltaTable(uri).alter.set_table_properties({"delta.checkpointInterval": "3"})
    small_lake.tend = lambda: tend(tables, small_lake.checkpoint)
    return small_lake


def land(lake, *numbers):
    """Each by a commit of its own."""
    for number in numbers:
        lake.land("customers", lake.body("customers", number))


def begins(uri):
    """The oldest commit that a table's log has."""
    return min(int(path.stem) for path in (Path(uri) / "_delta_log").glob("*.json"))


def age_log(uri):
    """Forty days pass."""
    for path in (Path(uri) / "_delta_log").iterdir():
        os.utime(path, (time.time() - 40 * 86_400,) * 2)


def silver(lake):
    return sorted(row["event_id"] for row in lake.read(lake.lake.silver("customers")))


def fates(lake):
    return sorted(row["fate"] for row in lake.read(lake.lake.arrivals))


def test_silver_that_stands_still_finds_what_it_has_not_read(lake):
    """Control: a log that is shortened whatever silver read has it stop, and say how it goes on."""
    for first in (0, 2):
        land(lake, first, first + 1)
        lake.refine()
    land(lake, *range(2, 12))  # silver stands still, two come twice
    lake.tend()
    bronze = lake.lake.bronze
    assert begins(bronze) > 0
    assert len(DeltaTable(bronze).file_uris()) == 1
    lake.refine()
    assert silver(lake) == [event_id(number) for number in range(12)]
    assert fates(lake) == ["duplicate"] * 2 + ["silver"] * 12

    land(lake, *range(12, 20))
    shorten_log(bronze, DeltaTable(bronze).version())
    with pytest.raises(
        StaffordError, match="Move the folder checkpoints/silver of this home away"
    ) as stopped:
        lake.refine()
    assert "broker" not in str(stopped.value)
    shutil.rmtree(lake.checkpoint)
    lake.refine()
    assert silver(lake) == [event_id(number) for number in range(20)]
    assert fates(lake) == ["duplicate"] * 2 + ["silver"] * 20


def test_what_silver_has_not_read_does_not_go_by_the_clock(lake):
    """Silver stood still for more than a month. Control: with Delta's own way it finds its commits gone."""
    bronze = lake.lake.bronze
    for first in (0, 2):
        land(lake, first, first + 1)
        lake.refine()
    land(lake, *range(4, 12))
    age_log(bronze)
    land(lake, 12, 13, 14)
    lake.tend()
    lake.refine()
    assert silver(lake) == [event_id(number) for number in range(15)]

    DeltaTable(bronze).alter.set_table_properties({"delta.enableExpiredLogCleanup": "true"})
    land(lake, *range(15, 20))
    age_log(bronze)
    land(lake, 20, 21, 22)
    lake.tend()
    with pytest.raises(StaffordError, match="Move the folder checkpoints/silver"):
        lake.refine()


def test_a_batch_that_was_cut_off_is_repeated_after_upkeep(lake, monkeypatch):
    """The files that it read were joined, and the commits that it read are where the log begins."""
    land(lake, *range(6))
    lake.refine()
    land(lake, *range(4, 9))
    lake.refine_but_for_arrivals(monkeypatch)
    land(lake, *range(9, 14))
    for _ in range(2):
        lake.tend()
    assert begins(lake.lake.bronze) > 0
    lake.refine()
    assert silver(lake) == [event_id(number) for number in range(14)]
    assert fates(lake) == ["duplicate"] * 2 + ["silver"] * 14


@pytest.mark.parametrize("is_cut_off", [True, False])
def test_the_first_batch_is_planned_again_after_upkeep(lake, monkeypatch, is_cut_off):
    """Whether it was finished or not: as the version before its end, and no offset says so."""
    bronze = lake.lake.bronze
    DeltaTable(bronze).alter.set_table_properties({"delta.checkpointInterval": "1"})  # one at the end, too
    land(lake, *range(6))
    if is_cut_off:
        lake.refine_but_for_arrivals(monkeypatch)
    else:
        lake.refine()
    land(lake, *range(4, 12))
    lake.tend()
    assert begins(bronze) == 0
    lake.refine()
    assert silver(lake) == [event_id(number) for number in range(12)]
    assert fates(lake) == ["duplicate"] * 2 + ["silver"] * 12
    lake.tend()
    assert begins(bronze) > 0


def test_upkeep_without_a_pause_beside_batches(lake):
    """All tables, while batches with doubles and refused records are judged one after the other."""
    failures, is_over = [], Event()

    def keep_tending():
        try:
            while not is_over.is_set():
                lake.tend()
        except StaffordError as exc:
            failures.append(exc)

    tending = Thread(target=keep_tending)
    tending.start()
    try:
        for first in range(0, 30, 5):
            land(lake, *range(first, first + 5), 0)
            lake.land("customers", b"{")
            lake.refine()
    finally:
        is_over.set()
        tending.join()
    assert failures == []
    assert silver(lake) == [event_id(number) for number in range(30)]
    assert len(lake.read(lake.lake.quarantine)) == 1
    assert fates(lake) == ["duplicate"] * 11 + ["quarantine"] + ["silver"] * 30
    assert begins(lake.lake.bronze) > 10
    assert begins(lake.lake.arrivals) > 3
    # of what was joined, the files are there that the log still reaches
    lake.tend()
    for uri in (lake.lake.bronze, lake.lake.arrivals):
        joins = [int(path.stem) for path in (Path(uri) / "_replaced").iterdir()]
        assert all(version > begins(uri) for version in joins)


def test_gold_is_made_anew_where_it_lost_the_commits(lake):
    """Which days changed since a version cannot be told any more, and is not guessed."""
    topics = ["customers"]
    land(lake, 1)
    lake.refine()
    seen = SilverSnapshot.pin(lambda: lake.spark, lake.lake, topics).versions
    for number in range(2, 12):
        land(lake, number)
        lake.refine()
    now = SilverSnapshot.pin(lambda: lake.spark, lake.lake, topics)
    assert now.days_since(seen)
    lake.tend()
    assert begins(lake.lake.silver("customers")) > seen["customers"][1]
    assert SilverSnapshot.pin(lambda: lake.spark, lake.lake, topics).days_since(seen) is None
