"""What a health check calls healthy: work that is done, not a process that runs."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

from stafford.settings import PROJECT_DIR

NOW = 1_000_000.0


def load(name: str) -> ModuleType:
    """Import a check as its container does, from a file."""
    spec = importlib.util.spec_from_file_location(name, PROJECT_DIR / "docker" / "health" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SPARK, SHOP = load("spark_health"), load("shop_health")


def plan(query: Path, *, planned: int, committed: int, age_s: float) -> Path:
    """A checkpoint whose last batch was planned so long ago."""
    for folder, count in (("offsets", planned), ("commits", committed)):
        (query / folder).mkdir(parents=True)
        for batch in range(count):
            (query / folder / str(batch)).touch()
            (query / folder / f".{batch}.crc").touch()
            os.utime(query / folder / str(batch), (NOW - age_s, NOW - age_s))
    return query


@pytest.mark.parametrize(
    ("planned", "committed", "age_s", "is_moving"),
    [(3, 3, 9999, True), (3, 2, 10, True), (3, 2, 9999, False), (0, 0, 0, True)],
)
def test_a_batch_that_nobody_commits_is_no_movement(
    tmp_path: Path, planned: int, committed: int, age_s: float, is_moving: bool
) -> None:
    """Nothing to do is healthy and work in hand is too; work that was planned long ago is not."""
    query = plan(tmp_path / "silver", planned=planned, committed=committed, age_s=age_s)
    assert SPARK.is_moving(query, NOW) is is_moving


MASTER = {
    "status": "ALIVE",
    "workers": [{"host": "spark-worker.processing", "state": "ALIVE"}, {"host": "old", "state": "DEAD"}],
    "activeapps": [
        {"name": "streaming", "state": "RUNNING", "cores": 2},
        {"name": "batch", "state": "WAITING", "cores": 0},
    ],
}


@pytest.mark.parametrize(
    ("part", "name", "is_healthy"),
    [
        ("master", "spark-master", True),
        ("worker", "spark-worker.processing", True),
        ("worker", "old", False),
        ("worker", "unknown", False),
        ("application", "streaming", True),
        ("application", "batch", False),  # waits for cores
        ("application", "unknown", False),
    ],
)
def test_the_master_knows_who_is_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, part: str, name: str, is_healthy: bool
) -> None:
    """A worker is asked for by its own name, and an application too: another's health is not ours."""
    monkeypatch.setattr(SPARK, "read", lambda _: MASTER)
    monkeypatch.setenv("STAFFORD_HOME", str(tmp_path))
    for query in ("bronze", "silver"):
        plan(tmp_path / "checkpoints" / query, planned=1, committed=1, age_s=0)
    assert SPARK.is_healthy(part, name) is is_healthy


def test_a_stream_whose_query_never_began_is_not_well(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The master lists the application; no checkpoint says that a query runs in it."""
    monkeypatch.setattr(SPARK, "read", lambda _: MASTER)
    monkeypatch.setenv("STAFFORD_HOME", str(tmp_path))
    assert not SPARK.is_healthy("application", "streaming")


def test_a_shop_that_sent_nothing_for_long_is_not_well(tmp_path: Path) -> None:
    """Its state is saved after each acknowledged batch."""
    (tmp_path / "shop.json").touch()
    os.utime(tmp_path / "shop.json", (NOW, NOW))
    assert SHOP.is_healthy(tmp_path, NOW + 60)
    assert not SHOP.is_healthy(tmp_path, NOW + 600)
