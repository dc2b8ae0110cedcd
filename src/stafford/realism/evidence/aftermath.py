"""What else follows from orders: coupons, stolen cards, lost parcels, reviews."""

from dataclasses import dataclass

import duckdb

LOSS_SETTLES_DAYS = 22
"""After the promised time nearly every lost parcel was given up; later promises are not judged."""
TRIED_CARDS = 3
"""Refusals for suspected fraud that make an attempt of an order; honest customers hardly have so many."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Counts. sent, lost: parcels that are old enough to be settled; stars: reviews with 1 to 5 of them."""

    orders: int
    with_coupon: int
    stolen: int
    sent: int
    lost: int
    stars: tuple[int, int, int, int, int]


def read_aftermath(connection: duckdb.DuckDBPyConnection) -> Aftermath:
    """Count coupons, attempts with stolen cards, lost parcels and stars."""
    orders, with_coupon = connection.execute(
        "SELECT count(*), count(coupon_code) FROM placed"
    ).fetchone() or (0, 0)
    (stolen,) = connection.execute(
        """
        SELECT count(*) FROM (
            SELECT order_id FROM payments WHERE decline_reason = 'suspected_fraud'
            GROUP BY order_id HAVING count(DISTINCT event_id) >= ?
        )
        """,
        [TRIED_CARDS],
    ).fetchone() or (0,)
    sent, lost = connection.execute(
        """
        SELECT count(*), count(*) FILTER (WHERE is_lost)
        FROM (
            SELECT bool_or(event_type = 'shipment_lost') AS is_lost, min(promised_at) AS promised_at
            FROM shipments GROUP BY shipment_id
        )
        WHERE promised_at < (SELECT max(placed_at) FROM placed) - to_days(?)
        """,
        [LOSS_SETTLES_DAYS],
    ).fetchone() or (0, 0)
    counted = dict(
        connection.execute("SELECT rating, count(DISTINCT event_id) FROM reviews GROUP BY rating").fetchall()
    )
    one, two, three, four, five = (counted.get(stars, 0) for stars in range(1, 6))
    return Aftermath(orders, with_coupon, stolen, sent, lost, (one, two, three, four, five))
