"""Builds the tables that most metrics ask: one row a session, one row an order.

The clickstream is by far the largest topic, so it is read as few times as can be, and never sorted:

1. One streaming aggregate makes a row a session, copies of an event counted like others. A bitmap of
   `sequence` tells in eight bytes whether a session may hold a copy.
2. Those sessions alone are read again, one row for each event_id, and take the place of the first count.

So the result is exact, and what has to be remembered is a few numbers a session.
"""

from typing import Final

import duckdb

from stafford.realism.local_time import DAY_BEGINS, LOCAL_TIME, create_local_hours

PAGES: Final = "('page_viewed', 'product_searched', 'product_viewed', 'checkout_started')"
"""Events that open a page; a cart event is something done on one."""

_SUMMARY: Final = f"""
    hash(session_id) AS session_key,
    min(occurred_at) AS started_at,
    -- Stray blanks sort before letters, so the largest is the best spelt.
    max(device) AS device,
    max(country) AS country,
    max(hash(customer_id)) FILTER (WHERE customer_id IS NOT NULL) AS customer_key,
    count(*) AS actions,
    count(*) FILTER (WHERE event_type IN {PAGES}) AS pages,
    count(*) FILTER (WHERE event_type = 'product_viewed') AS product_views,
    count(*) FILTER (WHERE event_type = 'cart_item_added') AS adds,
    count(*) FILTER (WHERE event_type = 'checkout_started') AS checkouts,
    coalesce(bool_or(sequence = 1 AND page = 'cart'), false) AS begins_with_cart,
    count(campaign) > 0 AS has_campaign,
    bit_count(bit_or(1::UBIGINT << (sequence % 64)::UBIGINT)) AS places
"""


def create_orders(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `placed`, one row an order, and `cancelled`, one row a cancelled order.

    A double-submitted order has two event ids and one order_id, so order_id is what makes an order one.
    """
    connection.execute("""
        CREATE TEMP TABLE placed AS
        SELECT DISTINCT ON (order_id)
            order_id, hash(session_id) AS session_key, customer_id, placed_at, trim(country) AS country,
            lines, subtotal_cents, total_cents, coupon_code
        FROM orders WHERE event_type = 'order_placed'
        ORDER BY order_id, placed_at, event_id
    """)
    connection.execute("""
        CREATE TEMP TABLE cancelled AS
        SELECT DISTINCT order_id FROM orders WHERE event_type = 'order_cancelled'
    """)


def create_registrations(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `registrations`, one row a customer: id, key and when they registered, by any of their events."""
    connection.execute("""
        CREATE TEMP TABLE registrations AS
        SELECT customer_id, hash(customer_id) AS customer_key, min(registered_at) AS registered_at
        FROM customers GROUP BY customer_id
    """)


def count_actions(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `counted`, one row a session with copies counted in. Reads the whole clickstream.

    Makes `coverage` too, its one row: from the first session to the last, when the data begin and end. Visits
    never pause for long, as orders do.
    """
    connection.execute(
        f"CREATE TEMP TABLE counted AS SELECT {_SUMMARY} FROM clickstream GROUP BY session_key"
    )
    connection.execute("""
        CREATE TEMP TABLE coverage AS
        SELECT min(started_at) AS starts_at, max(started_at) AS ends_at FROM counted
    """)


def recount_copies(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `recounted`, the events of sessions that may hold copies, one row an event_id.

    A session of more than 64 actions is among them for nothing; that costs time and changes no number.
    """
    connection.execute(
        "CREATE TEMP TABLE suspects AS SELECT session_key FROM counted WHERE places <> actions"
    )
    connection.execute("""
        CREATE TEMP TABLE recounted AS
        SELECT DISTINCT ON (event_id)
            event_id, session_id, event_type, occurred_at, sequence, page, device, country, customer_id,
            product_id, campaign
        FROM clickstream WHERE hash(session_id) IN (SELECT session_key FROM suspects)
    """)


def create_visits(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `visits`, one row a session, each with its local time, its order and its past.

    local_at: when it began, by the clock of its country. is_signed_in: a customer id is known. is_returning:
    that customer had a session before, or registered before the local day of this one. Whoever does not sign
    in cannot be known again and counts as new.
    """
    create_local_hours(connection, "counted", "started_at")
    connection.execute(f"""
        CREATE TEMP TABLE visits AS
        WITH once AS (
            SELECT * FROM counted WHERE places = actions
            UNION ALL
            SELECT {_SUMMARY} FROM recounted GROUP BY session_key
        ),
        first_visits AS (
            SELECT customer_key, min(started_at) AS first_at
            FROM once WHERE customer_key IS NOT NULL GROUP BY customer_key
        ),
        bought AS (
            SELECT session_key, count(*) AS orders, sum(total_cents) AS order_cents
            FROM placed GROUP BY session_key
        )
        SELECT
            {LOCAL_TIME.format(instant="once.started_at")} AS local_at,
            trim(lower(once.device)) AS device,
            once.pages, once.product_views, once.adds, once.checkouts, once.begins_with_cart,
            once.has_campaign,
            coalesce(bought.orders, 0) AS orders,
            coalesce(bought.order_cents, 0) AS order_cents,
            once.customer_key IS NOT NULL AS is_signed_in,
            once.customer_key IS NOT NULL AND (
                once.started_at > first_visits.first_at
                -- Nobody signs in unregistered: who is not known here registered before the data begin.
                OR registrations.customer_key IS NULL
                OR registrations.registered_at
                    < timezone('UTC', {DAY_BEGINS.format(instant="once.started_at")})
            ) AS is_returning
        FROM once
        LEFT JOIN local_hours
            ON local_hours.country = trim(once.country)
            AND local_hours.hour_index = epoch_us(once.started_at) // 3600000000
        LEFT JOIN first_visits ON first_visits.customer_key = once.customer_key
        LEFT JOIN registrations ON registrations.customer_key = once.customer_key
        LEFT JOIN bought ON bought.session_key = once.session_key
    """)
    connection.execute("DROP TABLE counted")
