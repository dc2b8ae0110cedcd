"""Gamma-Gamma, Weibull and the broken power law: each gives back what was simulated, and refuses the rest."""

import numpy as np
import pytest
from scipy.special import gamma

from stafford.realism.estimators.gamma_gamma import GammaGamma, fit_gamma_gamma, measure_likelihood
from stafford.realism.estimators.power_law import fit_power_law
from stafford.realism.estimators.weibull import fit_weibull
from stafford.realism.unanswered import DoesNotFit, NotMeasurable

CDNOW = GammaGamma(6.25, 3.74, 15.45)
RANKS = np.arange(1, 2001, dtype=np.float64)


def spend(parameters: GammaGamma, customers: int) -> tuple[np.ndarray, np.ndarray]:
    """Orders and mean values of customers who spend by that model."""
    generator = np.random.default_rng(4)
    orders = generator.geometric(0.5, customers)
    nu = generator.gamma(parameters.q, 1 / parameters.v, customers)
    return orders, generator.gamma(parameters.p * orders, 1 / nu) / orders


def test_gamma_gamma_likelihood_is_that_of_the_note() -> None:
    """Equation 1a as it is printed, for one customer of three orders of 40 euros."""
    p, q, v, x, mean = 6.25, 3.74, 15.45, 3, 40.0
    density = gamma(p * x + q) / (gamma(p * x) * gamma(q))
    density *= v**q * mean ** (p * x - 1) * x ** (p * x) / (v + x * mean) ** (p * x + q)
    assert measure_likelihood(CDNOW, np.array([x]), np.array([mean])) == pytest.approx(np.log(density))


def test_gamma_gamma_gives_back_what_was_simulated() -> None:
    """Forty thousand customers tell p, q and v within the 15% of the targets."""
    found = fit_gamma_gamma(*spend(CDNOW, 40_000))
    assert (found.p, found.q, found.v) == pytest.approx((CDNOW.p, CDNOW.q, CDNOW.v), rel=0.15)
    assert found.mean == pytest.approx(6.25 * 15.45 / 2.74, rel=0.02)


def test_gamma_gamma_tells_shops_apart() -> None:
    """Negative control: money of another shop is not near."""
    found = fit_gamma_gamma(*spend(GammaGamma(2.0, 6.0, 60.0), 40_000))
    assert abs(found.p / CDNOW.p - 1) > 0.15


def test_weibull_gives_back_what_was_simulated() -> None:
    """Shape and scale; a shape of 1, the exponential distribution, is told apart from 0.75."""
    generator = np.random.default_rng(5)
    found = fit_weibull(28 * generator.weibull(0.75, 50_000))
    assert (found.shape, found.scale) == pytest.approx((0.75, 28), rel=0.02)
    assert fit_weibull(generator.exponential(28, 50_000)).shape == pytest.approx(1, rel=0.02)
    assert found.survival(np.array([28.0]))[0] == pytest.approx(np.exp(-1), rel=0.02)


def test_equal_times_have_no_weibull() -> None:
    """Negative control: a robot that waits two seconds each time fits no shape."""
    with pytest.raises(DoesNotFit):
        fit_weibull(np.full(1000, 2.0))


def test_broken_power_law_is_found() -> None:
    """Both exponents and the knot between them, and a head that is lower than a straight line says."""
    views = np.where(RANKS < 100, (RANKS / 100) ** -0.5, (RANKS / 100) ** -1.3)
    found = fit_power_law(views)
    assert (found.head_slope, found.tail_slope) == pytest.approx((-0.5, -1.3), abs=0.05)
    assert found.knot_rank == pytest.approx(100, rel=0.1)
    assert found.r_squared > 0.99
    assert found.head_excess < 0.7
    assert found.predict(np.array([100.0]))[0] == pytest.approx(1, rel=0.1)


def test_straight_power_law_has_no_bend_and_no_cap() -> None:
    """Negative control: what does not bend is not said to."""
    found = fit_power_law(1 / RANKS)
    assert found.tail_slope - found.head_slope == pytest.approx(0, abs=0.01)
    assert found.head_excess == pytest.approx(1, abs=0.01)


def test_other_curves_are_no_power_law() -> None:
    """Negative controls: equal products have no head, a straight fall no fit, an exponential one a cliff."""
    generator = np.random.default_rng(6)
    assert fit_power_law(generator.poisson(1000, 2000).astype(np.float64)).head_slope > -0.1
    assert fit_power_law(2001 - RANKS).r_squared < 0.95
    exponential = fit_power_law(np.exp(-RANKS / 300))
    assert exponential.tail_slope - exponential.head_slope < -2


def test_power_law_wants_products() -> None:
    """Few products are too few, and products that are all the same have no curve."""
    with pytest.raises(NotMeasurable, match="20 products"):
        fit_power_law(np.arange(1.0, 21.0))
    with pytest.raises(DoesNotFit):
        fit_power_law(np.ones(100))
