"""When customers buy again."""

from functools import partial
from operator import attrgetter

from stafford.realism.estimators.repeat import MOST_ORDERS
from stafford.realism.expectations import Expectations
from stafford.realism.facts import Facts
from stafford.realism.metric import Measured, Unit, metric
from stafford.realism.unanswered import NotMeasurable

LEAST_ORDERS = 1_500
"""With so many n-th orders, one standard error is 1.3 points, a third of what is tolerated."""


def _measure_repeat(facts: Facts, expected: Expectations, *, number: int) -> Measured:
    """Orders that are the n-th of their customer and that another follows within 52 weeks / n-th orders.

    Customers who registered within the data. What follows after the data end cannot be seen, so this is less
    than the share that a shop sees after years; `implied` is what the BG/NBD parameters of the targets say of
    the same first orders and the same end, by simulation.

    Source: RJMetrics, "The Ecommerce Buyer Behavior Benchmark" (2015); Fader, Hardie and Lee (2005).
    """
    if expected.purchases is None:
        raise NotMeasurable("the targets have no BG/NBD parameters to compare with")
    orders = int(facts.repeats.orders[number - 1])
    if orders < LEAST_ORDERS:
        raise NotMeasurable(f"{orders:,} customers have an order {number}; the share wants {LEAST_ORDERS:,}")
    implied = facts.imply_repeats(expected.purchases.model())
    return Measured(float(facts.repeats.followed[number - 1]), float(implied.followed[number - 1]))


for _number in range(1, MOST_ORDERS + 1):
    metric(f"repeat.after_{_number}", f"Ordered again after order {_number}", Unit.SHARE)(
        partial(_measure_repeat, number=_number)
    )


@metric("repeat.rise", "Ordered again: last n that is measured over the first", Unit.TIMES)
def measure_rise(facts: Facts, _: Expectations) -> float:
    """Share that orders again after the largest n with 1,500 orders / share after the first order."""
    enough = [index for index, orders in enumerate(facts.repeats.orders) if orders >= LEAST_ORDERS]
    if len(enough) < 2 or not facts.repeats.followed[0]:  # noqa: PLR2004 - a rise is from one to another
        raise NotMeasurable(f"fewer than {LEAST_ORDERS:,} customers have a second order")
    return float(facts.repeats.followed[enough[-1]] / facts.repeats.followed[0])


def _measure_timing(facts: Facts, expected: Expectations, *, name: str) -> Measured:
    """A parameter of BG/NBD, fitted to repeat orders by maximum likelihood.

    Source: Fader, Hardie and Lee, Marketing Science 24 (2005), whose CDNOW data give the default profile's.
    """
    if expected.purchases is None:
        raise NotMeasurable("the targets have no BG/NBD parameters to compare with")
    read = attrgetter(name)
    return Measured(read(facts.timing.parameters), read(expected.purchases))


for _name in ("r", "alpha", "a", "b"):
    metric(f"timing.{_name}", f"BG/NBD {_name}", Unit.NUMBER)(partial(_measure_timing, name=_name))
