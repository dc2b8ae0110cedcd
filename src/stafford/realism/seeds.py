"""The same kind of shop made from several seeds: what each of them measures, and the worst of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from stafford.realism.measurement import Measurement
from stafford.realism.result import Result, Verdict

_FROM_BEST = (Verdict.PASSED, Verdict.NOT_MEASURABLE, Verdict.FAILED)


@dataclass(frozen=True, slots=True)
class Row:
    """A metric. measured: one text for each seed; verdict: the worst of them; why: its words."""

    title: str
    target: str
    tolerance: str
    measured: tuple[str, ...]
    verdict: Verdict
    why: str


def compare_seeds(measurements: Sequence[Measurement]) -> list[Row]:
    """A row for each metric, in the order of the targets.

    Args:
        measurements: of the same targets, one for each seed; at least one.
    """
    return [_compare(results) for results in zip(*(each.results for each in measurements), strict=True)]


def find_worst(measurements: Sequence[Measurement]) -> Verdict:
    """A failure is worse than what nobody can tell, and that is worse than a pass."""
    return max((row.verdict for row in compare_seeds(measurements)), key=_FROM_BEST.index)


def _compare(results: Sequence[Result]) -> Row:
    worst = max(results, key=lambda result: _FROM_BEST.index(result.verdict))
    targets = {result.target_text for result in results}
    # A target that follows from the events themselves is another one for each seed.
    is_one = len(targets) == 1
    return Row(
        worst.metric.title,
        targets.pop() if is_one else "implied",
        worst.tolerance_text,
        tuple(
            result.measured_text
            if is_one or result.measured is None
            else f"{result.measured_text} of {result.target_text}"
            for result in results
        ),
        worst.verdict,
        worst.why,
    )
