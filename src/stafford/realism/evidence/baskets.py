"""What is in orders, who places them, and what customers are worth."""

from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Baskets:
    """Orders and what is in them. spend_cents: of each customer with an order, without shipping.

    pairs: of two lines of one order whose categories are known; alike: those of one category; chance_alike:
    the share that would be alike if the same lines were dealt out to the same orders anew.
    """

    orders: int
    guest_orders: int
    lines: int
    units: int
    spend_cents: npt.NDArray[np.int64]
    orders_of_customers: npt.NDArray[np.int64]
    pairs: int
    alike: int
    chance_alike: float


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
        orders,
        guests,
        lines,
        units,
        np.asarray(customers["spend_cents"]),
        np.asarray(customers["orders"]),
        *_read_pairs(connection),
    )


def _read_pairs(connection: duckdb.DuckDBPyConnection) -> tuple[int, int, float]:
    pairs, alike, same, any_two = connection.execute("""
        WITH
        -- Stray blanks and capitals are the mess's.
        categories AS (SELECT product_id, min(lower(trim(category))) AS category FROM products GROUP BY ALL),
        bought AS (SELECT order_id, unnest(lines).product_id AS product_id FROM placed WHERE len(lines) > 1),
        counted AS (
            SELECT order_id, category, count(*) AS lines
            FROM bought INNER JOIN categories USING (product_id) GROUP BY ALL
        ),
        by_order AS (
            SELECT sum(lines) AS lines, sum(lines * (lines - 1) / 2) AS alike
            FROM counted GROUP BY order_id HAVING sum(lines) > 1
        ),
        by_category AS (
            SELECT sum(lines) AS lines FROM counted
            WHERE order_id IN (SELECT order_id FROM counted GROUP BY order_id HAVING sum(lines) > 1)
            GROUP BY category
        )
        SELECT
            coalesce((SELECT sum(lines * (lines - 1) / 2) FROM by_order), 0)::BIGINT,
            coalesce((SELECT sum(alike) FROM by_order), 0)::BIGINT,
            coalesce((SELECT sum(lines * (lines - 1.0)) FROM by_category), 0)::DOUBLE,
            coalesce((SELECT sum(lines) * (sum(lines) - 1.0) FROM by_category), 0)::DOUBLE
    """).fetchone() or (0, 0, 0.0, 0.0)
    return pairs, alike, same / any_two if any_two else 0.0
