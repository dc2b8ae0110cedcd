"""What sessions are like: how far they come, how long they are, on what device, and who comes again."""

from dataclasses import dataclass, fields
from typing import Final, Literal

import duckdb

Device = Literal["mobile", "desktop", "tablet"]
DEVICES: Final[tuple[Device, ...]] = ("mobile", "desktop", "tablet")


@dataclass(frozen=True, slots=True)
class VisitCounts:
    """Sessions of one device.

    pages: opened in all of them; views and adds: events; order_cents: with shipping; left_carts: of known
    customers, who put something in and did not order; to_carts: begun with the cart; carts_bought: of
    these, with an order.
    """

    sessions: int = 0
    bounced: int = 0
    with_views: int = 0
    with_add: int = 0
    with_add_and_order: int = 0
    with_checkout: int = 0
    with_order: int = 0
    returning: int = 0
    pages: int = 0
    buying_pages: int = 0
    views: int = 0
    adds: int = 0
    order_cents: int = 0
    left_carts: int = 0
    to_carts: int = 0
    with_campaign: int = 0
    carts_bought: int = 0


@dataclass(frozen=True, slots=True)
class Visits:
    """Sessions by device, and of all devices."""

    by_device: dict[str, VisitCounts]
    all: VisitCounts


def read_visits(connection: duckdb.DuckDBPyConnection) -> Visits:
    """Count `visits` by device."""
    rows = connection.execute("""
        SELECT
            device,
            count(*) AS sessions,
            count(*) FILTER (WHERE pages = 1) AS bounced,
            count(*) FILTER (WHERE product_views > 0) AS with_views,
            count(*) FILTER (WHERE adds > 0) AS with_add,
            count(*) FILTER (WHERE adds > 0 AND orders > 0) AS with_add_and_order,
            count(*) FILTER (WHERE checkouts > 0) AS with_checkout,
            count(*) FILTER (WHERE orders > 0) AS with_order,
            count(*) FILTER (WHERE is_returning) AS returning_sessions,
            sum(pages)::BIGINT AS pages,
            coalesce(sum(pages) FILTER (WHERE orders > 0), 0)::BIGINT AS buying_pages,
            sum(product_views)::BIGINT AS views,
            sum(adds)::BIGINT AS adds,
            sum(order_cents)::BIGINT AS order_cents,
            count(*) FILTER (
                WHERE is_signed_in AND adds > 0 AND orders = 0 AND NOT begins_with_cart
            ) AS left_carts,
            count(*) FILTER (WHERE begins_with_cart) AS to_carts,
            count(*) FILTER (WHERE has_campaign) AS with_campaign,
            count(*) FILTER (WHERE begins_with_cart AND orders > 0) AS carts_bought
        FROM visits GROUP BY device ORDER BY device
    """).fetchall()
    by_device = {device: VisitCounts(*counts) for device, *counts in rows}
    names = [field.name for field in fields(VisitCounts)]
    return Visits(
        by_device,
        VisitCounts(**{name: sum(getattr(part, name) for part in by_device.values()) for name in names}),
    )
