"""The same path into PostgreSQL, on tables that Spark wrote, and the verdict's negative control there."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.e2e.conftest import Stafford
from tests.postgres import Database, TestServer

pytestmark = [getattr(pytest.mark, mark) for mark in ("spark", "dbt", "postgres", "slow")]


class PostgresStafford(Stafford):
    """The command in one home, with a server."""

    def __init__(self, home: Path, database: Database) -> None:
        super().__init__(home)
        self.database = database

    @property
    def environment(self) -> dict[str, str]:
        """As ever, and the two settings of the server."""
        return {**super().environment, **self.database.environment}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, postgres_server: TestServer) -> PostgresStafford:
    """A small shop over files, published twice: before its last micro-batch, and after."""
    home = tmp_path_factory.mktemp("shop") / "home"
    shop = PostgresStafford(home, postgres_server.make_database())
    words = ("--transport", "files", "--seed", "5", "--for", "4s")
    shop.ok("simulate", "--rate", "300/h", "--speed", "86400x", *words)
    shop.ok("ingest")
    with without_last_commit(home / "lake" / "silver"):
        before = shop.ok("publish", "--target", "postgres", "--json").json
    after = shop.ok("publish", "--target", "postgres", "--json").json
    assert sum(after["rows"].values()) > sum(before["rows"].values())
    shop.ok("build", "--target", "postgres")
    return shop


@contextmanager
def without_last_commit(silver: Path) -> Iterator[None]:
    """Silver as it was before the last commit of each table, with the checksum that Spark puts beside it."""
    commits = [max((table / "_delta_log").glob("*.json")) for table in sorted(silver.iterdir())]
    files = [file for commit in commits for file in (commit, commit.with_suffix(".crc")) if file.exists()]
    for file in files:
        file.rename(f"{file}.hidden")
    try:
        yield
    finally:
        for file in files:
            Path(f"{file}.hidden").rename(file)


def test_the_path_into_postgres_reconciles(shop: PostgresStafford) -> None:
    """What was sent is in the marts of PostgreSQL to the cent; publishing again changes nothing."""
    verdict = shop.ok("reconcile", "--target", "postgres", "--json").json
    assert verdict["reconciled"]
    assert verdict["totals"]["silver"] > 300
    assert {money["measure"] for money in verdict["money"]} == {"orders", "captured", "refunded"}
    assert verdict["money"][0]["mart_cents"] > 0
    again = shop.ok("publish", "--target", "postgres", "--json").json
    assert again["changed"] == []
    assert sum(again["rows"].values()) == verdict["totals"]["silver"]


def test_both_warehouses_hold_the_same_rows(shop: PostgresStafford) -> None:
    """DuckDB, from the same silver, has as many rows of each topic."""
    in_postgres = shop.ok("publish", "--target", "postgres", "--json").json
    in_duckdb = shop.ok("publish", "--json").json
    assert in_postgres["rows"] == in_duckdb["rows"]
    assert in_postgres["versions"] == in_duckdb["versions"]


def test_a_cent_changed_in_postgres_is_found(shop: PostgresStafford) -> None:
    """Negative control: one cent in a mart of PostgreSQL is a finding; DuckDB has no say in it."""
    change = (
        "UPDATE marts.fct_orders SET total_cents = total_cents {} 1 "
        "WHERE order_id = (SELECT min(order_id) FROM marts.fct_orders)"
    )
    shop.database.run(change.format("+"))
    try:
        ran = shop.run("reconcile", "--target", "postgres", "--json")
    finally:
        shop.database.run(change.format("-"))
    assert ran.status == 3
    verdict = json.loads(ran.out)
    assert verdict["findings_by_kind"] == {"money": 1}
    assert "+1" in verdict["findings"][0]["detail"]
