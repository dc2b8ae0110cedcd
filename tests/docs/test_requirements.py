"""The two kinds of requirements agree, and pip takes the quick start's line."""

import re
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement

from stafford.settings import PROJECT_DIR

QUICK_START = "requirements.txt"
HASHED = "requirements/run.txt"


def read_pins(name: str) -> set[str]:
    """Pins of a compiled file, as "name==version ; marker", without hashes and the editable package."""
    text = (PROJECT_DIR / name).read_text(encoding="utf-8")
    lines = (line.split("--hash")[0].rstrip("\\ ").strip() for line in text.splitlines())
    return {line for line in lines if line and not line.startswith(("#", "-"))}


def test_both_files_have_the_same_pins() -> None:
    """requirements.txt installs what make installs; only the builder of the package is more there."""
    quick, hashed = read_pins(QUICK_START), read_pins(HASHED)
    builder = {name_of(pin) for pin in hashed} - {name_of(pin) for pin in quick}
    assert quick <= hashed, f"only in {QUICK_START}: {sorted(quick - hashed)}; run `make lock`"
    assert "hatchling" in builder
    groups = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    direct = {name_of(line) for line in groups["project"]["dependencies"]}
    assert not builder & direct


def test_every_dependency_is_pinned() -> None:
    """Each dependency of the package stands in requirements.txt with a version that the package allows."""
    project = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = [Requirement(pin) for pin in read_pins(QUICK_START)]
    for line in project["dependencies"]:
        wanted = Requirement(line)
        # A dependency of one system may be another version there.
        found = [str(pin.specifier).removeprefix("==") for pin in pins if name_of(str(pin)) == name_of(line)]
        assert any(wanted.specifier.contains(version) for version in found), f"{line} is pinned to {found}"


def test_a_hash_stands_beside_each_pin_that_make_installs() -> None:
    """Every file that make or a tool's environment installs from has hashes; the quick start's cannot."""
    tools = ("dev", "dbt", "contracts", "peers", "airflow", "superset")
    for name in (HASHED, *(f"requirements/{tool}.txt" for tool in tools)):
        text = (PROJECT_DIR / name).read_text(encoding="utf-8")
        requirements = re.split(r"\n(?=\S)", text.split("\n", 1)[1])
        unhashed = [entry for entry in requirements if entry.strip() and "--hash=sha256:" not in entry]
        assert unhashed == [], name
    assert "--hash" not in (PROJECT_DIR / QUICK_START).read_text(encoding="utf-8")


def test_nobody_brings_pandas_along() -> None:
    """Where it is, pyarrow imports it at its first array: up to half of a command's start, for nothing."""
    names = {name_of(pin) for pin in read_pins("requirements/dev.txt")}
    assert "pyarrow" in names
    assert "pandas" not in names


@pytest.mark.slow
def test_pip_takes_the_quick_start_s_line() -> None:
    """`pip install -r requirements.txt` resolves, the package in place included.

    It is a trial, in the environment of the tests: pip reads the file, resolves every pin against every
    dependency, and asks the builder for the package's description, but installs nothing.
    """
    done = pip("install", "--dry-run", "--no-build-isolation", "-r", QUICK_START)
    assert done.returncode == 0, done.stdout
    assert "Would install stafford" in done.stdout


@pytest.mark.slow
def test_pip_refuses_hashes_and_a_package_in_place() -> None:
    """Negative control, and the reason for two files: with hashes the same line does not install."""
    done = pip(
        "install", "--dry-run", "--no-deps", "--no-build-isolation", "--require-hashes", "-r", QUICK_START
    )
    assert done.returncode != 0
    assert "hash" in done.stdout


def pip(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pip", *words, "--disable-pip-version-check", "--no-input"]
    return subprocess.run(
        command, cwd=PROJECT_DIR, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def name_of(requirement: str) -> str:
    return re.split(r"[=<>!~ ;\[]", requirement.strip().lower())[0].replace("_", "-")
