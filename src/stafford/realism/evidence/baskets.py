"""What is in orders, who places them, and what customers are worth."""

from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Baskets:
    """Orders and what is in them. spend_cents: of each customer with an order, without shipping."""

    orders: int
    guest_orders: int
    lines: int
    units: int
    spend_cents: npt.NDArray[np.int64]
    orders_of_customers: npt.NDArray[np.int64]


def read_baskets(connection: duckdb.DuckDBPyConnection) -> Baskets:
    """Count `placed`."""
    counts = connection.execute("""
        SELECT
            count(*),
            count(*) FILTER (WHERE customer_id IS NULL),
            coalesce(sum(len(lines)), 0)::BIGINT,
            coalesce(sum(list_sum(list_transform(lines, lambda line: line.quantity))), 0)::BIGINT
        FROM placed
    """).fetchone()
    customers = connection.execute("""
        SELECT sum(subtotal_cents)::BIGINT AS spend_cents, count(*) AS orders
        FROM placed WHERE customer_id IS NOT NULL GROUP BY customer_id ORDER BY customer_id
    """).fetchnumpy()
    orders, guests, lines, units = counts or (0, 0, 0, 0)
    return Baskets(
        orders, guests, lines, units, np.asarray(customers["spend_cents"]), np.asarray(customers["orders"])
    )
