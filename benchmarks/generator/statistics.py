"""What the raw runs say: medians over the rounds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.generator.contender import Run


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and greatest of the rounds."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Summarise the values of the rounds; there is at least one."""
        known = list(values)
        return cls(median(known), min(known), max(known))


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a contender is.

    rows_per_s: the rows by which the long run is longer, by the seconds by which it is: no start-up.
    whole_per_s: rows of the long run by its seconds from process start to end.
    start_s: seconds of the long run that the rate does not explain: imports, compilation, opening the shop.
    rows: of the long run.
    """

    rows_per_s: Spread
    whole_per_s: Spread
    start_s: float
    rows: int


def summarise(runs: Sequence[Run]) -> Rate:
    """Summarise one contender's runs: a short and a long one in each round."""
    marginal, whole, start = [], [], []
    for number in sorted({run.round for run in runs}):
        short, long = sorted((run for run in runs if run.round == number), key=lambda run: run.amount)
        # Where other work got into the short run it may last as long as the long one; then nothing is known.
        seconds = max(long.seconds - short.seconds, 1e-3)
        marginal.append((long.rows - short.rows) / seconds)
        whole.append(long.rows / long.seconds)
        start.append(max(0.0, long.seconds - long.rows / marginal[-1]))
    rows = max(run.rows for run in runs)
    return Rate(Spread.of(marginal), Spread.of(whole), median(start), rows)
