"""What orders are worth."""

from functools import partial
from operator import attrgetter

import numpy as np

from stafford.realism.expectations import Expectations
from stafford.realism.facts import Facts
from stafford.realism.metric import Measured, Unit, metric
from stafford.realism.unanswered import NotMeasurable

LEAST_BUYERS = 1_000
"""With so many, one standard error of a correlation is 0.03."""


def _measure_value(facts: Facts, expected: Expectations, *, name: str) -> Measured:
    """A parameter of Gamma-Gamma, fitted to the mean value of each customer's orders after the first.

    Goods without shipping, in euros. v is what the note calls gamma.

    Source: Fader and Hardie, "The Gamma-Gamma Model of Monetary Value" (2013), with CDNOW's parameters.
    """
    if expected.order_value is None:
        raise NotMeasurable("the targets have no Gamma-Gamma parameters to compare with")
    read = attrgetter(name)
    return Measured(read(facts.order_value), read(expected.order_value))


for _name in ("p", "q", "v"):
    metric(f"value.{_name}", f"Gamma-Gamma {_name}", Unit.NUMBER)(partial(_measure_value, name=_name))


@metric("value.independence", "Order value and frequency: correlation", Unit.NUMBER)
def measure_independence(facts: Facts, _: Expectations) -> float:
    """Pearson's correlation of a customer's repeat orders with their mean value.

    Not of ranks: order values are skewed, so the mean of one order tends to rank below the mean of many even
    where money and frequency know nothing of each other.

    Source: Fader and Hardie (2013), who ask for it before the model is used.
    """
    orders, means = facts.purchases.repeat_values()
    if len(orders) < LEAST_BUYERS:
        raise NotMeasurable(f"{len(orders):,} customers ordered again; a correlation wants {LEAST_BUYERS:,}")
    if np.ptp(orders) == 0 or np.ptp(means) == 0:
        raise NotMeasurable("frequency or value does not vary")
    return float(np.corrcoef(orders, means)[0, 1])
