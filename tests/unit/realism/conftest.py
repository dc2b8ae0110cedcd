"""Facts of a small shop, put together by hand, for what is computed from them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from stafford.realism import Measurement, Targets, load_targets
from stafford.realism.evidence.aftermath import Aftermath
from stafford.realism.evidence.baskets import Baskets
from stafford.realism.evidence.fulfilment import Fulfilment
from stafford.realism.evidence.purchases import Purchases
from stafford.realism.evidence.rhythm import Rhythm
from stafford.realism.evidence.visits import VisitCounts, Visits
from stafford.realism.facts import Facts
from stafford.realism.result import judge
from stafford.settings import PROJECT_DIR

MOBILE = VisitCounts(
    sessions=60_000,
    bounced=24_000,
    with_views=40_000,
    with_add=6_600,
    with_add_and_order=1_920,
    with_checkout=3_000,
    with_order=1_920,
    returning=28_800,
    pages=340_000,
    buying_pages=42_240,
    views=170_000,
    adds=8_000,
    order_cents=6_000_000,
    left_carts=2_000,
    to_carts=440,
    with_campaign=1_320,
    carts_bought=48,
)
HOURS = np.array([2, 1, 1, 1, 1, 2, 3, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 7, 8, 9, 7, 5, 3], dtype=np.int64)


@pytest.fixture
def targets() -> Targets:
    """The targets of the default shop."""
    return load_targets("fashion-retail", PROJECT_DIR / "config" / "realism")


@pytest.fixture
def facts() -> Facts:
    """Two months with a November, in which Black Friday has three times the sessions of the other days."""
    days = 61
    first_day = date(2025, 10, 15)
    sessions = np.tile(HOURS * 10, (days, 1))
    friday = (date(2025, 11, 28) - first_day).days
    sessions[friday] *= 3
    orders = np.full(days, 30, dtype=np.int64)
    orders[friday] = 90
    ranks = np.arange(1.0, 401.0)
    return Facts(
        Visits({"mobile": MOBILE}, MOBILE),
        Rhythm(first_day, {"mobile": sessions}, orders, sessions.sum(axis=1)),
        Baskets(
            2_000,
            500,
            4_000,
            5_740,
            np.arange(1, 2_001) ** 3,
            np.repeat([1, 2], [1_700, 300]),
            pairs=3_000,
            alike=1_650,
            chance_alike=0.25,
        ),
        Fulfilment(1_900, 1_404, 1_960, 60, 1_500, 110, 1_800, 11, {"apparel": 3_000}, {"apparel": 720}),
        Aftermath(20_000, 2_400, 30, 4_000, 12, (120, 50, 80, 190, 560)),
        Purchases(
            np.array([0, 0, 1]),
            np.array([1.0, 2.0, 3.0]),
            np.array([20.0, 30.0, 40.0]),
            np.array([True, True]),
            first_day,
            days / 7,
        ),
        np.where(ranks < 40, (ranks / 40) ** -0.5, (ranks / 40) ** -1.2),
        np.sort(28 * np.random.default_rng(1).weibull(0.75, 5_000)),
    )


@pytest.fixture
def measurement(facts: Facts, targets: Targets) -> Measurement:
    """That shop, judged."""
    results = tuple(judge(name, target, facts, targets.expected) for name, target in targets.metrics.items())
    return Measurement(targets, facts, results)


@pytest.fixture
def spoil(facts: Facts) -> Callable[..., Facts]:
    """The facts with some counts of the sessions, or some parts, replaced."""

    def change(visits: dict[str, int] | None = None, **parts: Any) -> Facts:
        counts = replace(MOBILE, **(visits or {}))
        return replace(facts, **({"visits": Visits({"mobile": counts}, counts)} | parts))

    return change
