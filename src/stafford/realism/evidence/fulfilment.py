"""What becomes of orders: payment, delivery, cancellation, return."""

from dataclasses import dataclass

import duckdb

DELIVERY_SETTLES_DAYS = 10
"""After the promised time nearly every late parcel has come; later promises are not judged."""
CANCELLATION_SETTLES_DAYS = 7
RETURNS_SETTLE_DAYS = 35
"""After an order: delivery, and the two weeks that the law gives to withdraw (Directive 2011/83/EU)."""


@dataclass(frozen=True, slots=True)
class Fulfilment:
    """Counts of what is old enough to be settled when the data end.

    lines and returned_lines: by category, of orders that were not cancelled.
    """

    captured: int
    captured_by_card: int
    attempts: int
    declined: int
    delivered: int
    late: int
    orders: int
    cancelled: int
    lines: dict[str, int]
    returned_lines: dict[str, int]


def read_fulfilment(connection: duckdb.DuckDBPyConnection) -> Fulfilment:
    """Count payments, shipments, cancellations and returns."""
    captured, captured_by_card, attempts, declined = connection.execute("""
        SELECT
            count(*) FILTER (WHERE event_type = 'payment_captured'),
            count(*) FILTER (WHERE event_type = 'payment_captured' AND method = 'card'),
            count(*),
            count(*) FILTER (WHERE event_type = 'payment_declined')
        FROM (SELECT DISTINCT ON (event_id) event_type, trim(lower(method)) AS method FROM payments)
    """).fetchone() or (0, 0, 0, 0)
    delivered, late = connection.execute(
        """
        SELECT count(*), count(*) FILTER (WHERE arrived_at > promised_at)
        FROM (
            SELECT min(occurred_at) AS arrived_at, min(promised_at) AS promised_at
            FROM shipments WHERE event_type = 'shipment_delivered' GROUP BY shipment_id
        )
        WHERE promised_at < (SELECT max(placed_at) FROM placed) - to_days(?)
        """,
        [DELIVERY_SETTLES_DAYS],
    ).fetchone() or (0, 0)
    orders, cancelled = connection.execute(
        """
        SELECT count(*), count(*) FILTER (WHERE order_id IN (SELECT order_id FROM cancelled))
        FROM placed WHERE placed_at < (SELECT max(placed_at) FROM placed) - to_days(?)
        """,
        [CANCELLATION_SETTLES_DAYS],
    ).fetchone() or (0, 0)
    lines = connection.execute(
        """
        WITH categories AS (
            SELECT product_id, trim(lower(any_value(category))) AS category FROM products GROUP BY product_id
        ),
        sold AS (
            SELECT order_id, unnest(lines) AS line
            FROM placed
            WHERE placed_at < (SELECT max(placed_at) FROM placed) - to_days(?)
                AND order_id NOT IN (SELECT order_id FROM cancelled)
        ),
        sent_back AS (
            SELECT DISTINCT order_id, line_number FROM returns WHERE event_type = 'return_requested'
        )
        SELECT categories.category, count(*), count(sent_back.order_id)
        FROM sold
        INNER JOIN categories ON categories.product_id = sold.line.product_id
        LEFT JOIN sent_back
            ON sent_back.order_id = sold.order_id AND sent_back.line_number = sold.line.line_number
        GROUP BY categories.category ORDER BY categories.category
        """,
        [RETURNS_SETTLE_DAYS],
    ).fetchall()
    return Fulfilment(
        captured,
        captured_by_card,
        attempts,
        declined,
        delivered,
        late,
        orders,
        cancelled,
        {category: count for category, count, _ in lines},
        {category: count for category, _, count in lines},
    )
