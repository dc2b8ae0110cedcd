"""The default shop as people meet it: made by the command, measured by the command, and like a real one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT_DIR = Path(__file__).parents[2]
NAME = "fashion-retail"
PROFILE = PROJECT_DIR / "config" / "profiles" / f"{NAME}.yaml"


def stafford(home: Path, *arguments: str) -> tuple[int, str]:
    """Run the command in a process of its own: its exit code, and what it printed."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT_DIR / "src"), "STAFFORD_HOME": str(home)}
    command = [sys.executable, "-m", "stafford", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.stdout, done.stderr
    return done.returncode, done.stdout


def measure(home: Path, *options: str) -> tuple[int, dict[str, str]]:
    """Hold a shop against the targets: the exit code, and the verdict of each metric."""
    code, printed = stafford(home, "realism", "--profile", NAME, "--json", *options)
    return code, {metric["metric"]: metric["verdict"] for metric in json.loads(printed)["metrics"]}


def make(home: Path, profile: Path) -> Path:
    """Two years of a small shop, as files."""
    folder = home / profile.stem
    window = ("--from", "2024-01-01", "--to", "2026-01-01", "--customers", "4000")
    code, _ = stafford(home, "generate", *window, "--profile", str(profile), "--out", str(folder))
    assert code == 0
    return folder


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_two_years_of_the_default_shop_meet_every_target(tmp_path: Path) -> None:
    """Of 200,000 customers, every metric can be measured, and is within its tolerance."""
    code, verdicts = measure(tmp_path, "--customers", "200000", "--workers", "2", "--strict")
    assert {metric: verdict for metric, verdict in verdicts.items() if verdict != "pass"} == {}
    assert len(verdicts) >= 54
    assert code == 0


@pytest.mark.slow
def test_another_shop_does_not(tmp_path: Path) -> None:
    """Control: with one number of the profile another, the command fails, and names what it is about."""
    small = make(tmp_path, PROFILE)
    # So few customers leave some metrics to chance; those that this test changes are not among them.
    _, usual = measure(tmp_path, "--data", str(small))
    for old, new, metric in (
        ("purchases: {r: 0.24,", "purchases: {r: 0.60,", "repeat.after_1"),
        ("conversion: 0.032", "conversion: 0.042", "sessions.conversion"),
    ):
        text = PROFILE.read_text(encoding="utf-8")
        assert text.count(old) == 1
        changed = tmp_path / f"{metric}.yaml"
        changed.write_text(text.replace(old, new), encoding="utf-8")
        code, verdicts = measure(tmp_path, "--data", str(make(tmp_path, changed)))
        assert (usual[metric], verdicts[metric], code) == ("pass", "fail", 1)
