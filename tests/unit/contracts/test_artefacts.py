"""Derived files are in step with the contracts, and stay so."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stafford.cli import contracts as cli
from stafford.contracts import Contract, load_contracts, out_of_step, write_artefacts
from stafford.errors import ConfigError, ContractViolation, StorageError
from stafford.jobs.contracts import ContractsJob, build
from stafford.settings import Settings

DERIVED = ["warehouse/models/staging/_sources.yml", "docs/reference/contracts.md", "docs/reference/events.md"]


def test_the_project_is_in_step(contracts: dict[str, Contract], project_dir: Path) -> None:
    """What is committed is what the contracts imply."""
    assert list(out_of_step(contracts, project_dir)) == []


def test_deriving_twice_writes_once(contracts: dict[str, Contract], tmp_path: Path) -> None:
    """Files that are in step are left alone, so their dates say when they last changed."""
    job = ContractsJob(contracts, tmp_path)
    assert job.derive() == DERIVED
    assert job.derive() == []
    job.check()


@pytest.mark.parametrize("path", DERIVED)
def test_a_stale_file_is_named(contracts: dict[str, Contract], tmp_path: Path, path: str) -> None:
    """Negative control: one changed byte in one derived file fails the check, by name."""
    job = ContractsJob(contracts, tmp_path)
    job.derive()
    with (tmp_path / path).open("a", encoding="utf-8") as file:
        file.write(" ")
    with pytest.raises(ContractViolation) as refusal:
        job.check()
    assert path in str(refusal.value)
    assert not any(other in str(refusal.value) for other in DERIVED if other != path)
    assert job.derive() == [path]


def test_a_changed_contract_makes_its_files_stale(
    contracts: dict[str, Contract], tmp_path: Path, spoil: Callable[[str, str, str], Path]
) -> None:
    """Negative control: a contract that moves on leaves every file that shows it behind."""
    write_artefacts(contracts, tmp_path)
    moved = load_contracts(spoil("orders", "A visitor placed an order.", "A visitor ordered."))
    assert [path.name for path in out_of_step(moved, tmp_path)] == ["events.md"]


def test_a_file_that_is_not_text_is_replaced(contracts: dict[str, Contract], tmp_path: Path) -> None:
    """Bytes that are not ours are out of step rather than an error."""
    write_artefacts(contracts, tmp_path)
    (tmp_path / DERIVED[1]).write_bytes(b"\xff\xfe")
    assert [path.name for path in write_artefacts(contracts, tmp_path)] == ["contracts.md"]


def test_a_place_that_cannot_be_written_is_a_storage_error(
    contracts: dict[str, Contract], tmp_path: Path
) -> None:
    """A file where a folder must be ends in a message, not a traceback."""
    (tmp_path / "docs").write_text("in the way", encoding="utf-8")
    with pytest.raises(StorageError, match="reference"):
        write_artefacts(contracts, tmp_path)


def test_a_topic_without_contract_is_a_config_error(contracts: dict[str, Contract], tmp_path: Path) -> None:
    """The message lists the topics that there are."""
    with pytest.raises(ConfigError, match="'order'; topics: clickstream, customers"):
        ContractsJob(contracts, tmp_path).schema("order")


def test_the_command_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`derive --check` passes on this project, fails on one without the files, and writes nothing."""
    runner = CliRunner()
    result = runner.invoke(cli.app, ["derive", "--check", "--json"])
    assert json.loads(result.stdout) == {"contracts": 9, "written": []}
    monkeypatch.setattr(cli, "build", lambda settings: build(settings, project_dir=tmp_path))
    result = runner.invoke(cli.app, ["derive", "--check"])
    assert isinstance(result.exception, ContractViolation)
    assert list(tmp_path.iterdir()) == []


def test_the_command_derives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`derive` says what it wrote."""
    monkeypatch.setattr(cli, "build", lambda settings: build(settings, project_dir=tmp_path))
    result = CliRunner().invoke(cli.app, ["derive"])
    assert result.stdout.splitlines() == [*(f"wrote {path}" for path in DERIVED), "in step with 9 contracts"]


def test_the_command_prints_a_schema() -> None:
    """`schema` prints JSON Schema and nothing else, so that it can be piped."""
    result = CliRunner().invoke(cli.app, ["schema", "orders"])
    assert json.loads(result.stdout) == build(Settings()).schema("orders")
