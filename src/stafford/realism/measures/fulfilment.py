"""What becomes of orders: payment, delivery, cancellation, return."""

from functools import partial

from stafford.realism.expectations import Expectations
from stafford.realism.facts import Facts
from stafford.realism.metric import Unit, divide, metric
from stafford.realism.unanswered import NotMeasurable

LEAST_PARCELS = 1_000
LEAST_LINES = 1_000
"""With fewer, one standard error of a rate near 20% is above a point."""
CATEGORIES = ("apparel", "shoes", "accessories", "beauty", "home", "electronics")


@metric("payments.card", "Payments by card", Unit.SHARE)
def measure_card(facts: Facts, _: Expectations) -> float:
    """Captured payments by card / captured payments.

    Source: Brazilian E-Commerce Public Dataset by Olist (2018), payment_type.
    """
    return divide(facts.fulfilment.captured_by_card, facts.fulfilment.captured, of="captured payments")


@metric("payments.declined", "Declined payments", Unit.SHARE)
def measure_declined(facts: Facts, _: Expectations) -> float:
    """Declined attempts / attempts."""
    return divide(facts.fulfilment.declined, facts.fulfilment.attempts, of="payments")


@metric("delivery.late", "Late parcels", Unit.SHARE)
def measure_late(facts: Facts, _: Expectations) -> float:
    """Parcels delivered after the promised time / parcels delivered.

    Only parcels that were promised for 10 days before the last order or earlier: of later ones those that are
    late have not come yet.

    Source: Brazilian E-Commerce Public Dataset by Olist (2018), delivered against estimated date.
    """
    if facts.fulfilment.delivered < LEAST_PARCELS:
        raise NotMeasurable(
            f"{facts.fulfilment.delivered:,} settled deliveries; lateness wants {LEAST_PARCELS:,}"
        )
    return facts.fulfilment.late / facts.fulfilment.delivered


@metric("orders.cancelled", "Cancelled orders", Unit.SHARE)
def measure_cancelled(facts: Facts, _: Expectations) -> float:
    """Orders that were cancelled / orders, of those placed a week before the last one or earlier.

    Source: Brazilian E-Commerce Public Dataset by Olist (2018), order_status canceled.
    """
    if facts.fulfilment.orders < LEAST_PARCELS:
        raise NotMeasurable(
            f"{facts.fulfilment.orders:,} settled orders; cancellation wants {LEAST_PARCELS:,}"
        )
    return facts.fulfilment.cancelled / facts.fulfilment.orders


def _measure_returns(facts: Facts, _: Expectations, *, category: str | None) -> float:
    """Order lines with a return requested / order lines, of one category or of all.

    Orders that were not cancelled, placed 35 days before the last one or earlier: by then a return is asked
    for or will not be. The category is the product's own.

    Source: National Retail Federation and Appriss Retail, "Consumer Returns in the Retail Industry".
    """
    sold, back = facts.fulfilment.lines, facts.fulfilment.returned_lines
    lines = sum(sold.values()) if category is None else sold.get(category, 0)
    if lines < LEAST_LINES:
        raise NotMeasurable(f"{lines:,} settled order lines; a return rate wants {LEAST_LINES:,}")
    return (sum(back.values()) if category is None else back[category]) / lines


metric("returns.all", "Returned order lines", Unit.SHARE)(partial(_measure_returns, category=None))
for _category in CATEGORIES:
    metric(f"returns.{_category}", f"Returned order lines, {_category}", Unit.SHARE)(
        partial(_measure_returns, category=_category)
    )
