"""How unequal products are."""

from stafford.realism.expectations import Expectations
from stafford.realism.facts import Facts
from stafford.realism.metric import Unit, metric


@metric("popularity.fit", "Views by rank: R² of the power law", Unit.NUMBER)
def measure_fit(facts: Facts, _: Expectations) -> float:
    """R² of a line with one knot through log views by log rank, over 60 bins of equal width.

    Source: Brynjolfsson, Hu and Smith, "A Longer Tail?" (2010).
    """
    return facts.popularity.r_squared


@metric("popularity.head", "Views by rank: exponent of the head", Unit.NUMBER)
def measure_head(facts: Facts, _: Expectations) -> float:
    """Slope of log views by log rank before the knot; below zero where popularity falls at all."""
    return facts.popularity.head_slope


@metric("popularity.bend", "Views by rank: tail less head", Unit.NUMBER)
def measure_bend(facts: Facts, _: Expectations) -> float:
    """Slope after the knot less slope before it: below zero where the tail is steeper."""
    return facts.popularity.tail_slope - facts.popularity.head_slope


@metric("popularity.cap", "Views of rank 1 over a straight power law", Unit.TIMES)
def measure_cap(facts: Facts, _: Expectations) -> float:
    """Views of the first product / what one straight line through all ranks says; below 1 it is capped."""
    return facts.popularity.head_excess
