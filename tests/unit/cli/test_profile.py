"""`stafford profile` shows what there is, and says what is wrong."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stafford.cli import profile
from stafford.errors import ConfigError

SHIPPED = "fashion-retail"


def run(*arguments: str) -> str:
    """Run a command that must end well, and give what it wrote."""
    done = CliRunner().invoke(profile.app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_the_shipped_profiles_are_listed() -> None:
    """With what they are, for people and for scripts."""
    assert f"{SHIPPED}: A European fashion retailer" in run("list")
    assert SHIPPED in json.loads(run("list", "--json"))


def test_what_is_shown_can_be_used(tmp_path: Path) -> None:
    """With its comments, so that a copy of it is a place to begin; and it is valid as it stands."""
    mine = tmp_path / "mine.yaml"
    mine.write_text(run("show", SHIPPED), encoding="utf-8")
    assert "# " in mine.read_text(encoding="utf-8")
    assert run("validate", str(mine)) == "fine\n"
    assert run("validate", str(mine), SHIPPED) == "all 2 are fine\n"
    assert json.loads(run("show", str(mine), "--json"))["payments"]["declined"] == pytest.approx(0.035)


def test_each_wrong_profile_is_named_with_its_faults(tmp_path: Path) -> None:
    """All faults of all files at once, with the field, the value and what is allowed."""
    text = run("show", SHIPPED)
    for name, old, new in (("a", "declined: 0.035", "declined: 35"), ("b", "moves: 0.10", "moves: many")):
        (tmp_path / f"{name}.yaml").write_text(text.replace(old, new), encoding="utf-8")
    done = CliRunner().invoke(
        profile.app, ["validate", str(tmp_path / "a.yaml"), SHIPPED, str(tmp_path / "b.yaml")]
    )
    assert isinstance(done.exception, ConfigError)
    said = str(done.exception)
    assert "payments.declined is 35: Input should be less than or equal to 1" in said
    assert "customers.moves is 'many': Input should be a valid number" in said
    assert said.count(" is wrong:") == 2
