"""The project's own contracts, and a copy of them that a test may spoil."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from stafford.contracts import Contract, load_contracts

PROJECT_DIR = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def project_dir() -> Path:
    """The checkout."""
    return PROJECT_DIR


@pytest.fixture(scope="session")
def contracts() -> dict[str, Contract]:
    """The contracts of the project, by topic."""
    return load_contracts(PROJECT_DIR / "contracts")


Spoil = Callable[[str, str, str], Path]


@pytest.fixture
def spoil(tmp_path: Path) -> Spoil:
    """Replace the first `old` of one topic's file by `new`, in a copy of the contracts; give its folder."""

    def spoil(topic: str, old: str, new: str) -> Path:
        copy = tmp_path / "contracts"
        if not copy.exists():  # a test may spoil more than one file
            shutil.copytree(PROJECT_DIR / "contracts", copy)
        path = copy / f"{topic}.odcs.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return copy

    return spoil
