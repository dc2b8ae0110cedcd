"""How long visitors stay on a page."""

from stafford.realism.expectations import Expectations
from stafford.realism.facts import Facts
from stafford.realism.metric import Unit, metric


@metric("dwell.shape", "Dwell: Weibull shape", Unit.NUMBER)
def measure_shape(facts: Facts, _: Expectations) -> float:
    """Shape of a Weibull distribution fitted to times on a page by maximum likelihood.

    Source: Liu, White and Dumais, SIGIR 2010.
    """
    return facts.dwell.shape
