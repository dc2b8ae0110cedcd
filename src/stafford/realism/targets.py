"""What the data are held against: a checked, frozen reading of config/realism/*.yaml."""

from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from stafford.errors import ConfigError
from stafford.realism.expectations import Expectations, Part
from stafford.realism.measures import METRICS


class Target(Part):
    """What one metric must be: one number, a range, or a bound on one side.

    `target: implied` is computed by the metric itself, from `expected`. `tolerance` is in the metric's own
    unit, `within` a share of the target; a bound may have a tolerance too.
    """

    target: float | Literal["implied"] | None = None
    least: float | None = None
    most: float | None = None
    tolerance: float = Field(0, ge=0)
    within: float = Field(0, ge=0, lt=1)
    source: str = Field(min_length=3)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.target is None) == (self.least is None and self.most is None):
            raise ValueError("say either target, or least, most or both")
        if self.least is not None and self.most is not None and self.most < self.least:
            raise ValueError(f"most is {self.most}, which is below least, {self.least}")
        if self.tolerance and self.within:
            raise ValueError("say tolerance or within, not both")
        return self

    def bounds(self, implied: float | None) -> tuple[float, float]:
        """The least and the most that pass; infinite where there is no such bound."""
        exact = implied if self.target == "implied" else self.target
        low, high = (self.least, self.most) if exact is None else (exact, exact)
        return (
            float("-inf") if low is None else low - self.tolerance - self.within * abs(low),
            float("inf") if high is None else high + self.tolerance + self.within * abs(high),
        )


class Targets(Part):
    """A kind of shop and the metrics that make it one."""

    profile: str
    description: str
    metrics: dict[str, Target] = Field(min_length=1)
    expected: Expectations

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        unknown = [name for name in self.metrics if name not in METRICS]
        if unknown:
            raise ValueError(f"no metric is called {', '.join(unknown)}; there are {', '.join(METRICS)}")
        return self


def find_targets(name: str | Path, directory: Path) -> Path:
    """Give the file of targets: `fashion-retail` is directory/fashion-retail.yaml, a path is itself."""
    return Path(name) if Path(name).suffix in {".yaml", ".yml"} else directory / f"{name}.yaml"


def load_targets(name: str | Path, directory: Path) -> Targets:
    """Read the targets of a kind of shop.

    Args:
        name: what `find_targets` finds.
        directory: where the named ones are.

    Raises:
        ConfigError: there is no such file, or a field of it is wrong; names the field, its value and what
            is allowed.
    """
    path = find_targets(name, directory)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        known = ", ".join(sorted(file.stem for file in directory.glob("*.yaml"))) or "none"
        raise ConfigError(f"no targets for {str(name)!r} at {path}; there are some for: {known}") from exc
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ConfigError(f"targets {path} cannot be read as YAML: {exc}; correct the file") from exc
    try:
        return Targets.model_validate(content)
    except ValidationError as exc:
        faults = "\n".join(
            f"  {'.'.join(str(step) for step in fault['loc']) or 'the file'}: {fault['msg']}"
            + ("" if isinstance(fault["input"], dict) else f", not {fault['input']!r}")
            for fault in exc.errors()
        )
        raise ConfigError(f"targets {path} are wrong:\n{faults}") from exc
