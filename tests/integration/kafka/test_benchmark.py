"""`stafford bench kafka` runs from end to end; how fast anything is, is nobody's business here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stafford.settings import PROJECT_DIR

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def test_the_quick_benchmark_measures_everything(tmp_path: Path) -> None:
    """Page, picture and raw runs have both clients, the delays, the groups and the rebalances."""
    docs, data = tmp_path / "docs", tmp_path / "data"
    command = [sys.executable, "-m", "stafford", "bench", "kafka", "--quick", "--docs", str(docs)]
    done = subprocess.run(
        [*command, "--data", str(data)], cwd=PROJECT_DIR, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (raw,) = data.glob("*.json")
    measured = json.loads(raw.read_text(encoding="utf-8"))
    assert {(sent["client"], sent["variant"]["factor"]) for sent in measured["sent"]} == {
        (client, factor) for client in ("ours", "tool") for factor in ("", "compression")
    }
    assert all(sent["rows_per_s"] > 0 and sent["stored_bytes"] > 10 for sent in measured["sent"])
    # what is not compressed takes more room: the settings reach the broker
    stored = {sent["variant"]["value"]: sent["stored_bytes"] for sent in measured["sent"]}
    assert stored["none"] > 2 * stored[""]
    assert all(delayed["p99_ms"] >= delayed["p50_ms"] >= 0 for delayed in measured["delayed"])
    assert {(read["client"], read["consumers"]) for read in measured["read"]} == {
        ("ours", 2),
        ("tool", 2),
    }
    assert {paused["protocol"] for paused in measured["paused"]} == {
        "classic, eager",
        "classic, cooperative",
        "KIP-848",
    }
    assert all(paused["until_s"] > 0 for paused in measured["paused"])
    page = (docs / "reference" / "benchmarks-kafka.md").read_text(encoding="utf-8")
    assert measured["machine"]["cpu"] in page
    assert (docs / "images" / "benchmarks-kafka.svg").is_file()
    assert not (data / "scratch").exists()
