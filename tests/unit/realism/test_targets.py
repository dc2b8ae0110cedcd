"""Targets: the shipped files are right, and a wrong one is refused with field, value and what is allowed."""

from pathlib import Path

import pytest
import yaml

from stafford.errors import ConfigError
from stafford.realism import load_targets
from stafford.realism.measures import METRICS
from stafford.realism.targets import Target
from stafford.settings import PROJECT_DIR

SHIPPED = PROJECT_DIR / "config" / "realism"
NAMES = ("electronics", "fashion-retail", "marketplace")


@pytest.mark.parametrize("name", NAMES)
def test_shipped_targets_can_be_read(name: str) -> None:
    """Each is called as its file, and says for every metric where its number is from."""
    targets = load_targets(name, SHIPPED)
    assert targets.profile == name
    assert all(target.source for target in targets.metrics.values())


def test_every_metric_is_wanted_somewhere() -> None:
    """No metric is measured that no kind of shop has a target for, but returns of other categories."""
    wanted = {metric for name in NAMES for metric in load_targets(name, SHIPPED).metrics}
    assert set(METRICS) - wanted == {
        "returns.shoes", "returns.accessories", "returns.home", "returns.electronics"
    }  # fmt: skip


def test_every_metric_is_defined() -> None:
    """Each says in a sentence what it is."""
    assert all(metric.definition for metric in METRICS.values())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"metrics": {"sessions.convresion": {"target": 1, "source": "none"}}}, "sessions.convresion"),
        ({"metrics": {"sessions.bounce": {"source": "none"}}}, "say either target, or least"),
        ({"metrics": {"sessions.bounce": {"least": 2, "most": 1, "source": "none"}}}, "below least"),
        ({"metrics": {"sessions.bounce": {"target": 1, "source": ""}}}, "source"),
        ({"metrics": {"sessions.bounce": {"target": 1, "source": "none", "tolerence": 1}}}, "tolerence"),
        ({"expected": {"purchases": {"r": 0, "alpha": 1, "a": 1, "b": 1}}}, "greater than 0, not 0"),
        ({"expected": {"hours": {"mobile": [1.0] * 23}}}, "expected.hours.mobile"),
    ],
)
def test_wrong_targets_are_refused(tmp_path: Path, change: dict[str, object], complaint: str) -> None:
    """Negative controls: unknown metric, no bound, wrong range, no source, typing error, wrong model."""
    content = yaml.safe_load((SHIPPED / "fashion-retail.yaml").read_text(encoding="utf-8")) | change
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ConfigError, match=complaint):
        load_targets(path, SHIPPED)


def test_unknown_targets_name_the_known(tmp_path: Path) -> None:
    """A name that is not there is refused with those that are; so is what is no YAML."""
    with pytest.raises(ConfigError, match="electronics, fashion-retail, marketplace"):
        load_targets("no-such-shop", SHIPPED)
    (tmp_path / "broken.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be read as YAML"):
        load_targets("broken", tmp_path)


def test_bounds() -> None:
    """Tolerance is in the metric's unit, `within` a share of the target, and a bound may stand alone."""
    near = pytest.approx
    assert Target(target=0.4, tolerance=0.05, source="any").bounds(None) == near((0.35, 0.45))
    assert Target(target="implied", within=0.15, source="any").bounds(2.0) == near((1.7, 2.3))
    assert Target(least=2.8, most=3.1, tolerance=0.3, source="any").bounds(None) == near((2.5, 3.4))
    assert Target(least=0.95, source="any").bounds(None) == (0.95, float("inf"))
    assert Target(most=-0.1, source="any").bounds(None) == (float("-inf"), -0.1)
