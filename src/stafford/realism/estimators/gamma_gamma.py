"""The Gamma-Gamma model of order value: likelihood and fit.

The value of an order is Gamma(p, nu), and nu differs between customers as Gamma(q, gamma); how much somebody
spends does not depend on how often.

Source: Fader and Hardie, "The Gamma-Gamma Model of Monetary Value" (2013).
"""

from dataclasses import astuple, dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import gammaln

from stafford.realism.unanswered import DoesNotFit

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

START = (5.0, 3.0, 15.0)
BOUND = 9.0  # of the logarithms


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """Parameters, all above zero. v, which the note calls gamma, is in euros."""

    p: float
    q: float
    v: float

    @property
    def mean(self) -> float:
        """Mean value of an order over all customers, in euros; infinite where q is at most 1."""
        return self.p * self.v / (self.q - 1) if self.q > 1 else float("inf")


def measure_likelihood(parameters: GammaGamma, orders: Counts, mean_value: Floats) -> float:
    """Log-likelihood of customers' mean order values, a sum over customers; equation 1a of the note."""
    p, q, v = astuple(parameters)
    shape = p * orders
    return float(
        np.sum(
            gammaln(shape + q)
            - gammaln(shape)
            - gammaln(q)
            + q * np.log(v)
            + (shape - 1) * np.log(mean_value)
            + shape * np.log(orders)
            - (shape + q) * np.log(v + orders * mean_value)
        )
    )


def fit_gamma_gamma(orders: Counts, mean_value: Floats) -> GammaGamma:
    """Find the parameters of maximum likelihood.

    Args:
        orders: how many orders each customer's mean is of, at least 1.
        mean_value: euros, above zero.

    Raises:
        DoesNotFit: the search does not end inside its bounds.
    """
    size = max(len(orders), 1)

    def loss(logs: Floats) -> float:
        return -measure_likelihood(GammaGamma(*np.exp(logs).tolist()), orders, mean_value) / size

    found = minimize(
        loss,
        np.log(START),
        method="L-BFGS-B",
        bounds=[(-BOUND, BOUND)] * len(START),
        options={"ftol": 1e-12, "gtol": 1e-7, "maxiter": 500},
    )
    if not found.success or np.any(np.abs(found.x) > BOUND - 0.01):
        raise DoesNotFit("no Gamma-Gamma parameters are likely")
    return GammaGamma(*np.exp(found.x).tolist())
