"""Killing a publish: readers find what was published before, or all of the new, never a mixture."""

import subprocess
import sys
import time
from pathlib import Path

import duckdb
import psutil
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from stafford.contracts import Contract, load_contracts
from stafford.jobs.publish import build
from stafford.settings import Settings

PUBLISH = """
import sys, time
from pathlib import Path
from stafford.jobs.publish import build
from stafford.settings import Settings

job = build(Settings(home=Path(sys.argv[1])))
tables = int(sys.argv[2])
done = []

def hold(said):
    done.append(said)
    if len(done) == tables:
        print("holding", flush=True)
        time.sleep(600)

print("ready", flush=True)
job.run(hold)
print("published", flush=True)
time.sleep(600)
"""

TOPICS = ("customers", "inventory", "payments", "products", "returns", "reviews", "shipments")
OLD, NEW = 10, 20_000


def write_silver(home: Path, rows: int) -> None:
    """Bring each of the topics to that many events, in one commit each."""
    contracts = load_contracts(Settings(home=home).contracts_dir)
    for topic in TOPICS:
        write_deltalake(
            str(home / "lake" / "silver" / topic), _table(contracts[topic], rows), mode="overwrite"
        )


def _table(contract: Contract, rows: int) -> pa.Table:
    columns = {field.name: pa.nulls(rows, pa.string()) for field in contract.fields}
    return pa.table({**columns, "event_id": pa.array(map(str, range(rows)))})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home that was published once, and whose silver has newer versions of every table."""
    settings = Settings(home=tmp_path)
    write_silver(tmp_path, OLD)
    build(settings).run()
    write_silver(tmp_path, NEW)
    return settings


def published_rows(settings: Settings) -> set[int]:
    """Row counts over all topics: one number when all tables are of the same publish."""
    with duckdb.connect(str(settings.duckdb_path)) as connection:
        counts = [connection.execute(f"SELECT count(*) FROM raw.{topic}").fetchone() for topic in TOPICS]
        known = connection.execute(
            "SELECT row_count FROM raw._publications WHERE version IS NOT NULL"
        ).fetchall()
    assert set(counts) == set(known)
    return {count[0] for count in counts if count}


def start(settings: Settings, hold_after: int) -> subprocess.Popen[str]:
    """A process that publishes, once it said "ready"; it stops for good after so many tables."""
    command = [sys.executable, "-c", PUBLISH, str(settings.home_dir), str(hold_after)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    """End the process without any chance to clean up."""
    psutil.Process(process.pid).kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


@pytest.mark.parametrize("tables", [1, 4, 6])
def test_killed_half_way_leaves_the_old(settings: Settings, tables: int) -> None:
    """A kill after some, or all, tables were written and before the commit leaves the publish before."""
    process = start(settings, hold_after=tables)
    assert process.stdout is not None
    assert process.stdout.readline() == "holding\n"
    kill(process)
    assert published_rows(settings) == {OLD}
    # and the next publish is whole
    assert set(build(settings).run().changed) == set(TOPICS)
    assert published_rows(settings) == {NEW}


def test_killed_after_the_commit_leaves_the_new(settings: Settings) -> None:
    """Negative control: without a kill before the commit, the new tables are there."""
    process = start(settings, hold_after=1000)
    assert process.stdout is not None
    assert process.stdout.readline() == "published\n"
    kill(process)
    assert published_rows(settings) == {NEW}


@pytest.mark.slow
def test_killed_at_any_instant_leaves_no_mixture(settings: Settings) -> None:
    """Wherever a kill falls, all tables are of one and the same publish."""
    outcomes = []
    for attempt in range(8):
        process = start(settings, hold_after=1000)
        time.sleep(0.04 * attempt)
        kill(process)
        outcomes.append(published_rows(settings))
        write_silver(settings.home_dir, OLD)
        build(settings).run()
        assert published_rows(settings) == {OLD}
        write_silver(settings.home_dir, NEW)
    assert all(outcome in ({OLD}, {NEW}) for outcome in outcomes)
