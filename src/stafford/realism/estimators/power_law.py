"""A power law whose exponent changes once: fit.

Popularity in a shop is no single power law: in logarithms the line bends down, flat at the head and steeper
in the tail. A line with one knot says both slopes as numbers, which a parabola does not, and where a single
line is true it finds two equal slopes.

Source: Brynjolfsson, Hu and Smith, "A Longer Tail? Estimating the Shape of Amazon's Sales Distribution Curve
in 2008" (2010), who fit splines to log sales by log rank for the same reason.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stafford.realism.unanswered import DoesNotFit, NotMeasurable

Floats = npt.NDArray[np.float64]

POINTS = 60
"""Bins of ranks, equally wide in logarithms: otherwise the tail alone would decide."""
LEAST_RANKS = 50
MARGIN = 6
"""Points that each side of the knot keeps."""


@dataclass(frozen=True, slots=True)
class BrokenPowerLaw:
    """log views = intercept + head_slope * log rank up to the knot, with tail_slope after it.

    knot_rank: where the slope changes; r_squared: of the fit, in logarithms; head_excess: views of rank 1
    over what a single straight line through all points says, below 1 where the head is capped.
    """

    intercept: float
    head_slope: float
    tail_slope: float
    knot_rank: float
    r_squared: float
    head_excess: float

    def predict(self, ranks: Floats) -> Floats:
        """Views at each rank."""
        logs = np.log(ranks)
        bend = np.maximum(logs - np.log(self.knot_rank), 0.0)
        views: Floats = np.exp(
            self.intercept + self.head_slope * logs + (self.tail_slope - self.head_slope) * bend
        )
        return views


def fit_power_law(views: Floats) -> BrokenPowerLaw:
    """Fit views by rank, least squares in logarithms over bins of ranks.

    Args:
        views: of each product, above zero, in any order.

    Raises:
        NotMeasurable: fewer than 50 products.
        DoesNotFit: all products are equally popular.
    """
    ordered = np.sort(views)[::-1].astype(np.float64)
    if len(ordered) < LEAST_RANKS:
        raise NotMeasurable(f"{len(ordered)} products were viewed; a fit over ranks wants {LEAST_RANKS}")
    x, y = _average(np.log(np.arange(1, len(ordered) + 1)), np.log(ordered))
    spread = float(np.sum((y - y.mean()) ** 2))
    if spread == 0:
        raise DoesNotFit("every product is as popular as the next: there is no curve to fit")
    best = min((_fit_at(x, y, knot) for knot in x[MARGIN:-MARGIN]), key=lambda fit: fit[1])
    (intercept, head, bend), error, knot = best
    straight = np.polynomial.Polynomial.fit(x, y, 1)
    return BrokenPowerLaw(
        float(intercept),
        float(head),
        float(head + bend),
        float(np.exp(knot)),
        1 - error / spread,
        float(np.exp(y[0] - straight(x[0]))),
    )


def _average(log_ranks: Floats, log_views: Floats) -> tuple[Floats, Floats]:
    # Means over bins: one odd product at the end of the tail is one of hundreds, and no point of its own.
    place = np.round(log_ranks / log_ranks[-1] * (POINTS - 1)).astype(np.int64)
    _, bins, sizes = np.unique(place, return_inverse=True, return_counts=True)
    return np.bincount(bins, log_ranks) / sizes, np.bincount(bins, log_views) / sizes


def _fit_at(x: Floats, y: Floats, knot: float) -> tuple[Floats, float, float]:
    columns = np.stack([np.ones_like(x), x, np.maximum(x - knot, 0.0)], axis=1)
    solution = np.linalg.lstsq(columns, y, rcond=None)[0]
    return solution, float(np.sum((y - columns @ solution) ** 2)), float(knot)
