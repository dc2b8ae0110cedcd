"""BG/NBD: its likelihood is the paper's, and a fit gives back what was simulated and nothing else."""

from dataclasses import astuple

import numpy as np
import pytest
from scipy.special import beta, gamma
from tests.unit.realism.builders import simulate_times, summarise

from stafford.realism.estimators.bgnbd import BgNbd, PurchaseHistories, fit_bgnbd, measure_likelihood
from stafford.realism.estimators.clock import calendar_clock, traffic_clock
from stafford.realism.unanswered import DoesNotFit

CDNOW = BgNbd(0.24, 4.41, 0.79, 2.43)
OTHER = BgNbd(0.6, 8.0, 0.9, 2.0)
CUSTOMERS, WEEKS = 60_000, 104.0
CALENDAR = calendar_clock(728)


def is_near(found: BgNbd, wanted: BgNbd) -> bool:
    """Whether all four are within the 15% that the targets tolerate."""
    return all(
        abs(one / other - 1) <= 0.15 for one, other in zip(astuple(found), astuple(wanted), strict=True)
    )


def test_likelihood_is_that_of_the_paper() -> None:
    """Equation 6 as it is printed, without logarithms, gives the same for single customers."""
    r, alpha, a, b = astuple(CDNOW)
    for x, recency, age in ((0, 0.0, 12.0), (1, 3.0, 20.0), (4, 30.0, 38.5)):
        stays = beta(a, b + x) / beta(a, b) * gamma(r + x) * alpha**r / (gamma(r) * (alpha + age) ** (r + x))
        leaves = (
            beta(a + 1, b + x - 1)
            / beta(a, b)
            * gamma(r + x)
            * alpha**r
            / (gamma(r) * (alpha + recency) ** (r + x))
            if x
            else 0.0
        )
        history = PurchaseHistories(np.array([x]), np.array([recency]), np.array([age]))
        assert measure_likelihood(CDNOW, history) == pytest.approx(np.log(stays + leaves))


@pytest.mark.parametrize("parameters", [CDNOW, OTHER])
def test_fit_gives_back_what_was_simulated(parameters: BgNbd) -> None:
    """Sixty thousand customers over two years tell all four parameters."""
    times = simulate_times(parameters, CUSTOMERS, WEEKS, CALENDAR, seed=1)
    assert is_near(fit_bgnbd(summarise(times, WEEKS, CALENDAR)).parameters, parameters)


def test_fit_tells_shops_apart() -> None:
    """Negative control: customers of another shop are not near."""
    times = simulate_times(OTHER, CUSTOMERS, WEEKS, CALENDAR, seed=1)
    assert not is_near(fit_bgnbd(summarise(times, WEEKS, CALENDAR)).parameters, CDNOW)


def test_customers_who_never_return_have_no_fit() -> None:
    """Where nobody orders again the rate has no lower end, and the fit says so instead of a number."""
    never = PurchaseHistories(np.zeros(1000, dtype=np.int64), np.zeros(1000), np.full(1000, 30.0))
    with pytest.raises(DoesNotFit, match="BG/NBD"):
        fit_bgnbd(never)


def test_wrong_clock_gives_wrong_parameters() -> None:
    """Why there are two clocks: over one year, customers who follow a season are misread by the calendar."""
    days = np.arange(364)
    season = traffic_clock(1 + 0.35 * np.cos(2 * np.pi * (days - 340) / 365) + 1.5 * (days // 10 == 32))
    times = simulate_times(CDNOW, CUSTOMERS, 52.0, season, seed=2)
    assert is_near(fit_bgnbd(summarise(times, 52.0, season)).parameters, CDNOW)
    assert not is_near(fit_bgnbd(summarise(times, 52.0, calendar_clock(364))).parameters, CDNOW)
