"""What a build says before dbt ever runs."""

from pathlib import Path

import pytest

from stafford.errors import ConfigError
from stafford.warehouse.dbt import build
from stafford.warehouse.dbt_targets import DuckDbTarget


def test_no_warehouse(tmp_path: Path) -> None:
    """Without a warehouse the message names the command that makes one."""
    with pytest.raises(ConfigError, match="run `stafford publish` first"):
        build(tmp_path, DuckDbTarget(tmp_path / "warehouse.duckdb", tmp_path / "dbt"), tmp_path)


def test_no_dbt(tmp_path: Path) -> None:
    """An environment without dbt is named, with the way out; a dbt elsewhere on PATH is not taken."""
    warehouse = tmp_path / "warehouse.duckdb"
    warehouse.touch()
    with pytest.raises(ConfigError, match="there is no dbt in"):
        build(tmp_path, DuckDbTarget(warehouse, tmp_path / "dbt"), tmp_path / "bin")
