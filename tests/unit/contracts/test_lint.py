"""The contracts against the standard's own linter, which lives in an environment of its own."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from stafford.runtime.environments import ensure_environment
from stafford.settings import Settings

LINT = """
import json, logging, pathlib, sys
logging.disable()
from datacontract.data_contract import DataContract
found = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.odcs.yaml")):
    run = DataContract(data_contract_file=str(path)).lint()
    found[path.name] = [check.reason for check in run.checks if check.result.value != "passed"]
print(json.dumps(found))
"""
"""What `datacontract lint` does, for every file in one process: starting it costs seconds."""

Lint = Callable[[Path], dict[str, list[str]]]


@pytest.fixture(scope="module")
def lint(project_dir: Path) -> Lint:
    """Lint a folder of contracts: what the linter minds, by file."""
    bin_dir = ensure_environment(
        "contracts", project_dir / "requirements" / "contracts.txt", Settings().cache_dir, lambda _: None
    )
    python = shutil.which("python", path=str(bin_dir))
    assert python is not None

    def lint(folder: Path) -> dict[str, list[str]]:
        done = subprocess.run(
            [python, "-c", LINT, str(folder)], capture_output=True, text=True, check=True, timeout=120
        )
        found: dict[str, list[str]] = json.loads(done.stdout)
        return found

    return lint


@pytest.mark.slow
def test_every_contract_is_clean(lint: Lint, project_dir: Path) -> None:
    """The standard's linter minds nothing, not even with a warning."""
    assert set(map(tuple, lint(project_dir / "contracts").values())) == {()}


@pytest.mark.slow
def test_the_linter_sees_what_is_wrong(lint: Lint, spoil: Callable[[str, str, str], Path]) -> None:
    """Negative control: a type that the standard does not know, and a key that it ignores, are named."""
    spoil("customers", "required: true", "requried: true")
    found = lint(spoil("orders", "logicalType: string", "logicalType: strnig"))
    assert [name for name, minded in found.items() if minded] == ["customers.odcs.yaml", "orders.odcs.yaml"]
    assert "requried" in found["customers.odcs.yaml"][0]
    assert "strnig" in found["orders.odcs.yaml"][0]
