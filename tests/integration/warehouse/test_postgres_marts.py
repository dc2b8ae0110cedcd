"""The same silver → PostgreSQL → dbt: marts that are DuckDB's to the cent, and rules that can fail."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.integration.warehouse.test_build_failures import TAMPERING
from tests.postgres import Database, TestServer

from stafford.errors import ConfigError, HomeInUse
from stafford.jobs import build as build_job
from stafford.jobs import publish as publish_job
from stafford.jobs.warehouse import Target, find_server
from stafford.ledger.reconciliation import MART_CENTS
from stafford.settings import Settings
from stafford.warehouse import duckdb as duckdb_warehouse
from stafford.warehouse import postgres
from stafford.warehouse.dbt_targets import PostgresTarget

pytestmark = [pytest.mark.postgres, pytest.mark.dbt]

BuiltShop = tuple[Settings, Database]


def settings_for(home: Settings, database: Database) -> Settings:
    """The settings of a home, with a server."""
    return home.model_copy(
        update={"postgres": database.dsn, "postgres_password_file": database.password_file}
    )


@pytest.fixture(scope="module")
def built(home: Settings, postgres_server: TestServer) -> BuiltShop:
    """The shop's silver, published into PostgreSQL and built there; tests copy the database."""
    database = postgres_server.make_database()
    settings = settings_for(home, database)
    publish_job.build(settings, Target.POSTGRES).run()
    result = build_job.build(settings, Target.POSTGRES).run()
    assert (result.failed, result.warned) == (0, 0)
    assert result.passed == result.tests > 80
    return settings, database


@pytest.fixture
def copied(built: BuiltShop, postgres_server: TestServer) -> BuiltShop:
    """A copy of the built database, to be tampered with."""
    settings, original = built
    database = postgres_server.make_database(f"TEMPLATE {original.name}")
    database_of_it = settings_for(settings, database)
    with postgres_server.admin() as admin:
        admin.execute(f'GRANT "{original.user}" TO "{database.user}"')
    return database_of_it, database


def list_marts(path: Path) -> list[str]:
    """Names of all marts, by DuckDB."""
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'marts' ORDER BY 1"
        ).fetchall()
    return [name for (name,) in found]


def test_every_mart_has_the_same_rows(built: BuiltShop) -> None:
    """Each mart has the same columns and the same rows in both warehouses, cents and instants included."""
    settings, database = built
    marts = list_marts(settings.duckdb_path)
    assert len(marts) == 10
    for mart in marts:
        sql = f"SELECT * FROM marts.{mart}"
        with duckdb.connect(str(settings.duckdb_path), read_only=True) as connection:
            cursor = connection.execute(sql)
            names = [column[0] for column in cursor.description or ()]
            rows = cursor.fetchall()
        with database.connect() as other:
            found = other.execute(sql)
            assert [column.name for column in found.description or ()] == names, mart
            assert sorted(found.fetchall(), key=repr) == sorted(rows, key=repr), mart


def test_both_have_the_same_money(built: BuiltShop) -> None:
    """What the verdict compares is read from both alike, and one cent more is one cent more."""
    settings, _ = built
    statements = {measure: sql for measure, (_, sql) in MART_CENTS.items()}
    server = find_server(settings)
    money = duckdb_warehouse.read_cents(settings.duckdb_path, statements)
    assert money["captured"] == 18993 + 1495 + 700
    assert postgres.read_cents(server, statements) == money


def test_a_changed_cent_is_seen(copied: BuiltShop) -> None:
    """Negative control: the sum follows the mart."""
    settings, database = copied
    statements = {measure: sql for measure, (_, sql) in MART_CENTS.items()}
    before = postgres.read_cents(find_server(settings), statements)
    database.run("UPDATE marts.fct_orders SET total_cents = total_cents + 1 WHERE order_id = 'o-0001'")
    after = postgres.read_cents(find_server(settings), statements)
    assert after == before | {"orders": before["orders"] + 1}


