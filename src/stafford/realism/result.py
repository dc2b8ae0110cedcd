"""Holds what was measured against its target."""

from dataclasses import dataclass
from enum import StrEnum
from math import isinf, isnan

from stafford.realism.expectations import Expectations
from stafford.realism.facts import Facts
from stafford.realism.measures import METRICS
from stafford.realism.metric import Measured, Metric, Unit
from stafford.realism.targets import Target
from stafford.realism.unanswered import DoesNotFit, NotMeasurable


class Verdict(StrEnum):
    """What became of a metric."""

    PASSED = "pass"
    FAILED = "fail"
    NOT_MEASURABLE = "not measurable"


@dataclass(frozen=True, slots=True)
class Result:
    """One row of the table. measured is None where there is no value; `why` then says why.

    implied: the target, where it was computed. least and most: what passes, infinite without a bound.
    """

    metric: Metric
    target: Target
    verdict: Verdict
    measured: float | None = None
    implied: float | None = None
    least: float = float("-inf")
    most: float = float("inf")
    why: str = ""

    @property
    def target_text(self) -> str:
        """The target as people read it, such as "3.2 %", "2.8 to 3.1" or "at least 0.95"."""
        goal = self.target
        exact = self.implied if goal.target == "implied" else goal.target
        if goal.target is not None:
            return "implied" if exact is None else self._say(exact)
        if goal.least is not None and goal.most is not None:
            return f"{self._say(goal.least)} to {self._say(goal.most)}"
        if goal.least is not None:
            return f"at least {self._say(goal.least)}"
        return f"at most {self._say(goal.most or 0)}"

    @property
    def tolerance_text(self) -> str:
        """The tolerance as people read it, such as "± 0.3 pt" or "± 15 %"; empty where there is none."""
        if self.target.within:
            return f"± {100 * self.target.within:g} %"
        if not self.target.tolerance:
            return ""
        if self.metric.unit is Unit.SHARE:
            return f"± {100 * self.target.tolerance:g} pt"
        return f"± {self.target.tolerance:g}"

    @property
    def measured_text(self) -> str:
        """The value as people read it; a dash where there is none."""
        return "-" if self.measured is None else self._say(self.measured)

    def _say(self, value: float) -> str:
        return say_value(value, self.metric.unit)


def say_value(value: float, unit: Unit) -> str:
    """Write a value in its unit: "3.21 %", "2.95x", "20 h" or "0.241"."""
    if unit is Unit.SHARE:
        return f"{100 * value:.{2 if abs(value) < 0.1 else 1}f} %"  # noqa: PLR2004 - small shares need a digit more
    if unit is Unit.TIMES:
        return f"{value:.2f}x"
    if unit is Unit.HOUR:
        return f"{value:g} h"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"  # noqa: PLR2004


def judge(metric_id: str, target: Target, facts: Facts, expected: Expectations) -> Result:
    """Measure one metric and compare it. What cannot be measured does not pass."""
    metric = METRICS[metric_id]
    try:
        answer = metric.measure(facts, expected)
    except NotMeasurable as reason:
        return Result(metric, target, Verdict.NOT_MEASURABLE, why=str(reason))
    except DoesNotFit as reason:
        return Result(metric, target, Verdict.FAILED, why=str(reason))
    measured = answer if isinstance(answer, Measured) else Measured(answer)
    if isnan(measured.value) or isinf(measured.value):
        return Result(metric, target, Verdict.NOT_MEASURABLE, why="the result is not a number")
    least, most = target.bounds(measured.implied)
    verdict = Verdict.PASSED if least <= measured.value <= most else Verdict.FAILED
    return Result(metric, target, verdict, measured.value, measured.implied, least, most)
