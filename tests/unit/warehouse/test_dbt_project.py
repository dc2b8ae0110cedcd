"""The shape of the dbt project, which dbt itself does not enforce."""

from pathlib import Path

import pytest
import yaml

MODELS = Path(__file__).resolve().parents[3] / "warehouse" / "models"
SQL = sorted(MODELS.rglob("*.sql"))


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.stem)
def test_model_has_a_page_beside_it(path: Path) -> None:
    """Each model has a .yml of its name that states the grain and describes that model alone."""
    document = yaml.safe_load(path.with_suffix(".yml").read_text(encoding="utf-8"))
    [model] = document["models"]
    assert model["name"] == path.stem
    assert model["description"].startswith("One row per ")
    assert all(column.get("description") or column.get("data_tests") for column in model["columns"][1:])


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.stem)
def test_model_reads_from_the_layer_above(path: Path) -> None:
    """Only staging reads sources, one each and without joins; every other model reads models."""
    sql = path.read_text(encoding="utf-8")
    is_staging = path.parent.name == "staging"
    assert sql.count("source(") == (1 if is_staging else 0)
    assert ("ref(" in sql) is not is_staging
    assert not (is_staging and " join " in sql)
    assert path.stem.startswith({"staging": "stg_", "intermediate": "int_"}.get(path.parent.name, ""))


@pytest.mark.parametrize("path", SQL, ids=lambda path: path.stem)
def test_model_reads_top_down(path: Path) -> None:
    """A model is at most 120 lines and ends by selecting everything from its last step."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 120
    assert lines[-1].startswith("select * from ")
