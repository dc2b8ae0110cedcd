"""The Weibull distribution of dwell times: fit.

With a shape below 1 the hazard falls: the longer a visitor stays on a page, the less likely it is that the
next second is the last ("negative ageing").

Source: Liu, White and Dumais, "Understanding Web Browsing Behaviors through Weibull Analysis of Dwell Time",
SIGIR 2010.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from stafford.realism.unanswered import DoesNotFit

Floats = npt.NDArray[np.float64]

LEAST_SHAPE, MOST_SHAPE = 0.02, 50.0


@dataclass(frozen=True, slots=True)
class Weibull:
    """shape without a unit; scale in the unit of the sample."""

    shape: float
    scale: float

    def survival(self, times: Floats) -> Floats:
        """Share of dwells that last longer than each time."""
        return np.exp(-((times / self.scale) ** self.shape))


def fit_weibull(times: Floats) -> Weibull:
    """Find shape and scale of maximum likelihood.

    Args:
        times: dwell times, above zero.

    Raises:
        DoesNotFit: all times are equal, or nearly.
    """
    logs = np.log(times)

    def slope(shape: float) -> float:
        # Zero of the derivative of the likelihood, with the scale already at its best.
        powers = np.exp(shape * (logs - logs.max()))
        return float(np.sum(powers * logs) / np.sum(powers) - 1 / shape - logs.mean())

    if slope(LEAST_SHAPE) > 0 or slope(MOST_SHAPE) < 0:
        raise DoesNotFit("dwell times do not vary as a Weibull distribution can")
    shape = float(brentq(slope, LEAST_SHAPE, MOST_SHAPE))
    return Weibull(shape, float(np.mean(times**shape) ** (1 / shape)))
