"""The same path by single commands, and the verdict's negative controls on what they made."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake
from tests.e2e.conftest import Stafford, compare_live_with_marts
from tests.e2e.gold import CUT_VISITS, JOINED_VISITS, ORDERS, VISITS, WHOLE_VISITS, open_gold
from tests.postgres import Database, TestServer
from tests.redis_server import RedisServer

pytestmark = [getattr(pytest.mark, mark) for mark in ("kafka", "spark", "dbt", "slow")]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, shared_redis: RedisServer | None) -> Iterator[Stafford]:
    """A home after every command ran once: a month of a shop in a few seconds."""
    stafford = Stafford(tmp_path_factory.mktemp("shop") / "home", shared_redis)
    stafford.ok("kafka", "start")
    stafford.ok("topics", "apply")
    stafford.ok("topics", "verify")
    stafford.ok("simulate", "--rate", "300/h", "--speed", "86400x", "--for", "12s", "--seed", "5")
    stafford.ok("ingest")
    stafford.ok("publish")
    stafford.ok("build")
    yield stafford
    stafford.ok("kafka", "stop")


def test_the_single_commands_reconcile(shop):
    """Simulate, ingest, publish and build leave a home that reconciles, and a report."""
    verdict = shop.ok("reconcile", "--json").json
    assert verdict["reconciled"]
    assert verdict["totals"]["silver"] > 1000
    assert shop.ok("report", "--json").json["reconciled"] is True


@pytest.mark.redis
def test_the_live_numbers_are_those_of_the_marts(shop):
    """What an ingest left in Redis is the last day of the marts, to the cent."""
    compare_live_with_marts(shop)


def test_ingesting_again_changes_nothing(shop):
    """A second ingest reads nothing new and writes nothing."""
    before = {path: path.stat().st_mtime_ns for path in (shop.home / "lake").rglob("*.parquet")}
    shop.ok("ingest")
    assert before == {path: path.stat().st_mtime_ns for path in (shop.home / "lake").rglob("*.parquet")}


def test_gold_is_what_the_marts_say(shop):
    """Killed in the middle and run again, Spark's sessions and daily numbers are those of dbt.

    A visit of the producer is a session of its own wherever the definition allows it; the others are each cut
    by a hole, or joined to a visit of the same customer, and these are found a second time in the marts.
    """
    sessions = shop.home / "lake" / "gold" / "sessions"
    _kill_when_it_writes(shop, sessions, "batch", "refresh")
    assert DeltaTable(str(sessions)).count() == 0
    shop.ok("batch", "refresh")

    with open_gold(shop.home) as gold:
        assert gold.count("FROM daily") > 7
        assert gold.differences(ORDERS) == []
        assert gold.differences(VISITS) == []
        assert gold.differences(WHOLE_VISITS) == []
        assert gold.differences(CUT_VISITS) == []
        assert gold.differences(JOINED_VISITS) == []
        assert gold.count(WHOLE_VISITS[1]) > 0.95 * gold.count("FROM marts.fct_sessions")
        # controls: there is something to explain, and a cent or a session less is noticed
        assert gold.count("FROM joined") > 0
        gold.connection.execute("UPDATE daily SET revenue_cents = revenue_cents + 1 WHERE orders > 0")
        gold.connection.execute("DELETE FROM sessions WHERE len(visit_ids) > 1")
        assert gold.differences(ORDERS) != []
        assert gold.differences(JOINED_VISITS) != []


def _kill_when_it_writes(stafford: Stafford, table: Path, *words: str) -> None:
    with subprocess.Popen(stafford.command(*words), env=stafford.environment) as process:
        deadline = time.monotonic() + 120
        while not list(table.rglob("*.parquet")):
            assert process.poll() is None, f"stafford {' '.join(words)} ended before it was killed"
            assert time.monotonic() < deadline, "nothing was written"
            time.sleep(0.01)
        # Spark's JVM too, which would go on to commit.
        for doomed in (*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)):
            doomed.kill()


def test_ctrl_c_loses_nothing(stafford):
    """A simulation that is interrupted flushes, acknowledges and says so; ingest finds all of it."""
    words = ("simulate", "--json", "--rate", "300/h", "--speed", "30000x", "--transport", "files")
    with subprocess.Popen(
        stafford.command(*words), env=stafford.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        deadline = time.monotonic() + 60
        while len(list(stafford.home.glob("ledger/*/parts/*.parquet"))) < 5:
            assert time.monotonic() < deadline, "the shop sent nothing"
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err.decode()
    stafford.ok("ingest")
    verdict = stafford.ok("reconcile", "--json", "--no-marts").json
    totals = verdict["totals"]
    assert json.loads(out)["sent"] == totals["sent"] == totals["acknowledged"] == totals["bronze"] > 0


def _lake_row(uri: Path) -> dict:
    return DeltaTable(str(uri)).to_pyarrow_table().slice(0, 1).to_pylist()[0]


def _rewrite(uri: Path, change) -> None:
    table = DeltaTable(str(uri)).to_pyarrow_table()
    partitions = DeltaTable(str(uri)).metadata().partition_columns
    # Bronze refuses to lose rows (delta.appendOnly), so every table is made anew.
    shutil.rmtree(uri)
    write_deltalake(str(uri), change(table), partition_by=partitions or None)


def _without_first(table: pa.Table) -> pa.Table:
    return table.slice(1)


def _first_twice(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table, table.slice(0, 1)])


def _without_duplicates(table: pa.Table) -> pa.Table:
    return table.filter(pc.field("fate") != "duplicate")


def _one_cent_more(table: pa.Table) -> pa.Table:
    position = table.schema.get_field_index("total_cents")
    first = pa.array([1] + [0] * (table.num_rows - 1), pa.int64())
    return table.set_column(position, "total_cents", pc.add(table.column("total_cents"), first))


@pytest.mark.parametrize(
    ("table", "change", "kinds"),
    [
        ("silver/orders", _without_first, {"lost", "unaccounted"}),
        ("silver/clickstream", _first_twice, {"doubled", "unaccounted"}),
        ("silver/orders", _one_cent_more, {"altered"}),
        ("quarantine", _without_first, {"lost", "unaccounted"}),
        ("quarantine", _first_twice, {"doubled", "unaccounted"}),
        ("arrivals", _without_duplicates, {"missing_copy", "unaccounted"}),
        ("bronze", _without_first, {"unaccounted"}),
    ],
)
def test_the_verdict_finds_and_names_what_was_tampered_with(shop, tmp_path, table, change, kinds):
    """Negative controls: one row or one cent is enough, and the event is named."""
    tampered = Stafford(tmp_path / "home")
    for folder in ("lake", "ledger"):
        shutil.copytree(shop.home / folder, tampered.home / folder)
    shutil.copy(shop.home / "warehouse.duckdb", tampered.home)
    victim = _lake_row(tampered.home / "lake" / table)
    _rewrite(tampered.home / "lake" / table, change)

    ran = tampered.run("reconcile", "--json")
    assert ran.status == 3
    verdict = ran.json
    assert not verdict["reconciled"]
    assert kinds <= set(verdict["findings_by_kind"]), verdict["findings_by_kind"]
    if table in {"silver/orders", "silver/clickstream", "quarantine"}:
        assert victim["event_id"] in {finding["event_id"] for finding in verdict["findings"]}


def test_a_cent_changed_in_the_marts_is_found(shop, tmp_path):
    """The lake may be right and the marts wrong: money is compared there too."""
    tampered = Stafford(tmp_path / "home")
    for folder in ("lake", "ledger"):
        shutil.copytree(shop.home / folder, tampered.home / folder)
    shutil.copy(shop.home / "warehouse.duckdb", tampered.home)
    with duckdb.connect(str(tampered.home / "warehouse.duckdb")) as warehouse:
        warehouse.execute(
            "UPDATE marts.fct_orders SET total_cents = total_cents + 1 "
            "WHERE order_id = (SELECT min(order_id) FROM marts.fct_orders)"
        )
    ran = tampered.run("reconcile", "--json")
    assert ran.status == 3
    assert ran.json["findings_by_kind"] == {"money": 1}
    assert "+1" in ran.json["findings"][0]["detail"]


class PostgresStafford(Stafford):
    """The command in one home, with a PostgreSQL server."""

    def __init__(self, home: Path, database: Database) -> None:
        super().__init__(home)
        self.database = database

    @property
    def environment(self):
        """As ever, and the two settings of the server."""
        return {**super().environment, **self.database.environment}


@contextmanager
def _without_last_commit(silver: Path) -> Iterator[None]:
    # Spark puts a checksum beside each commit, and readers refuse one that is newer than the table.
    commits = [max((table / "_delta_log").glob("*.json")) for table in sorted(silver.iterdir())]
    files = [file for commit in commits for file in (commit, commit.with_suffix(".crc")) if file.exists()]
    for file in files:
        file.rename(f"{file}.hidden")
    try:
        yield
    finally:
        for file in files:
            Path(f"{file}.hidden").rename(file)


@pytest.fixture(scope="module")
def postgres_shop(
    shop: Stafford, postgres_server: TestServer, tmp_path_factory: pytest.TempPathFactory
) -> PostgresStafford:
    """The shop in PostgreSQL, published twice: before the last micro-batch, and what that one added."""
    home = tmp_path_factory.mktemp("postgres") / "home"
    for folder in ("lake", "ledger"):
        shutil.copytree(shop.home / folder, home / folder)
    stafford = PostgresStafford(home, postgres_server.make_database())
    with _without_last_commit(home / "lake" / "silver"):
        before = stafford.ok("publish", "--target", "postgres", "--json").json
    after = stafford.ok("publish", "--target", "postgres", "--json").json
    assert sum(after["rows"].values()) > sum(before["rows"].values())
    stafford.ok("build", "--target", "postgres")
    return stafford


@pytest.mark.postgres
def test_the_path_into_postgres_reconciles(shop, postgres_shop):
    """What was sent is in the marts of PostgreSQL to the cent, and raw has DuckDB's rows; no row is new."""
    verdict = postgres_shop.ok("reconcile", "--target", "postgres", "--json").json
    assert verdict["reconciled"]
    assert [money["measure"] for money in verdict["money"]] == ["orders", "captured", "refunded"]
    assert verdict["money"][0]["mart_cents"] > 0
    again = postgres_shop.ok("publish", "--target", "postgres", "--json").json
    assert again["changed"] == []
    assert again["rows"] == shop.ok("publish", "--json").json["rows"]


@pytest.mark.postgres
def test_a_cent_changed_in_postgres_is_found(postgres_shop):
    """Negative control: one cent in a mart of PostgreSQL is a finding; DuckDB has no say in it."""
    postgres_shop.database.run(
        "UPDATE marts.fct_orders SET total_cents = total_cents + 1 "
        "WHERE order_id = (SELECT min(order_id) FROM marts.fct_orders)"
    )
    ran = postgres_shop.run("reconcile", "--target", "postgres", "--json")
    assert ran.status == 3
    assert ran.json["findings_by_kind"] == {"money": 1}
    assert "+1" in ran.json["findings"][0]["detail"]
