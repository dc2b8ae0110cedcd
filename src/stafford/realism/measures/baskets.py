"""What is in orders, who places them, and how unequal customers are."""

import numpy as np

from stafford.realism.expectations import Expectations
from stafford.realism.facts import Facts
from stafford.realism.metric import Unit, divide, metric
from stafford.realism.unanswered import NotMeasurable

LEAST_CUSTOMERS = 1_000
"""So that the top 1% are ten people at least."""
LEAST_PAIRS = 1_000
"""With so many, one standard error of the lift is some 5%."""


@metric("orders.units", "Units in an order", Unit.NUMBER)
def measure_units(facts: Facts, _: Expectations) -> float:
    """Units of all lines / orders.

    Source: Dynamic Yield, ecommerce benchmarks, "units per transaction".
    """
    return divide(facts.baskets.units, facts.baskets.orders, of="orders")


@metric("orders.guests", "Orders of guests", Unit.SHARE)
def measure_guests(facts: Facts, _: Expectations) -> float:
    """Orders without a customer id / orders.

    Source: UCI Online Retail (Chen, Sain and Guo, 2012): 135,080 of 541,909 rows have no CustomerID.
    """
    return divide(facts.baskets.guest_orders, facts.baskets.orders, of="orders")


@metric("orders.affinity", "Lines of one order that are of one category", Unit.TIMES)
def measure_affinity(facts: Facts, _: Expectations) -> float:
    """Pairs of lines of one order of the same category / as many as if lines were dealt to orders by chance.

    Orders of two lines and more. 1 is chance alone, but lines of one order cost alike, as categories do, so a
    shop without any affinity has more.

    Source: lift, as in Brin, Motwani, Ullman and Tsur, "Dynamic itemset counting", SIGMOD 1997 ("interest").
    """
    baskets = facts.baskets
    if baskets.pairs < LEAST_PAIRS:
        raise NotMeasurable(f"{baskets.pairs:,} pairs of lines; affinity wants {LEAST_PAIRS:,}")
    return divide(baskets.alike / baskets.pairs, baskets.chance_alike, of="categories of pairs of lines")


@metric("customers.repeat", "Customers who ordered again", Unit.SHARE)
def measure_repeat_customers(facts: Facts, _: Expectations) -> float:
    """Customers with at least two orders in the data / customers with an order in the data.

    Source: Brazilian E-Commerce Public Dataset by Olist (2018), orders by customer_unique_id.
    """
    orders = facts.baskets.orders_of_customers
    return divide(int(np.sum(orders > 1)), len(orders), of="customers with an order")


@metric("customers.concentration", "Spend of the top 1% over the bottom half", Unit.TIMES)
def measure_concentration(facts: Facts, _: Expectations) -> float:
    """Money from the 1% of customers who spent most / money from the half who spent least.

    Customers with an order in the data; goods without shipping.

    Source: RJMetrics, "The Ecommerce Buyer Behavior Benchmark" (2015).
    """
    spend = np.sort(facts.baskets.spend_cents)
    if len(spend) < LEAST_CUSTOMERS:
        raise NotMeasurable(f"{len(spend):,} customers ordered; concentration wants {LEAST_CUSTOMERS:,}")
    top = round(len(spend) / 100)
    return divide(
        float(spend[-top:].sum()), float(spend[: len(spend) // 2].sum()), of="sales to the bottom half"
    )
