"""`make bench-generator` runs from end to end; how fast anything is, is nobody's business here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stafford.settings import PROJECT_DIR

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def test_the_quick_benchmark_measures_everything(tmp_path: Path) -> None:
    """Page, picture and raw runs have every program, every Kafka client, the memory and the machine."""
    docs, data = tmp_path / "docs", tmp_path / "data"
    command = [sys.executable, "-m", "benchmarks.generator", "--quick"]
    done = subprocess.run(
        [*command, "--docs", str(docs), "--data", str(data)],
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (raw,) = data.glob("*.json")
    measured = json.loads(raw.read_text(encoding="utf-8"))
    assert {"stafford ndjson", "stafford parquet", "mimesis", "faker", "jafgen"} <= set(measured["rates"])
    assert all(run["rows"] > 0 for run in measured["runs"] if run["amount"])
    assert {sent["client"] for sent in measured["kafka"]} == {
        "kafka-producer-perf-test",
        "transport",
        "generator and transport",
    }
    assert all(footprint["peak_bytes"] > 10_000_000 for footprint in measured["memory"])
    page = (docs / "reference" / "benchmarks-generator.md").read_text(encoding="utf-8")
    assert measured["machine"]["cpu"] in page
    assert (docs / "images" / "benchmarks-generator.svg").is_file()
    assert not (data / "scratch").exists()
