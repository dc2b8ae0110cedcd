"""`stafford maintain` on real tables, without Spark."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from typer.testing import CliRunner

from stafford.cli import maintain
from stafford.contracts import load_contracts
from stafford.domain.lake import Lake
from stafford.lakehouse.commits import append
from stafford.lakehouse.maintenance import MIN_SMALL_FILES
from stafford.lakehouse.tables import create_tables
from stafford.settings import Settings


@pytest.fixture
def home(tmp_path):
    """A home whose orders have many small files, in no order of event time."""
    settings = Settings(home=tmp_path / "home")
    lake = Lake(settings.lake_uri)
    create_tables(lake, load_contracts(settings.contracts_dir).values())
    for number in range(MIN_SMALL_FILES):
        day = number * 5 % MIN_SMALL_FILES
        row = {"event_id": f"{number}", "occurred_at": datetime(2026, 1, 1 + day, tzinfo=UTC)}
        orders = DeltaTable(lake.silver("orders"))
        append(orders, pa.Table.from_pylist([row], schema=pa.schema(orders.schema().to_arrow())))
    return settings.home_dir


def run(home, *words):
    return CliRunner().invoke(maintain.app, words, env={"STAFFORD_HOME": str(home)})


def test_small_files_are_joined_once_and_sorted(home):
    """Compacting joins them in the order in which they are searched; again, it finds nothing to do."""
    states = {state["name"]: state for state in json.loads(run(home, "statistics", "--json").stdout)}
    assert (states["silver/orders"]["files"], states["silver/orders"]["rows"]) == (
        MIN_SMALL_FILES,
        MIN_SMALL_FILES,
    )
    assert states["silver/returns"]["rows"] == 0

    assert json.loads(run(home, "compact", "--json").stdout) == {"silver/orders": MIN_SMALL_FILES}
    table = DeltaTable(str(home / "lake" / "silver" / "orders"))
    assert len(table.file_uris()) == 1
    days = [occurred_at.day for occurred_at in table.to_pyarrow_table()["occurred_at"].to_pylist()]
    assert days == [1 + number for number in range(MIN_SMALL_FILES)]
    assert run(home, "compact").stdout == "no table has small files to join\n"
    assert DeltaTable(str(home / "lake" / "silver" / "orders")).version() == table.version()


def test_one_file_less_is_left_alone(home):
    """Control: below the number of small files that is worth it, nothing is rewritten."""
    DeltaTable(str(home / "lake" / "silver" / "orders")).delete("event_id = '0'")
    assert json.loads(run(home, "compact", "--json").stdout) == {}


def test_a_short_retention_is_refused(home):
    """Less than seven days could take files from who still reads them."""
    refused = run(home, "vacuum", "--days", "6")
    assert refused.exit_code == 2
    assert run(home, "vacuum", "--dry-run").stdout == "nothing to delete\n"


def test_statistics_fit_into_a_terminal(home):
    """No line is longer than 80 columns, also in a pipe."""
    lines = run(home, "statistics").stdout.splitlines()
    assert any(line.startswith("arrivals") for line in lines)
    assert max(map(len, lines)) <= 80


def test_no_tables_are_a_sentence(tmp_path):
    """A head without rows would leave open whether it looked in the right place."""
    done = run(tmp_path / "home", "statistics")
    assert done.exit_code == 0
    assert done.stdout == "There are no tables yet; `stafford ingest` makes them.\n"
    assert json.loads(run(tmp_path / "home", "statistics", "--json").stdout) == []
