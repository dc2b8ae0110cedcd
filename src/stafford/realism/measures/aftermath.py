"""What else follows from orders: coupons, stolen cards, lost parcels, reviews."""

from stafford.realism.expectations import Expectations
from stafford.realism.facts import Facts
from stafford.realism.metric import Unit, divide, metric
from stafford.realism.unanswered import NotMeasurable

LEAST_REVIEWS = 500
LEAST_PARCELS = 2_000
LEAST_ORDERS = 5_000
"""With fewer, a share of some in a thousand is a handful. Coupons come with campaigns, so a share
of some weeks' orders says which weeks they were."""


@metric("orders.coupon", "Orders with a coupon", Unit.SHARE)
def measure_coupons(facts: Facts, _: Expectations) -> float:
    """Orders with a coupon code / orders."""
    return facts.aftermath.with_coupon / _count_orders(facts)


@metric("payments.stolen", "Orders tried with stolen cards", Unit.SHARE)
def measure_stolen(facts: Facts, _: Expectations) -> float:
    """Orders with three or more payments declined for suspected fraud / orders."""
    return facts.aftermath.stolen / _count_orders(facts)


def _count_orders(facts: Facts) -> int:
    orders = facts.aftermath.orders
    if orders < LEAST_ORDERS:
        raise NotMeasurable(f"{orders:,} orders; a share of so few of them wants {LEAST_ORDERS:,}")
    return orders


@metric("delivery.lost", "Lost parcels", Unit.SHARE)
def measure_lost(facts: Facts, _: Expectations) -> float:
    """Parcels that were given up / parcels, of those promised 22 days before the last order or earlier."""
    if facts.aftermath.sent < LEAST_PARCELS:
        raise NotMeasurable(f"{facts.aftermath.sent:,} settled parcels; losses want {LEAST_PARCELS:,}")
    return facts.aftermath.lost / facts.aftermath.sent


def _count_reviews(facts: Facts) -> int:
    reviews = sum(facts.aftermath.stars)
    if reviews < LEAST_REVIEWS:
        raise NotMeasurable(f"{reviews:,} reviews; their stars want {LEAST_REVIEWS:,}")
    return reviews


@metric("reviews.mean", "Mean rating", Unit.NUMBER)
def measure_rating(facts: Facts, _: Expectations) -> float:
    """Stars / reviews."""
    reviews = _count_reviews(facts)
    return sum(stars * count for stars, count in enumerate(facts.aftermath.stars, 1)) / reviews


@metric("reviews.five", "Reviews with five stars", Unit.SHARE)
def measure_fives(facts: Facts, _: Expectations) -> float:
    """Reviews with five stars / reviews."""
    return facts.aftermath.stars[-1] / _count_reviews(facts)


@metric("reviews.j", "Ones for each two", Unit.TIMES)
def measure_j(facts: Facts, _: Expectations) -> float:
    """Reviews with one star / reviews with two: above 1 the distribution is a J and no slope.

    Source: Hu, Zhang and Pavlou, "Overcoming the J-shaped distribution of product reviews", 2009.
    """
    _count_reviews(facts)
    return divide(facts.aftermath.stars[0], facts.aftermath.stars[1], of="reviews with two stars")
