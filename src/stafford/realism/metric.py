"""What a metric is: a name, a unit, and how it is measured from events."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from stafford.realism.unanswered import NotMeasurable

if TYPE_CHECKING:
    from stafford.realism.expectations import Expectations
    from stafford.realism.facts import Facts


class Unit(StrEnum):
    """How a value is read."""

    SHARE = "share"  # of 1; shown in percent
    NUMBER = "number"
    TIMES = "times"
    HOUR = "hour"  # local hour of the day


@dataclass(frozen=True, slots=True)
class Measured:
    """A value, and what it is held against where the target is computed rather than written down."""

    value: float
    implied: float | None = None


Measure = Callable[["Facts", "Expectations"], Measured | float]


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table. The docstring of `measure` is its definition."""

    metric_id: str
    title: str
    unit: Unit
    measure: Measure

    @property
    def definition(self) -> str:
        """What is measured, in one sentence."""
        function = getattr(self.measure, "func", self.measure)
        return " ".join((function.__doc__ or "").split("\n\n")[0].split())


METRICS: dict[str, Metric] = {}
"""Every metric that targets may name, by id, filled by the modules of `measures`."""


def metric(metric_id: str, title: str, unit: Unit) -> Callable[[Measure], Measure]:
    """Enter a function into `METRICS`."""

    def enter(measure: Measure) -> Measure:
        METRICS[metric_id] = Metric(metric_id, title, unit, measure)
        return measure

    return enter


def divide(part: float, whole: float, *, of: str) -> float:
    """A part of a whole.

    Raises:
        NotMeasurable: the whole is nothing; `of` names what there is none of.
    """
    if not whole:
        raise NotMeasurable(f"there are no {of}")
    return part / whole
