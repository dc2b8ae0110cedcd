"""Each metric is what its definition says, passes where it should, and fails where it should not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from stafford.realism import Measurement, Targets, Verdict
from stafford.realism.evidence.rhythm import Rhythm
from stafford.realism.facts import Facts
from stafford.realism.measures import METRICS
from stafford.realism.measures.rhythm import find_black_friday
from stafford.realism.metric import Measured
from stafford.realism.result import Result, judge
from stafford.realism.targets import Target
from stafford.realism.unanswered import NotMeasurable

Spoil = Callable[..., Facts]


def value(metric_id: str, facts: Facts, targets: Targets) -> float:
    """What a metric says of facts."""
    answer = METRICS[metric_id].measure(facts, targets.expected)
    return answer.value if isinstance(answer, Measured) else answer


def find(measurement: Measurement, metric_id: str) -> Result:
    """The row of a metric."""
    return next(result for result in measurement.results if result.metric.metric_id == metric_id)


@pytest.mark.parametrize(
    ("metric_id", "expected"),
    [
        ("sessions.conversion", 0.032),
        ("sessions.add_to_cart", 0.11),
        ("sessions.abandonment", 1 - 1920 / 6600),
        ("sessions.bounce", 0.4),
        ("sessions.returning", 0.48),
        ("carts.come_back", 0.22),
        ("carts.bought_later", 0.025),
        ("sessions.campaign", 0.022),
        ("pages.buying", 22),
        ("pages.other", (340_000 - 42_240) / 58_080),
        ("devices.mobile", 1),
        ("devices.desktop", 0),
        ("mix.view", 170 / 182),
        ("mix.cart", 8 / 182),
        ("mix.buy", 4 / 182),
        ("orders.units", 2.87),
        ("orders.affinity", 1_650 / 3_000 / 0.25),
        ("orders.guests", 0.25),
        ("customers.repeat", 0.15),
        ("payments.card", 1404 / 1900),
        ("payments.declined", 60 / 1960),
        ("delivery.late", 110 / 1500),
        ("orders.cancelled", 11 / 1800),
        ("returns.all", 0.24),
        ("returns.apparel", 0.24),
        ("orders.coupon", 0.12),
        ("payments.stolen", 0.0015),
        ("delivery.lost", 0.003),
        ("reviews.mean", (120 + 2 * 50 + 3 * 80 + 4 * 190 + 5 * 560) / 1000),
        ("reviews.five", 0.56),
        ("reviews.j", 2.4),
        ("hours.peak", 20),
        ("black_friday.sessions", 3 / (32 / 30)),
        ("black_friday.orders", 3 / (32 / 30)),
    ],
)
def test_metric_is_what_it_says(metric_id: str, expected: float, facts: Facts, targets: Targets) -> None:
    """By hand, the same number."""
    assert value(metric_id, facts, targets) == pytest.approx(expected)


def test_concentration_by_hand(facts: Facts, targets: Targets) -> None:
    """The twenty who spent most against the thousand who spent least."""
    spend = facts.baskets.spend_cents
    assert value("customers.concentration", facts, targets) == pytest.approx(
        spend[-20:].sum() / spend[:1000].sum()
    )
    equal = replace(facts, baskets=replace(facts.baskets, spend_cents=np.full(2_000, 500)))
    assert value("customers.concentration", equal, targets) == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("metric_id", "visits"),
    [
        ("sessions.conversion", {"with_order": 3_300}),
        ("sessions.add_to_cart", {"with_add": 4_320}),
        ("sessions.abandonment", {"with_add_and_order": 3_000}),
        ("sessions.bounce", {"bounced": 36_000}),
        ("sessions.returning", {"returning": 18_000}),
        ("carts.come_back", {"to_carts": 100}),
        ("carts.bought_later", {"carts_bought": 0}),
        ("sessions.campaign", {"with_campaign": 0}),
        ("pages.buying", {"buying_pages": 10 * 1_920}),
        ("pages.other", {"pages": 600_000}),
    ],
)
def test_metric_fails_where_it_should(
    metric_id: str, visits: dict[str, int], facts: Facts, targets: Targets, spoil: Spoil
) -> None:
    """Negative control: what passes with the counts of a real shop fails with others."""
    goal = targets.metrics[metric_id]
    assert judge(metric_id, goal, facts, targets.expected).verdict is Verdict.PASSED
    assert judge(metric_id, goal, spoil(visits=visits), targets.expected).verdict is Verdict.FAILED


@pytest.mark.parametrize("alike", [800, 2_400])
def test_lines_that_have_nothing_in_common_fail(alike: int, facts: Facts, targets: Targets) -> None:
    """Negative control: no affinity fails, and so do orders of one category each."""
    goal = targets.metrics["orders.affinity"]
    assert judge("orders.affinity", goal, facts, targets.expected).verdict is Verdict.PASSED
    other = replace(facts, baskets=replace(facts.baskets, alike=alike))
    assert judge("orders.affinity", goal, other, targets.expected).verdict is Verdict.FAILED


def test_affinity_wants_pairs(facts: Facts, targets: Targets) -> None:
    """A few orders of two lines tell nothing."""
    few = replace(facts, baskets=replace(facts.baskets, pairs=999))
    with pytest.raises(NotMeasurable, match="999 pairs of lines"):
        value("orders.affinity", few, targets)


@pytest.mark.parametrize("metric_id", ["orders.coupon", "payments.stolen"])
def test_rare_orders_want_many(metric_id: str, facts: Facts, targets: Targets) -> None:
    """The orders of a small shop's month tell nothing of what befalls one in a thousand."""
    few = replace(facts, aftermath=replace(facts.aftermath, orders=4_999))
    with pytest.raises(NotMeasurable, match="4,999 orders"):
        value(metric_id, few, targets)


