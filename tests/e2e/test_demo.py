"""The demo as a person runs it: twice, on files, and killed at every stage."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable
from tests.e2e.conftest import Stafford, compare_live_with_marts
from tests.ports import own
from tests.redis_server import RedisServer

pytestmark = [getattr(pytest.mark, mark) for mark in ("kafka", "spark", "dbt", "slow")]

SMALL = ("demo", "--json", "--events", "6000", "--days", "7", "--live-seconds", "4", "--seed", "11")


@pytest.fixture(scope="module")
def demo(
    tmp_path_factory: pytest.TempPathFactory, shared_redis: RedisServer | None
) -> Iterator[tuple[Stafford, dict]]:
    """One demo that ran to its end, and what it said; it keeps live numbers where there is a Redis."""
    stafford = Stafford(tmp_path_factory.mktemp("demo") / "home", shared_redis)
    yield stafford, stafford.ok(*SMALL).json
    shutil.rmtree(stafford.home, ignore_errors=True)


def test_every_event_is_accounted_for(demo):
    """Sent is acknowledged is bronze, and bronze is silver, quarantine and duplicates; money is equal."""
    _, said = demo
    totals = said["totals"]
    assert said["reconciled"]
    assert totals["sent"] == totals["acknowledged"] == totals["bronze"] > 5000
    assert totals["bronze"] == totals["silver"] + totals["quarantined"] + totals["duplicates_removed"]
    assert (totals["lost"], totals["doubled"]) == (0, 0)
    assert totals["quarantined"] > 20
    assert totals["duplicates_removed"] > 10
    for reason in said["quarantine_reasons"]:
        assert reason["expected"] == reason["found"], reason
    for money in said["money"]:
        assert money["ledger_cents"] == money["mart_cents"], money
    assert said["money"][0]["mart_cents"] > 0
    assert Path(said["report"]).stat().st_size > 1_000_000
    assert 0 < said["peak_memory_bytes"] < 4 * 2**30


@pytest.mark.redis
def test_the_live_numbers_are_those_of_the_marts(demo):
    """What the streaming job left in Redis is the last day of the marts, to the cent."""
    assert compare_live_with_marts(demo[0]) > 0


def test_nothing_is_left_running(demo):
    """No process works in the home any more, and the broker's port is free."""
    stafford, _ = demo
    assert stafford.left_running() == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", own(29092))) != 0


def test_the_tables_open_without_spark(demo):
    """delta-rs, DuckDB and polars read silver and agree on it."""
    stafford, said = demo
    uri = f"{stafford.home}/lake/silver/orders"
    expected = next(topic["silver"] for topic in said["topics"] if topic["topic"] == "orders")
    dataset = DeltaTable(uri).to_pyarrow_dataset()
    assert dataset.count_rows() == expected
    assert duckdb.sql("SELECT count(*) FROM dataset").fetchall() == [(expected,)]
    assert pl.read_delta(uri)["event_id"].n_unique() == expected


def test_a_demo_on_files_gives_the_same_ledger(demo):
    """The same seed gives the same truth and the same tables, over files as over Kafka."""
    stafford, first = demo
    _assert_same(stafford.ok(*SMALL, "--transport", "files").json, first)
    assert not (stafford.home / "kafka" / "data").exists()


def test_another_seed_gives_another_ledger(demo, stafford):
    """Negative control of the comparison above: digests do differ."""
    _, first = demo
    words = [word if word != "11" else "12" for word in SMALL]
    other = stafford.ok(*words, "--transport", "files").json
    assert other["reconciled"]
    assert other["ledger_digest"] != first["ledger_digest"]


@pytest.mark.timeout(1200)
def test_a_demo_killed_at_any_stage_does_not_stop_the_next(demo, stafford):
    """Kill -9 at one stage after the other, without cleaning up; then a whole demo is as the first was."""
    _, first = demo
    for stage in ("Live", "Bring silver", "Build"):
        _kill_at(stafford, stage)
    _assert_same(stafford.ok(*SMALL).json, first)
    assert stafford.left_running() == []


@pytest.mark.parametrize("stage", ["Start Kafka", "Live"])
def test_ctrl_c_ends_a_demo_and_all_that_it_started(stafford, stage):
    """It says so in one line, without a traceback, and leaves neither Kafka nor Spark behind."""
    log = _signal_at(stafford, stage, signal.SIGINT, expected=130)
    assert "Traceback" not in log
    assert log.splitlines()[-1] == "stopped by Ctrl-C; nothing is left running"
    assert stafford.left_running() == []


def test_a_home_that_is_not_a_demos_is_left_alone(stafford):
    """A demo empties its home, so it refuses one that it did not make."""
    stafford.home.mkdir()
    (stafford.home / "precious.txt").write_text("mine")
    ran = stafford.run(*SMALL)
    assert ran.status == 78
    assert "holds something that no demo wrote" in ran.err
    assert (stafford.home / "precious.txt").read_text() == "mine"


def _assert_same(other: dict, first: dict) -> None:
    assert other["reconciled"]
    assert other["ledger_digest"] == first["ledger_digest"]
    assert other["topics"] == first["topics"]
    assert other["money"] == first["money"]


def _kill_at(stafford: Stafford, stage: str) -> None:
    _signal_at(stafford, stage, signal.SIGKILL, expected=-signal.SIGKILL)


def _signal_at(stafford: Stafford, stage: str, number: signal.Signals, expected: int) -> str:
    """Run a demo into a stage and send it a signal; gives what it had said when it ended."""
    path = stafford.home.parent / "signalled.log"
    with (
        path.open("w") as out,
        subprocess.Popen(
            stafford.command(*SMALL), env=stafford.environment, stdout=subprocess.DEVNULL, stderr=out
        ) as process,
    ):
        deadline = time.monotonic() + 240
        while f"▸ {stage}" not in path.read_text(encoding="utf-8"):
            said = path.read_text(encoding="utf-8")
            assert process.poll() is None, f"ended before {stage}: {said}"
            assert time.monotonic() < deadline, f"never came to {stage}: {said}"
            time.sleep(0.05)
        time.sleep(0.7)  # into the stage, not at its edge
        process.send_signal(number)
        assert process.wait(120) == expected
    return path.read_text(encoding="utf-8")
