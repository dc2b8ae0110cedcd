"""The clock is chosen by evidence, and repeat curves are compared under the same censoring."""

from datetime import date

import numpy as np
import pytest
from tests.unit.realism.builders import simulate_times

from stafford.realism.estimators.bgnbd import BgNbd
from stafford.realism.estimators.clock import Clock, calendar_clock, traffic_clock
from stafford.realism.estimators.repeat import MOST_ORDERS, measure_repeats, simulate_repeats
from stafford.realism.evidence.purchases import Purchases
from stafford.realism.evidence.rhythm import Rhythm
from stafford.realism.timing import fit_timing
from stafford.realism.unanswered import NotMeasurable

CDNOW = BgNbd(0.24, 4.41, 0.79, 2.43)
DAYS, WEEKS = 364, 52.0
CALENDAR = calendar_clock(DAYS)
VISITS = np.round(1000 * (1 + 0.4 * np.cos(2 * np.pi * np.arange(DAYS) / DAYS))).astype(np.int64)
RHYTHM = Rhythm(date(2025, 1, 1), {"mobile": np.tile(VISITS[:, None], 24)}, VISITS, VISITS)


def gather(times: np.ndarray, first_day: date = date(2025, 1, 1)) -> Purchases:
    """Order times as purchases, every history complete."""
    customer, place = np.nonzero(np.isfinite(times))
    weeks = times[customer, place]
    return Purchases(
        customer, weeks, np.full(len(weeks), 20.0), np.ones(len(times), dtype=np.bool_), first_day, WEEKS
    )


@pytest.mark.parametrize(
    "clock", [CALENDAR, traffic_clock(VISITS.astype(np.float64))], ids=lambda clock: clock.name
)
def test_the_right_clock_is_chosen(clock: Clock) -> None:
    """Customers who buy by the calendar are fitted by it, and those who follow the traffic by the traffic."""
    timing = fit_timing(gather(simulate_times(CDNOW, 30_000, WEEKS, clock, seed=3)), RHYTHM)
    assert timing.clock.name == clock.name
    assert timing.gain > 100
    assert timing.parameters.r == pytest.approx(CDNOW.r, rel=0.15)
    assert timing.parameters.alpha == pytest.approx(CDNOW.alpha, rel=0.15)


def test_few_customers_are_not_measurable() -> None:
    """What chance alone would decide is not decided."""
    with pytest.raises(NotMeasurable, match="100 customers"):
        fit_timing(gather(simulate_times(CDNOW, 100, WEEKS, CALENDAR, seed=3)), RHYTHM)


def test_clock_goes_both_ways() -> None:
    """Reading and inverting undo each other, the mean speed is 1, and after the end there is nothing."""
    clock = traffic_clock(VISITS.astype(np.float64))
    weeks = np.array([0.0, 3.3, 25.0, 51.9])
    assert clock.invert(clock.read(weeks)) == pytest.approx(weeks)
    assert clock.read(np.array([WEEKS]))[0] == pytest.approx(WEEKS)
    assert np.isinf(clock.invert(np.array([WEEKS + 1]))[0])


def test_repeats_are_counted_by_hand() -> None:
    """Three customers: one order, two within a year, two that are more than a year apart."""
    times = np.full((3, MOST_ORDERS + 1), np.inf)
    times[:, 0] = (1.0, 2.0, 3.0)
    times[1, 1], times[2, 1] = 50.0, 60.0
    curve = measure_repeats(times)
    assert curve.orders[:3].tolist() == [3, 2, 0]
    assert curve.followed[0] == pytest.approx(1 / 3)


def test_implied_curve_is_what_customers_of_that_model_do() -> None:
    """The implied curve agrees with an independent simulation within 4 points, and rises with n."""
    times = simulate_times(CDNOW, 40_000, WEEKS, CALENDAR, seed=4)
    measured = measure_repeats(times[:, : MOST_ORDERS + 1])
    implied = simulate_repeats(CDNOW, times[:, 0], WEEKS, CALENDAR, np.random.default_rng(9))
    enough = measured.orders >= 1500
    assert np.abs(measured.followed - implied.followed)[enough].max() < 0.04
    assert np.all(np.diff(implied.followed) > 0)


def test_other_customers_do_otherwise() -> None:
    """Negative control: customers who return far more often are off by more than 4 points."""
    times = simulate_times(BgNbd(0.9, 9.0, 0.5, 4.0), 40_000, WEEKS, CALENDAR, seed=4)
    implied = simulate_repeats(CDNOW, times[:, 0], WEEKS, CALENDAR, np.random.default_rng(9))
    assert abs(measure_repeats(times[:, : MOST_ORDERS + 1]).followed[0] - implied.followed[0]) > 0.04


def test_censoring_is_shared() -> None:
    """A shorter window lowers the implied share: it is not the share of a whole year."""
    first = np.random.default_rng(1).uniform(0, 26.0, 20_000)
    short, long = (
        simulate_repeats(CDNOW, first, end, CALENDAR, np.random.default_rng(9)) for end in (26.0, 52.0)
    )
    assert short.followed[0] < long.followed[0] - 0.05


def test_left_truncated_customers_are_left_out() -> None:
    """Whoever registered before the data begin is not among the complete histories."""
    purchases = Purchases(
        np.array([0, 0, 1, 2, 2]),
        np.array([1.0, 2.0, 3.0, 4.0, 9.0]),
        np.array([10.0, 20.0, 30.0, 40.0, 60.0]),
        np.array([True, False, True]),
        date(2025, 1, 1),
        52.0,
    )
    complete = purchases.complete()
    assert complete.customer.tolist() == [0, 0, 1, 1]
    histories = complete.histories(CALENDAR)
    assert histories.frequency.tolist() == [1, 1]
    assert histories.recency == pytest.approx([1.0, 5.0])
    assert histories.age == pytest.approx([51.0, 48.0])
    orders, means = purchases.repeat_values()
    assert (orders.tolist(), means.tolist()) == ([1, 1], [20.0, 60.0])