def test_curve_is_compared_in_shape(facts: Facts, targets: Targets) -> None:
    """The curve of the targets passes at any height, and turned round it fails."""
    curve = np.array(targets.expected.hours["mobile"], dtype=np.int64)
    goal = targets.metrics["hours.mobile"]
    for hours, verdict in ((curve * 3, Verdict.PASSED), (curve[::-1] * 3, Verdict.FAILED)):
        days = np.tile(hours, (31, 1))
        rhythm = Rhythm(date(2025, 1, 1), {"mobile": days}, days.sum(axis=1), days.sum(axis=1))
        assert judge("hours.mobile", goal, replace(facts, rhythm=rhythm), targets.expected).verdict is verdict


def test_devices_with_one_curve_do_not_differ(facts: Facts, targets: Targets) -> None:
    """Two devices with the same day are 0 apart, with the two days of the targets 18%."""
    mobile, desktop = (
        np.array(targets.expected.hours[name], dtype=np.int64) for name in ("mobile", "desktop")
    )
    for other, distance in ((mobile, 0.0), (desktop, 0.18)):
        sessions = {"mobile": np.tile(mobile, (31, 1)), "desktop": np.tile(other, (31, 1))}
        rhythm = Rhythm(date(2025, 1, 1), sessions, np.zeros(31), np.zeros(31))
        changed = replace(facts, rhythm=rhythm)
        assert value("hours.difference", changed, targets) == pytest.approx(distance, abs=0.01)


def test_weekdays_are_those_of_an_ordinary_week(facts: Facts, targets: Targets) -> None:
    """Growth and one Black Friday do not bend the week; another order of its days does."""
    week = np.array(targets.expected.weekdays["mobile"])
    growth = np.linspace(1, 2, 364)
    sale = np.where(np.arange(364) == 326, 3.0, 1.0)  # a Friday
    goal = targets.metrics["weekdays.mobile"]
    for curve, verdict in ((week, Verdict.PASSED), (week[::-1], Verdict.FAILED)):
        daily = np.round(24_000 * np.tile(curve, 52) * growth * sale).astype(np.int64)
        rhythm = Rhythm(date(2025, 1, 6), {"mobile": np.tile(daily[:, None] // 24, 24)}, daily, daily)
        changed = replace(facts, rhythm=rhythm)
        assert judge("weekdays.mobile", goal, changed, targets.expected).verdict is verdict


@pytest.mark.parametrize(("year", "day"), [(2023, 24), (2024, 29), (2025, 28), (2026, 27), (2029, 23)])
def test_black_friday_is_found(year: int, day: int) -> None:
    """The Friday after the fourth Thursday, also where November begins on a Thursday or a Friday."""
    assert find_black_friday(year) == date(year, 11, day)


def test_black_friday_wants_a_november(facts: Facts, targets: Targets) -> None:
    """A November of which one day is missing is none."""
    rhythm = facts.rhythm
    cut = replace(
        rhythm, first_day=date(2025, 11, 2), sessions={"mobile": rhythm.sessions["mobile"][18:]},
        orders=rhythm.orders[18:], strangers=rhythm.strangers[18:],
    )  # fmt: skip
    with pytest.raises(NotMeasurable, match="whole November"):
        value("black_friday.orders", replace(facts, rhythm=cut), targets)


def test_what_cannot_be_measured_is_not_a_pass(measurement: Measurement) -> None:
    """Two customers tell nothing about BG/NBD: the row says why, and it does not count as passed."""
    result = find(measurement, "timing.r")
    assert result.verdict is Verdict.NOT_MEASURABLE
    assert "2 customers" in result.why
    assert result.measured is None


def test_nothing_at_all_is_not_realistic(targets: Targets, facts: Facts) -> None:
    """Where every metric is not measurable, no metric failed, and still the shop is not realistic."""
    result = judge("timing.r", targets.metrics["timing.r"], facts, targets.expected)
    assert not Measurement(targets, facts, (result,)).is_realistic


def test_robots_dwell_alike_and_fail(facts: Facts, targets: Targets) -> None:
    """Enough data that fit no parameters are a failure, not a lack of data."""
    robots = replace(facts, dwell_s=np.full(5_000, 2.0))
    result = judge("dwell.shape", targets.metrics["dwell.shape"], robots, targets.expected)
    assert result.verdict is Verdict.FAILED
    assert result.why


@pytest.mark.parametrize(
    ("metric_id", "target", "texts"),
    [
        ("sessions.conversion", {"target": 0.032, "tolerance": 0.003}, ("3.20 %", "± 0.3 pt", "3.20 %")),
        ("pages.buying", {"target": 22, "within": 0.15}, ("22", "± 15 %", "22")),
        (
            "black_friday.orders",
            {"least": 2.8, "most": 3.1, "tolerance": 0.3},
            ("2.80x to 3.10x", "± 0.3", "2.81x"),
        ),
        ("hours.peak", {"least": 19}, ("at least 19 h", "", "20 h")),
        ("popularity.bend", {"most": -0.1}, ("at most -0.1", "", "-0.6")),
        ("timing.r", {"target": "implied", "within": 0.15}, ("implied", "± 15 %", "-")),
    ],
)
def test_row_is_said(
    metric_id: str, target: dict[str, float], texts: tuple[str, str, str], facts: Facts, targets: Targets
) -> None:
    """Target, tolerance and value as people read them."""
    result = judge(metric_id, Target(**target, source="any"), facts, targets.expected)
    assert (result.target_text, result.tolerance_text, result.measured_text[: len(texts[2])]) == texts
