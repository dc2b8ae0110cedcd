"""`stafford profile` shows what there is, and says what is wrong."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stafford.cli import profile
from stafford.errors import ConfigError

SHIPPED, OTHER = "fashion-retail", "electronics"


def run(*arguments: str) -> str:
    """Run a command that must end well, and give what it wrote."""
    done = CliRunner().invoke(profile.app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_the_shipped_profiles_are_listed() -> None:
    """With what they are, for people and for scripts."""
    listed = run("list")
    assert f"{SHIPPED}: A European fashion retailer" in listed
    assert [line.partition(":")[0] for line in listed.splitlines()] == [OTHER, SHIPPED, "marketplace"]
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


def test_an_unknown_profile_is_one_line_that_names_the_known() -> None:
    """Whichever command is asked."""
    for arguments in (
        ["show", "corner-shop"],
        ["validate", "corner-shop"],
        ["compare", SHIPPED, "corner-shop"],
    ):
        done = CliRunner().invoke(profile.app, arguments)
        assert isinstance(done.exception, ConfigError)
        said = str(done.exception)
        assert "no profile 'corner-shop'" in said
        assert said.endswith(f"known profiles: {OTHER}, {SHIPPED}, marketplace")
        assert "\n" not in said


def test_a_comparison_shows_what_differs_by_section(tmp_path: Path) -> None:
    """Only that, with the unit where the field has one, what one of them lacks, and how many there are."""
    mine = tmp_path / "mine.yaml"
    text = run("show", SHIPPED)
    for old, new in (
        ("alpha: 4.41", "alpha: 5"),
        ("shipping_cents: 495", "shipping_cents: 595"),
        ("dispatch_h: {least: 4, most: 48}", "dispatch_h: {least: 4, most: 24}"),
        ("{name: new_year, factor: 0.6", "{name: new_years_day, factor: 0.6"),
        ("{DE: 40, FR: 18, ", "{DE: 40, "),
        ("name: fashion-retail", "name: mine"),
    ):
        assert old in text
        text = text.replace(old, new)
    mine.write_text(text, encoding="utf-8")
    rows = [line.split() for line in run("compare", SHIPPED, str(mine)).splitlines()]
    assert rows == [
        [SHIPPED, "mine"],
        ["traffic.days"],
        ["new_year", "present", "-"],
        ["new_years_day", "-", "present"],
        ["customers.purchases"],
        ["alpha", "4.41", "weeks", "5", "weeks"],
        ["customers.countries"],
        ["FR", "18", "-"],
        ["orders"],
        ["shipping_cents", "495", "cents", "595", "cents"],
        ["fulfilment"],
        ["dispatch_h", "4-48", "h", "4-24", "h"],
        ["6", "fields", "differ"],
    ]
    facts = json.loads(run("compare", SHIPPED, str(mine), "--json"))
    assert facts["differ"] == len(facts["fields"]) == 6
    assert facts["fields"][2] == {
        "field": "customers.purchases.alpha",
        "unit": "weeks",
        "values": [4.41, 5.0],
    }
    assert facts["fields"][3]["values"] == [18.0, None]


def test_equal_profiles_do_not_differ(tmp_path: Path) -> None:
    """Also under another name, and with other comments."""
    mine = tmp_path / "mine.yaml"
    mine.write_text("# mine\n" + run("show", SHIPPED).replace(f"name: {SHIPPED}", "name: mine"), "utf-8")
    assert run("compare", SHIPPED, str(mine)) == "no field differs\n"
    assert json.loads(run("compare", SHIPPED, str(mine), "--json"))["fields"] == []


@pytest.mark.parametrize("columns", ["62", "80", "120"])
def test_a_comparison_fits_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    """No line is longer than the terminal is wide, no name is cut, and each section stands once."""
    monkeypatch.setenv("COLUMNS", columns)
    for other in (OTHER, "marketplace"):
        lines = run("compare", SHIPPED, other).splitlines()
        assert max(map(len, lines)) <= int(columns)
        assert "  free_shipping_from_cents " in "\n".join(lines)
        sections = [line.strip() for line in lines[1:-1] if not line.startswith(" ")]
        assert len(set(sections)) == len(sections)
