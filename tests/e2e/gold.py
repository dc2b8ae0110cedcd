"""Spark's gold tables beside dbt's marts of the same home: two programs, one answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

VIEWS = """
    CREATE TEMP VIEW of_visits AS SELECT unnest(visit_ids) AS session_id, * FROM sessions;
    CREATE TEMP VIEW cut AS SELECT session_id FROM of_visits GROUP BY ALL HAVING count(*) > 1;
    CREATE TEMP VIEW joined AS SELECT session_id, customer_id FROM of_visits WHERE len(visit_ids) > 1;
    -- The hole of a cut visit may have room for another one, so nothing simple can be said of its customer.
    CREATE TEMP VIEW difficult AS
    SELECT customer_id FROM of_visits WHERE session_id IN (FROM cut)
    UNION SELECT customer_id FROM marts.fct_sessions WHERE session_id IN (FROM cut);
"""
ORDERS = (
    """SELECT revenue_hour::DATE, sum(order_count), sum(revenue_cents) FROM marts.revenue_hourly
    WHERE order_count > 0 GROUP BY 1""",
    "SELECT event_date, orders, revenue_cents FROM daily WHERE orders > 0",
)
VISITS = (
    "SELECT occurred_at::DATE, count(DISTINCT session_id) FROM raw.clickstream GROUP BY 1",
    "SELECT event_date, visits FROM daily WHERE visits > 0",
)
WHOLE_VISITS = (
    """SELECT session_id, customer_id, started_at, ended_at, product_view_count FROM marts.fct_sessions
    WHERE session_id NOT IN (FROM cut UNION ALL SELECT session_id FROM joined)""",
    """SELECT session_id, customer_id, started_at, ended_at, product_views FROM of_visits
    WHERE session_id NOT IN (FROM cut UNION ALL SELECT session_id FROM joined)""",
)
"""A visit that is a session, and is no part of another: equal in all that both tables know."""
CUT_VISITS = (
    """SELECT DISTINCT session_id FROM (
        SELECT session_id,
            occurred_at - lag(occurred_at) OVER (PARTITION BY session_id ORDER BY occurred_at) AS pause
        FROM raw.clickstream
    ) WHERE pause > INTERVAL 30 MINUTE""",
    "FROM cut",
)
"""A visit has a hole, because what stood there is in quarantine, or it is not cut."""
JOINED_VISITS = (
    """SELECT session_id FROM marts.fct_sessions AS mine
    WHERE customer_id NOT IN (FROM difficult WHERE customer_id IS NOT NULL) AND EXISTS (
        FROM marts.fct_sessions AS other
        WHERE other.customer_id = mine.customer_id AND other.session_id <> mine.session_id
            AND other.started_at <= mine.ended_at + INTERVAL 30 MINUTE
            AND mine.started_at <= other.ended_at + INTERVAL 30 MINUTE
    )""",
    """SELECT session_id FROM joined
    WHERE customer_id NOT IN (FROM difficult WHERE customer_id IS NOT NULL)""",
)
"""A visit has another one of its customer within the gap, or it is not joined."""


@dataclass(frozen=True)
class Gold:
    """The gold tables and the marts, open in one DuckDB."""

    connection: duckdb.DuckDBPyConnection

    def differences(self, pair: tuple[str, str]) -> list[tuple]:
        """Rows of one query that the other does not give, in either direction."""
        mart, lake = pair
        rows = self.connection.execute(f"(({mart}) EXCEPT ({lake})) UNION ALL (({lake}) EXCEPT ({mart}))")
        return rows.fetchall()

    def count(self, query: str) -> int:
        """How many rows a query gives."""
        return self.connection.execute(f"SELECT count(*) FROM ({query})").fetchone()[0]


@contextmanager
def open_gold(home: Path) -> Iterator[Gold]:
    """Open the gold tables of a home beside its marts."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{home / 'warehouse.duckdb'}' AS warehouse (READ_ONLY)")
        connection.execute("USE warehouse")
        for name in ("sessions", "daily"):
            rows = DeltaTable(str(home / "lake" / "gold" / name)).to_pyarrow_table()
            connection.register(f"{name}_rows", _without_zone(rows))
            connection.execute(f"CREATE TEMP TABLE {name} AS FROM {name}_rows")
        connection.execute(VIEWS)
        yield Gold(connection)


def _without_zone(table: pa.Table) -> pa.Table:
    # As the marts have it; DuckDB would compare instants in the zone of this machine.
    fields = [
        field.with_type(pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))
