"""When a customer orders again, and what they spend: BG/NBD and Gamma-Gamma, drawn customer by customer.

After each repeat order a customer is gone for good with a probability p of their own; while they stay
they order at a rate lambda of their own. Over customers, lambda is gamma distributed and p is beta
distributed. What is spent in an order is gamma distributed with a rate nu of their own, which is gamma
distributed as well and independent of the others.

Sources: Fader, Hardie, Lee, "Counting Your Customers the Easy Way", Marketing Science 24, 2005; Fader,
Hardie, "The Gamma-Gamma Model of Monetary Value", 2013.
"""

from dataclasses import dataclass

import mpmath
import numpy as np

from stafford.generator.compiled import kernel
from stafford.generator.distributions import sample_one, tabulate_beta, tabulate_gamma
from stafford.generator.profile import PurchasesProfile, SpendProfile
from stafford.generator.randomness import Floats, derive_one, draw_one, name_stream
from stafford.generator.traffic import UNITS_PER_WEEK

NEVER = 1 << 62
"""Operational time at which a customer who is gone orders."""

_ORDER = np.uint64(name_stream("order of a customer"))
_RATE, _DROPOUT, SPEND_DRAW = 10, 11, 12


@dataclass(frozen=True, slots=True)
class Tables:
    """The distributions, as compiled code reads them."""

    rate_values: Floats
    rate_shares: Floats
    alpha: float
    dropout_values: Floats
    dropout_shares: Floats
    gap_values: Floats
    gap_shares: Floats
    order_values: Floats
    order_shares: Floats
    spend_values: Floats
    spend_shares: Floats
    v: float


def tabulate(purchases: PurchasesProfile, spend: SpendProfile) -> Tables:
    """Tables of a profile."""
    rate, dropout = tabulate_gamma(purchases.r), tabulate_beta(purchases.a, purchases.b)
    gap, order, spender = tabulate_gamma(1.0), tabulate_gamma(spend.p), tabulate_gamma(spend.q)
    return Tables(
        rate.values, rate.shares, purchases.alpha, dropout.values, dropout.shares, gap.values, gap.shares,
        order.values, order.shares, spender.values, spender.shares, spend.v,
    )  # fmt: skip


def expect_repeats(profile: PurchasesProfile, weeks: float) -> float:
    """Mean number of further orders of a customer within so many weeks of the first.

    Source: Fader, Hardie, Lee (2005), equation 9.
    """
    if weeks <= 0:
        return 0.0
    r, alpha, a, b = profile.r, profile.alpha, profile.a, profile.b
    if a == 1:
        a += 1e-9  # the formula has a removable pole
    hypergeometric = mpmath.hyp2f1(r, b, a + b - 1, weeks / (alpha + weeks))
    mean = (a + b - 1) / (a - 1) * (1 - mpmath.power(alpha / (alpha + weeks), r) * hypergeometric)
    return float(mean)


@kernel
def find_next(
    key: np.uint64, ordinal: int, now: int, rate_values: Floats, rate_shares: Floats, alpha: float,
    dropout_values: Floats, dropout_shares: Floats, gap_values: Floats, gap_shares: Floats,
) -> int:  # fmt: skip
    """Operational time of the order after number `ordinal`, which was at `now`; NEVER after the last."""
    of_order = derive_one(key, _ORDER, ordinal)
    # The model begins with the first order, and counts repeats: nobody leaves before they could repeat.
    leaves = draw_one(of_order, 0) < sample_one(draw_one(key, _DROPOUT), dropout_values, dropout_shares)
    if leaves and ordinal > 0:
        return NEVER
    rate = sample_one(draw_one(key, _RATE), rate_values, rate_shares) / alpha
    weeks = sample_one(draw_one(of_order, 1), gap_values, gap_shares)
    if weeks >= rate * 5000:
        return NEVER
    return now + 1 + int(weeks / rate * UNITS_PER_WEEK)


@kernel
def find_spend(
    of_order: np.uint64, customer: float, order_values: Floats, order_shares: Floats, spend_values: Floats,
    spend_shares: Floats, v: float,
) -> float:  # fmt: skip
    """What an order's goods cost, in EUR. customer: the uniform number of who buys."""
    per_order = sample_one(draw_one(of_order, 2), order_values, order_shares)
    return v * per_order / sample_one(customer, spend_values, spend_shares)