def run_dbt(settings: Settings, folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run dbt itself, with what it needs to find the database."""
    job = build_job.build(settings, Target.POSTGRES)
    command = [str(job.find_dbt(print) / "dbt"), "--quiet", *words, "--target", "postgres"]
    command += ["--project-dir", str(job.project_dir), "--profiles-dir", str(job.project_dir)]
    command += ["--target-path", str(folder), "--log-path", str(folder)]
    with job.warehouse.hold() as variables:
        return subprocess.run(
            command, env={**os.environ, **variables}, capture_output=True, text=True, check=False
        )


def test_each_rule_can_fail(copied: BuiltShop, tmp_path: Path) -> None:
    """Negative control: each rule of warehouse/tests notices marts in PostgreSQL that were tampered with."""
    settings, database = copied
    for statement in TAMPERING.values():
        database.run(statement)
    done = run_dbt(settings, tmp_path, "test", "--select", "test_type:singular")
    assert done.returncode == 1
    for rule in TAMPERING:
        assert f"Failure in test {rule} " in done.stdout


def test_mart_that_breaks_a_constraint_never_replaces_the_old(copied: BuiltShop, tmp_path: Path) -> None:
    """A model that cannot be built is named, and its mart stays as it was."""
    settings, database = copied
    database.run("UPDATE raw.orders SET total_cents = NULL")
    done = run_dbt(settings, tmp_path, "run", "--select", "fct_orders")
    assert done.returncode == 1
    assert 'null value in column "total_cents"' in done.stdout
    assert database.query("SELECT count(total_cents) FROM marts.fct_orders") == [(3,)]


def test_publishing_under_the_views_of_dbt(copied: BuiltShop, tmp_path: Path) -> None:
    """Views stand on the tables of raw, and a publish of other rows leaves them standing."""
    _, database = copied
    empty = settings_for(Settings(home=tmp_path), database)
    published = publish_job.build(empty, Target.POSTGRES).run()
    assert "orders" in published.changed
    assert published.notes == ()
    assert database.query("SELECT count(*) FROM staging.stg_orders") == [(0,)]
    assert database.query("SELECT count(*) FROM marts.fct_orders") == [(3,)]


def test_the_password_is_in_no_file_of_dbt(built: BuiltShop) -> None:
    """Neither what dbt compiled, nor its log, nor its cache of the project has the password."""
    settings, database = built
    files = [path for path in (settings.home_dir / "dbt-postgres").rglob("*") if path.is_file()]
    assert any(path.suffix == ".log" for path in files)
    assert any(path.name == "manifest.json" for path in files)
    secret = database.password.encode()
    # Its last part has no character that JSON or YAML would write in another way.
    assert secret[-8:].isalnum()
    assert [path for path in files if secret[-8:] in path.read_bytes()] == []


@contextmanager
def held(database: Database) -> Iterator[None]:
    """Somebody else writes into the warehouse."""
    server = postgres.PostgresServer.parse(database.dsn, database.password_file)
    with server.session() as connection:
        server.hold(connection, 5)
        yield


def test_build_and_publish_do_not_meet(
    built: BuiltShop, find_dbt: Callable[[Any], Path], tmp_path: Path
) -> None:
    """While somebody publishes, a build is refused after its wait."""
    settings, database = built
    target = PostgresTarget(find_server(settings), tmp_path, wait_s=0.2)
    with held(database), pytest.raises(HomeInUse, match="another publish or build"):
        build_job.BuildJob(settings.dbt_dir, target, find_dbt).run()


def test_build_before_publish_says_what_to_do(
    database: Database, find_dbt: Callable[[Any], Path], tmp_path: Path
) -> None:
    """Without schema raw the message names the command that makes it."""
    settings = settings_for(Settings(home=tmp_path), database)
    with pytest.raises(ConfigError, match="stafford publish --target postgres"):
        build_job.build(settings, Target.POSTGRES, find_dbt=find_dbt).run()


@pytest.fixture
def find_dbt() -> Callable[[Any], Path]:
    """No dbt: what is tested here ends before it would run."""
    return lambda _: Path("no-dbt-here")
