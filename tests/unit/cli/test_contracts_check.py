"""`stafford contracts check` between folders and git revisions."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stafford.cli.main import app
from stafford.errors import ConfigError, ContractViolation
from stafford.jobs.contracts import build
from stafford.settings import PROJECT_DIR, Settings

ORDERS = "orders.odcs.yaml"


def spoil(folder: Path, old: str, new: str) -> Path:
    """Contracts with one text of the orders replaced everywhere."""
    if not folder.exists():
        shutil.copytree(PROJECT_DIR / "contracts", folder)
    path = folder / ORDERS
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_a_contract_that_breaks_fails_and_names_the_field(tmp_path):
    """Exit code other than 0, and the contract, the field, what changed and what to do."""
    narrow = spoil(tmp_path / "narrow", "- value: EUR", "- value: USD")
    done = CliRunner().invoke(app, ["contracts", "check", "contracts", str(narrow)])
    assert isinstance(done.exception, ContractViolation)
    assert done.exception.exit_code == 65
    assert "orders.currency" in str(done.exception)
    assert "breaks   orders.currency: the enum has no EUR any more; keep the old values" in done.stdout

    said = CliRunner().invoke(app, ["contracts", "check", "--json", "contracts", str(narrow)]).stdout
    (change,) = json.loads(said)["changes"]
    assert (json.loads(said)["compatible"], change["field"], change["is_breaking"]) == (
        False,
        "currency",
        True,
    )


def test_a_wider_contract_passes_and_says_what_to_look_at(tmp_path):
    """Compatible changes are listed; without any there is a sentence."""
    wide = spoil(tmp_path / "wide", "- value: EUR", "- value: EUR\n          - value: USD")
    done = CliRunner().invoke(app, ["contracts", "check", "contracts", str(wide)])
    assert (done.exit_code, done.stderr) == (0, "")
    assert "allowed  orders.currency: the enum has USD now; readers of silver may meet it" in done.stdout
    done = CliRunner().invoke(app, ["contracts", "check", "contracts"])
    assert (done.exit_code, done.stdout) == (0, "no difference that a record or a table can tell\n")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A project under version control, with its contracts committed on the branch main."""
    spoil(tmp_path / "project" / "contracts", "- value: EUR", "- value: EUR")
    project = tmp_path / "project"
    for words in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("add", "--all"),
        ("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "contracts"),
    ):
        subprocess.run(["git", "-C", str(project), *words], check=True)
    return project


def test_a_revision_is_read_from_version_control(repository, tmp_path):
    """What is committed is compared with what is there, and the working tree is left alone."""
    job = build(Settings(), project_dir=repository)
    narrow = spoil(tmp_path / "narrow", "- value: EUR", "- value: USD")
    spoil(repository / "contracts", "- value: EUR", "- value: GBP")
    assert [change.what for change in job.compare("main", str(narrow))] == ["the enum has no EUR any more"]
    assert job.compare("HEAD", None) == []
    assert "value: GBP" in (repository / "contracts" / ORDERS).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["gone", "--output=x", "main:contracts/nothing", "../gone"])
def test_what_is_neither_a_folder_nor_a_revision_is_refused(name, repository, monkeypatch):
    """So is an option in disguise."""
    monkeypatch.chdir(repository)
    with pytest.raises(ConfigError, match=r"revision"):
        build(Settings(), project_dir=repository).compare(name, None)
    assert not (repository / "x").exists()


def test_a_revision_that_cannot_be_read_any_more_is_named(repository):
    """An old contract that the loader of today refuses is an error, and no guess."""
    spoil(repository / "contracts", "required: true", "requried: true")
    add = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*add, "commit", "--quiet", "--all", "-m", "typo"], check=True)
    with pytest.raises(ContractViolation, match=r"at revision HEAD: orders\.odcs\.yaml: .*requried"):
        build(Settings(), project_dir=repository).compare("HEAD", None)
