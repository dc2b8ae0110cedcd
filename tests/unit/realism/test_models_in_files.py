"""Models of purchase and money, through files: what was simulated into orders is measured from them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from tests.unit.realism.builders import OPENS_AT, order, simulate_times, visit, write_events

from stafford.realism import Measurement, Targets, Verdict, measure
from stafford.realism.estimators.bgnbd import BgNbd
from stafford.realism.estimators.clock import traffic_clock

CDNOW, OTHER = BgNbd(0.24, 4.41, 0.79, 2.43), BgNbd(0.6, 8.0, 0.9, 2.0)
DAYS, WEEKS = 364, 52.0
SEASON = np.round(6 * (1.5 + np.cos(2 * np.pi * np.arange(DAYS) / DAYS))).astype(int)
MODELS = ("repeat.after_1", "repeat.after_2", "repeat.after_3", "timing.r", "timing.alpha", "value.q")


def open_shop(folder: Path, parameters: BgNbd, seed: int) -> Path:
    """A shop whose customers follow its season, with Gamma-Gamma money, and its strangers' visits."""
    generator = np.random.default_rng(seed)
    times = simulate_times(parameters, 30_000, WEEKS, traffic_clock(SEASON.astype(float)), seed)
    nu = generator.gamma(3.74, 1 / 15.45, len(times))
    orders: list[dict[str, Any]] = []
    for customer, place in zip(*np.nonzero(np.isfinite(times)), strict=True):
        cents = round(100 * generator.gamma(6.25, 1 / nu[customer]))
        at = OPENS_AT + timedelta(weeks=float(times[customer, place]))
        orders.append(
            order(f"o-{customer}-{place}", "s", at, customer_id=f"c-{customer}", subtotal_cents=max(cents, 1))
        )
    registrations = [
        {"customer_id": f"c-{index}", "registered_at": OPENS_AT + timedelta(weeks=float(week))}
        for index, week in enumerate(times[:, 0])
    ]
    visits = [
        row
        for day, count in enumerate(SEASON)
        for index in range(count)
        for row in visit(f"s-{day}-{index}", "home", at=OPENS_AT + timedelta(days=day, hours=1 + index))
    ]
    return write_events(folder, clickstream=visits, customers=registrations, orders=orders)


def say(measurement: Measurement) -> dict[str, Verdict]:
    """The verdicts of the models' metrics."""
    return {result.metric.metric_id: result.verdict for result in measurement.results}


def test_shop_of_those_models_passes(tmp_path: Path, targets: Targets) -> None:
    """The season is found in the traffic, and orders and money are as the models of the targets say."""
    measurement = measure(open_shop(tmp_path / "run", CDNOW, seed=11), targets)
    assert {name: say(measurement)[name] for name in MODELS} == dict.fromkeys(MODELS, Verdict.PASSED)
    assert measurement.facts.timing.clock.name == "operational time"


def test_shop_of_other_models_fails(tmp_path: Path, targets: Targets) -> None:
    """Negative control: other customers, with the same money, fail in timing and repetition alone."""
    verdicts = say(measure(open_shop(tmp_path / "run", OTHER, seed=11), targets))
    assert verdicts["value.q"] is Verdict.PASSED
    for name in ("repeat.after_1", "timing.r", "timing.alpha"):
        assert verdicts[name] is Verdict.FAILED, name


def test_measuring_twice_says_the_same(tmp_path: Path, targets: Targets) -> None:
    """The same files give the same numbers, in spite of the simulation that implies the repeat curve."""
    folder = open_shop(tmp_path / "run", CDNOW, seed=11)
    one, other = (
        [(result.measured, result.implied) for result in measure(folder, targets).results] for _ in range(2)
    )
    assert one == other
