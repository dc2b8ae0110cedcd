"""The quick start's scripts, called by a Python that has none of the packages."""

import subprocess
import sys

import pytest

from stafford.settings import PROJECT_DIR


@pytest.mark.parametrize("script", ["data_generator/stream_simulator.py", "kafka_setup/topic_manager.py"])
def test_a_python_without_the_packages_says_what_to_do(script: str) -> None:
    """As `python` of the system does where the environment was not activated: one line, no traceback."""
    command = [sys.executable, "-S", str(PROJECT_DIR / "src" / script), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 78
    assert "pip install -r requirements.txt" in done.stderr
    assert len(done.stderr.splitlines()) == 1
