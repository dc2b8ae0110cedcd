"""What `stafford publish` prints, for people and for scripts."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from stafford.cli.publish import publish


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    """The command alone, on an empty home."""
    monkeypatch.setenv("STAFFORD_HOME", str(tmp_path))
    app = typer.Typer()
    app.command()(publish)
    return app


def test_publish_for_scripts(app: typer.Typer, tmp_path: Path) -> None:
    """--json prints one object, which says that a repeat changed nothing."""
    first, again = (json.loads(CliRunner().invoke(app, ["--json"]).stdout) for _ in range(2))
    assert Path(first["path"]) == tmp_path / "warehouse.duckdb"
    assert first["rows"]["orders"] == 0
    assert "orders" in first["changed"]
    assert again == first | {"changed": []}


def test_publish_for_people(app: typer.Typer) -> None:
    """Without --json there is a line for each table and a sum."""
    lines: list[Any] = CliRunner().invoke(app, []).stdout.splitlines()
    assert lines[0].split() == ["clickstream", "0", "rows", "no", "silver", "table", "yet"]
    assert lines[-1].startswith("9 of 9 tables written to ")
