"""The BG/NBD model of repeat purchase: likelihood, fit and simulation.

A customer buys as a Poisson process with rate lambda ~ Gamma(r, alpha) and, after each repeat order, leaves
for good with probability p ~ Beta(a, b).

Source: Fader, Hardie and Lee, "Counting Your Customers the Easy Way: An Alternative to the Pareto/NBD Model",
Marketing Science 24 (2005).
"""

from dataclasses import astuple, dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import gammaln

from stafford.realism.unanswered import DoesNotFit

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

START = (0.5, 5.0, 0.8, 2.5)
"""Where the search begins: near what shops are like, in weeks; the likelihood has one maximum."""
BOUND = 9.0  # of the logarithms: a parameter beyond e^9 or e^-9 says that the model does not fit


@dataclass(frozen=True, slots=True)
class BgNbd:
    """Parameters; alpha in weeks, the others without a unit, all above zero."""

    r: float
    alpha: float
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class PurchaseHistories:
    """One row per customer: repeat orders, when the last was, and how long the customer was watched.

    frequency: orders after the first; recency and age: weeks since the first order, recency 0 where there
    was no other.
    """

    frequency: Counts
    recency: Floats
    age: Floats

    def __len__(self) -> int:
        """How many customers."""
        return len(self.frequency)


@dataclass(frozen=True, slots=True)
class Fit:
    """The most likely parameters and their log-likelihood, a sum over customers."""

    parameters: BgNbd
    log_likelihood: float


def measure_likelihood(parameters: BgNbd, histories: PurchaseHistories) -> float:
    """Log-likelihood of histories, a sum over customers; equation 6 of the paper, in logarithms."""
    r, alpha, a, b = astuple(parameters)
    # Frequencies are few and small: their gamma functions are taken once each.
    counts, place = np.unique(histories.frequency, return_inverse=True)
    x = counts.astype(np.float64)
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    common += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    left = np.log(a) - np.log(b + np.maximum(x, 1.0) - 1.0)
    stays = -(r + histories.frequency) * np.log(alpha + histories.age)
    leaves = np.where(
        histories.frequency > 0,
        left[place] - (r + histories.frequency) * np.log(alpha + histories.recency),
        -np.inf,
    )
    return float(np.sum(common[place] + np.logaddexp(stays, leaves)))


def fit_bgnbd(histories: PurchaseHistories) -> Fit:
    """Find the parameters of maximum likelihood.

    Raises:
        DoesNotFit: the search does not end inside its bounds, as with customers who never buy again.
    """
    size = max(len(histories), 1)

    def loss(logs: Floats) -> float:
        return -measure_likelihood(BgNbd(*np.exp(logs).tolist()), histories) / size

    found = minimize(
        loss,
        np.log(START),
        method="L-BFGS-B",
        bounds=[(-BOUND, BOUND)] * len(START),
        options={"ftol": 1e-12, "gtol": 1e-7, "maxiter": 500},
    )
    if not found.success or np.any(np.abs(found.x) > BOUND - 0.01):
        raise DoesNotFit("no BG/NBD parameters are likely")
    return Fit(BgNbd(*np.exp(found.x).tolist()), -float(found.fun) * size)


def draw_gaps(parameters: BgNbd, customers: int, orders: int, generator: np.random.Generator) -> Floats:
    """Draw weeks between orders: customers x (orders - 1), infinite once a customer has left.

    Nobody leaves right after the first order: in this model only a repeat order can be the last by choice.
    """
    rate = generator.gamma(parameters.r, 1 / parameters.alpha, customers)
    leaving = generator.beta(parameters.a, parameters.b, customers)
    with np.errstate(over="ignore", divide="ignore"):
        gaps = generator.exponential(size=(customers, orders - 1)) / rate[:, None]
    leaves = generator.random((customers, orders - 1)) < leaving[:, None]
    gone = np.zeros_like(leaves)
    gone[:, 1:] = np.maximum.accumulate(leaves[:, :-1], axis=1)
    return np.where(gone, np.inf, gaps)
