"""`stafford realism`: exit codes, JSON for scripts, and one clear line for bad input."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.unit.realism.builders import OPENS_AT, order, visit, write_events
from typer.testing import CliRunner

from stafford.cli.main import app
from stafford.errors import ConfigError
from stafford.jobs.realism import Sample

TARGETS = """
profile: tiny
description: A shop of three sessions.
metrics:
  sessions.bounce: {target: 0.5, tolerance: 0.2, source: by hand}
  sessions.conversion: {target: %s, tolerance: 0.1, source: by hand}
  black_friday.orders: {least: 2, source: by hand}
expected: {}
"""


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Run the command on three sessions of which one ends in an order."""
    write_events(
        tmp_path / "data",
        clickstream=[*visit("s-1", "home"), *visit("s-2", "home"), *visit("s-3", "home", "product")],
        orders=[order("o-1", "s-3", OPENS_AT)],
    )

    def invoke(conversion: float, *options: str) -> Any:
        path = tmp_path / "tiny.yaml"
        path.write_text(TARGETS % conversion, encoding="utf-8")
        words = ["--home", str(tmp_path / "home"), "realism", "--profile", str(path)]
        return CliRunner().invoke(app, [*words, "--data", str(tmp_path / "data"), *options])

    return invoke


def test_a_shop_within_its_targets(run: Any, tmp_path: Path) -> None:
    """Exit code 0, a table, and a page in the home."""
    result = run(0.33)
    assert result.exit_code == 0, result.output
    assert "2 of 3 metrics are within their targets, 1 cannot be measured" in " ".join(result.output.split())
    assert (tmp_path / "home" / "realism-tiny.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_shop_outside_of_its_targets(run: Any) -> None:
    """Negative control: a metric that is missed is exit code 1."""
    result = run(0.7)
    assert result.exit_code == 1
    assert "fail" in result.output


def test_strict_wants_everything_measured(run: Any) -> None:
    """With --strict what cannot be measured fails too."""
    assert run(0.33, "--strict").exit_code == 1


def test_json_is_for_scripts(run: Any, tmp_path: Path) -> None:
    """One object with every metric; a missing bound and a missing value are null."""
    page = tmp_path / "elsewhere" / "page.html"
    result = run(0.33, "--json", "--out", str(page))
    facts = json.loads(result.stdout)
    assert facts["realistic"] is True
    assert facts["page"] == str(page)
    assert page.is_file()
    bounce, _, friday = facts["metrics"]
    assert bounce["measured"] == pytest.approx(2 / 3)
    assert (bounce["least"], bounce["most"]) == pytest.approx((0.3, 0.7))
    assert (friday["measured"], friday["most"], friday["verdict"]) == (None, None, "not measurable")


def test_bad_input_gets_one_line(tmp_path: Path) -> None:
    """An unknown kind of shop and a folder without events are configuration errors that say what to do."""
    home = ["--home", str(tmp_path / "home"), "realism"]
    unknown = CliRunner().invoke(app, [*home, "--profile", "no-such-shop"])
    empty = CliRunner().invoke(app, [*home, "--data", str(tmp_path)])
    for result, word in ((unknown, "no-such-shop"), (empty, "clickstream")):
        assert isinstance(result.exception, ConfigError)
        assert word in str(result.exception)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("seeds", ["7,7", "7;8", "", "7,", "seven"])
def test_wrong_seeds_are_refused(tmp_path: Path, seeds: str) -> None:
    """A list that is none, or names a shop twice, is refused with what to write."""
    done = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "realism", "--seeds", seeds])
    assert done.exit_code == 2
    assert "as 7,8,9" in " ".join(done.output.replace("│", " ").split())


def test_each_seed_is_a_shop_of_its_own(run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A column and a page for each seed; what the events of one cannot answer fails with --strict."""
    page = tmp_path / "page.html"
    made: list[int] = []

    def copy(sample: Sample, _settings: object, folder: Path, _progress: object) -> None:
        made.append(sample.seed)
        shutil.copytree(tmp_path / "data", folder)

    monkeypatch.setattr(Sample, "make", copy)
    run(0.33)  # writes the targets
    words = ["--home", str(tmp_path / "home"), "realism", "--profile", str(tmp_path / "tiny.yaml")]
    words += ["--seeds", "7, 8", "--out", str(page)]
    shown = CliRunner().invoke(app, words)
    assert shown.exit_code == 0, shown.output
    assert made == [7, 8]
    assert "seed 7" in shown.output
    assert (tmp_path / "page-7.html").is_file()
    assert (tmp_path / "page-8.html").is_file()
    facts = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert [each["seed"] for each in facts["seeds"]] == [7, 8]
    assert CliRunner().invoke(app, [*words, "--strict"]).exit_code == 1
    run(0.7)
    assert CliRunner().invoke(app, words).exit_code == 1
