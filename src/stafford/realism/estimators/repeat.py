"""How often an order is followed by another: measured in histories, and implied by a BG/NBD model.

Data end, and for most orders of a year the next 52 weeks are not over by then. So nothing is extrapolated:
the model is asked the same question as the data, with the same first orders and the same end.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stafford.realism.estimators.bgnbd import BgNbd, draw_gaps
from stafford.realism.estimators.clock import Clock

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_ORDERS = 10
WITHIN_WEEKS = 52.0
SIMULATED = 500_000
"""Customers to simulate: the implied share is then known to 0.1 point."""


@dataclass(frozen=True, slots=True)
class RepeatCurve:
    """For the n-th order, n = 1 ... 10: how many there are, and which share another follows."""

    orders: Ints
    followed: Floats


def measure_repeats(times: Floats) -> RepeatCurve:
    """Count followed orders.

    Args:
        times: customers x 11, weeks of the first eleven orders, infinite where an order is not in the data.
    """
    happened = np.isfinite(times[:, :MOST_ORDERS])
    with np.errstate(invalid="ignore"):
        followed = happened & (times[:, 1:] - times[:, :MOST_ORDERS] <= WITHIN_WEEKS)
    orders = happened.sum(axis=0)
    return RepeatCurve(orders, followed.sum(axis=0) / np.maximum(orders, 1))


def simulate_repeats(
    parameters: BgNbd, first_weeks: Floats, end_week: float, clock: Clock, generator: np.random.Generator
) -> RepeatCurve:
    """Ask a model what share of orders it lets another follow, for these first orders and this end.

    Args:
        parameters: of the model, in weeks of `clock`.
        first_weeks: when each customer first ordered, weeks since the data begin.
        end_week: when the data end, likewise.
        clock: the time in which customers buy at a constant rate.
        generator: where chance comes from.
    """
    copies = max(SIMULATED // max(len(first_weeks), 1), 1)
    first = np.tile(first_weeks, copies)
    gaps = draw_gaps(parameters, len(first), MOST_ORDERS + 1, generator)
    shown = clock.read(first)[:, None] + np.cumsum(gaps, axis=1)
    times = np.concatenate([first[:, None], clock.invert(shown)], axis=1)
    times[times > end_week] = np.inf
    return measure_repeats(times)
