"""Reads what a dbt run left behind: its results, and where the compiled SQL is."""

import json
from dataclasses import dataclass
from pathlib import Path

FAILED = frozenset({"error", "fail", "runtime error", "partial success"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one model or test ended."""

    unique_id: str
    """Such as "model.stafford.fct_orders"."""
    status: str
    """success, pass, warn, fail, error or skipped, as dbt says it."""
    message: str

    @property
    def kind(self) -> str:
        """model, test or unit_test."""
        return self.unique_id.split(".")[0]

    @property
    def name(self) -> str:
        """What a person calls it; a test of a column ends with a hash that nobody needs."""
        parts = self.unique_id.split(".")
        return ".".join(parts[2:]) if self.kind == "unit_test" else parts[2]

    @property
    def is_test(self) -> bool:
        """Whether it judges, rather than builds."""
        return self.kind in {"test", "unit_test"}

    @property
    def has_failed(self) -> bool:
        """Whether it is a cause; what was skipped because of it is not."""
        return self.status in FAILED


def read_outcomes(target: Path) -> tuple[list[Outcome], float]:
    """Every outcome of the last run and its seconds; none where dbt stopped before it began."""
    path = target / "run_results.json"
    if not path.is_file():
        return [], 0.0
    document = json.loads(path.read_text(encoding="utf-8"))
    outcomes = [
        Outcome(result["unique_id"], result["status"], _one_line(result["message"]))
        for result in document["results"]
    ]
    return outcomes, float(document["elapsed_time"])


def compiled_paths(target: Path) -> dict[str, Path]:
    """The compiled SQL of each model and test that came so far, by unique id."""
    path = target / "manifest.json"
    if not path.is_file():
        return {}
    nodes = json.loads(path.read_text(encoding="utf-8"))["nodes"]
    compiled = target / "compiled"
    found = {
        unique_id: compiled / node["package_name"] / _below_project(node)
        for unique_id, node in nodes.items()
        if node["resource_type"] in {"model", "test"}
    }
    return {unique_id: sql for unique_id, sql in found.items() if sql.is_file()}


def _below_project(node: dict[str, str]) -> Path:
    original = Path(node["original_file_path"])
    # A test that stands in a .yml is compiled into a folder of that name.
    return original if original.suffix == ".sql" else original / node["path"]


def _one_line(message: str | None) -> str:
    return " ".join((message or "").split())
