"""What `build` says when a model, a rule, the project or the warehouse is not as it should be."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from stafford.errors import ConfigError, HomeInUse, Terminal
from stafford.jobs import build as build_job
from stafford.settings import Settings
from stafford.warehouse.dbt_targets import DuckDbTarget

pytestmark = pytest.mark.dbt

Shop = dict[str, list[dict[str, Any]]]
MakeHome = Callable[[Path, Shop], Settings]


def duckdb_beside(path: Path) -> DuckDbTarget:
    """A copied warehouse, with dbt's folder beside it."""
    return DuckDbTarget(path, path.parent / "dbt")


def test_unbalanced_order_fails_the_build(tmp_path: Path, shop: Shop, make_home: MakeHome) -> None:
    """An order whose lines do not sum to its total stops the build, by the name of the rule."""
    shop["orders"][0]["lines"].pop()
    settings = make_home(tmp_path, shop)
    with pytest.raises(Terminal, match=r"assert_order_lines_sum_to_total: Got 1 result.*\.sql\)"):
        build_job.build(settings).run()


TAMPERING = {
    "assert_order_lines_sum_to_total": "UPDATE marts.fct_order_items SET line_total_cents = 1",
    "assert_captures_within_order_total": "UPDATE marts.fct_orders SET paid_cents = total_cents + 1",
    "assert_refunds_within_line_total": "UPDATE marts.fct_returns SET refund_cents = 9499",
    "assert_funnel_only_narrows": "UPDATE marts.funnel_daily SET order_sessions = checkout_sessions + 1",
    "assert_hourly_revenue_sums_to_facts": "DELETE FROM marts.revenue_hourly WHERE order_count = 0",
    "assert_facts_keep_all_silver_money": "INSERT INTO marts.fct_payments SELECT * FROM marts.fct_payments",
    "assert_no_delivery_before_dispatch": "UPDATE raw.shipments SET occurred_at = timestamp '2026-01-21' "
    "WHERE event_type = 'shipment_dispatched'",
    "assert_refunds_within_goods_paid": "UPDATE marts.fct_orders SET coupon_cents = subtotal_cents",
    "assert_one_delivery_for_each_order": "UPDATE raw.shipments SET order_id = 'o-0001' "
    "WHERE event_type = 'shipment_delivered'",
}


def test_each_rule_can_fail(home: Settings, tmp_path: Path) -> None:
    """Negative control: each rule of warehouse/tests notices marts that were tampered with."""
    assert {path.stem for path in (home.dbt_dir / "tests").glob("*.sql")} == set(TAMPERING)
    warehouse = tmp_path / "warehouse.duckdb"
    shutil.copy(home.duckdb_path, warehouse)
    with duckdb.connect(str(warehouse)) as connection:
        for statement in TAMPERING.values():
            connection.execute(statement)
    job = build_job.build(home)
    dbt = job.find_dbt(print) / "dbt"
    command = [
        str(dbt),
        "--quiet",
        "test",
        "--select",
        "test_type:singular",
        "--project-dir",
        str(job.project_dir),
    ]
    command += [
        "--profiles-dir",
        str(job.project_dir),
        "--target-path",
        str(tmp_path),
        "--log-path",
        str(tmp_path),
    ]
    done = subprocess.run(
        command,
        env={**os.environ, "STAFFORD_DUCKDB_PATH": str(warehouse)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    for rule in TAMPERING:
        assert f"Failure in test {rule} " in done.stdout


def test_mart_that_breaks_a_constraint_never_replaces_the_old(home: Settings, tmp_path: Path) -> None:
    """A model that cannot be built is named, and its mart stays as it was."""
    warehouse = Path(shutil.copy(home.duckdb_path, tmp_path / "warehouse.duckdb"))
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("UPDATE raw.orders SET total_cents = NULL")
    job = build_job.build(home)
    with pytest.raises(Terminal, match=r"fct_orders: .*NOT NULL constraint failed.*total_cents"):
        build_job.BuildJob(job.project_dir, duckdb_beside(warehouse), job.find_dbt).run()
    with duckdb.connect(str(warehouse)) as connection:
        found = connection.execute("SELECT count(total_cents) FROM marts.fct_orders").fetchall()
    assert found == [(3,)]


def test_project_that_does_not_parse_is_no_success(home: Settings, tmp_path: Path) -> None:
    """When dbt stops before it builds, the results of the run before do not pass for its own."""
    shutil.copytree(home.dbt_dir, tmp_path / "project")
    (tmp_path / "project/models/marts/funnel_daily.sql").write_text(
        "select * from {{ ref('no_such_model') }}"
    )
    shutil.copy(home.duckdb_path, tmp_path / "warehouse.duckdb")
    shutil.copytree(home.home_dir / "dbt", tmp_path / "dbt")
    assert (tmp_path / "dbt/target/run_results.json").is_file()
    job = build_job.BuildJob(
        tmp_path / "project", duckdb_beside(tmp_path / "warehouse.duckdb"), build_job.build(home).find_dbt
    )
    with pytest.raises(ConfigError, match="no_such_model"):
        job.run()


def test_open_warehouse_is_refused(home: Settings, tmp_path: Path) -> None:
    """While this process has the warehouse open, a build says so."""
    warehouse = Path(shutil.copy(home.duckdb_path, tmp_path / "warehouse.duckdb"))
    job = build_job.build(home)
    job = build_job.BuildJob(job.project_dir, duckdb_beside(warehouse), job.find_dbt)
    with duckdb.connect(str(warehouse)), pytest.raises(HomeInUse, match="open in another process"):
        job.run()


def test_build_before_publish_says_what_to_do(tmp_path: Path) -> None:
    """Without a warehouse the message names the command that makes one."""
    with pytest.raises(ConfigError, match="stafford publish"):
        build_job.build(Settings(home=tmp_path)).run()
