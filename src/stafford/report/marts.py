"""Reads the marts of the embedded warehouse. Read-only: nothing here can change it."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow as pa

from stafford.errors import ConfigError, ContractViolation, HomeInUse, StorageError
from stafford.report.data import PRODUCT_SCHEMA, REVENUE_SCHEMA, TRAFFIC_SCHEMA, FunnelStep, Totals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR_US: Final = 3_600_000_000

# The instant by its microseconds, so that neither the session's time zone nor the mart's choice between
# TIMESTAMP and TIMESTAMPTZ moves an hour.
REVENUE_SQL: Final = f"""
select
    epoch_us(revenue_hour) // {HOUR_US} * {HOUR_US} as hour,
    sum(revenue_cents)::bigint as revenue_cents
from marts.revenue_hourly
where revenue_hour is not null
group by all
having sum(revenue_cents) <> 0
order by hour
"""

TRAFFIC_SQL: Final = f"""
select
    epoch_us(started_at) // {HOUR_US} * {HOUR_US} as hour,
    count(*)::bigint as sessions
from marts.fct_sessions
where started_at is not null
group by all
order by hour
"""

PRODUCT_SQL: Final = """
select
    items.product_id::varchar as product_id,
    any_value(
        products.product_name || coalesce(', ' || products.color, '') || coalesce(', ' || products.size, '')
    )::varchar as product_name,
    any_value(products.category)::varchar as category,
    sum(items.quantity)::bigint as units,
    sum(items.line_total_cents)::bigint as revenue_cents
from marts.fct_order_items as items
left join marts.dim_products as products on items.product_id = products.product_id
group by items.product_id
order by revenue_cents desc, items.product_id
limit ?
"""

TOTALS_SQL: Final = """
select
    coalesce(sum(order_count), 0)::bigint as order_count,
    coalesce(sum(revenue_cents), 0)::bigint as revenue_cents,
    coalesce(sum(cancelled_cents), 0)::bigint as cancelled_cents,
    coalesce(sum(paid_cents), 0)::bigint as paid_cents,
    coalesce(sum(refunded_cents), 0)::bigint as refunded_cents,
    (select coalesce(sum(line_total_cents), 0)::bigint from marts.fct_order_items) as items_cents,
    (select count(distinct product_id)::bigint from marts.fct_order_items) as sold_product_count
from marts.revenue_hourly
"""

FUNNEL_STEPS: Final = {
    "came": "sessions",
    "saw a product": "product_view_sessions",
    "filled a cart": "cart_sessions",
    "began checkout": "checkout_sessions",
    "ordered": "order_sessions",
}


class Marts:
    """The marts that the report draws, by one read-only connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Read by a connection that somebody else opens and closes."""
        self._connection = connection

    def totals(self) -> Totals:
        """Sums over all of the marts."""
        row = self._table(TOTALS_SQL).to_pylist()[0]
        return Totals(**row)

    def revenue(self) -> pa.Table:
        """Revenue by hour, as REVENUE_SCHEMA."""
        return self._table(REVENUE_SQL).cast(REVENUE_SCHEMA)

    def traffic(self) -> pa.Table:
        """Sessions by the hour in which they started, as TRAFFIC_SCHEMA."""
        return self._table(TRAFFIC_SQL).cast(TRAFFIC_SCHEMA)

    def products(self, limit: int) -> pa.Table:
        """The products that sold for most, as PRODUCT_SCHEMA."""
        return self._table(PRODUCT_SQL, [limit]).cast(PRODUCT_SCHEMA)

    def funnel(self) -> tuple[FunnelStep, ...]:
        """How far sessions came, from all of them to those that ordered."""
        sums = ", ".join(
            f"coalesce(sum({column}), 0)::bigint as {column}" for column in FUNNEL_STEPS.values()
        )
        row = self._table(f"select {sums} from marts.funnel_daily").to_pylist()[0]
        return tuple(FunnelStep(name, row[column]) for name, column in FUNNEL_STEPS.items())

    def _table(self, sql: str, parameters: list[int] | None = None) -> pa.Table:
        return self._connection.sql(sql, params=parameters).to_arrow_table()


@contextmanager
def open_marts(duckdb_path: "Path") -> "Iterator[Marts]":
    """Open the marts for reading, and close them at the end.

    Raises:
        ConfigError: there is no warehouse yet, or it has no marts.
        ContractViolation: a mart lacks a column that the report reads.
        HomeInUse: another command holds the warehouse for writing.
        StorageError: the file is not a DuckDB database, or cannot be read.
    """
    build = "run `stafford demo`, or `stafford publish` and `stafford build` where there is data already"
    if not duckdb_path.is_file():
        raise ConfigError(f"there is no warehouse at {duckdb_path}; {build}")
    try:
        with duckdb.connect(str(duckdb_path), read_only=True) as connection:
            yield Marts(connection)
    except duckdb.CatalogException as exc:
        raise ConfigError(f"{duckdb_path} has no marts to report on ({_headline(exc)}); {build}") from exc
    except duckdb.BinderException as exc:
        raise ContractViolation(
            f"a mart in {duckdb_path} is not what the report reads ({_headline(exc)}); "
            "run `stafford build` to build the marts again"
        ) from exc
    except duckdb.Error as exc:
        if _is_held(exc):
            raise HomeInUse(
                f"another command is writing {duckdb_path}; wait until it ends, then report again"
            ) from exc
        raise StorageError(f"{duckdb_path} cannot be read ({_headline(exc)}); publish it again") from exc


def _is_held(exc: duckdb.Error) -> bool:
    # By this process, by another one on POSIX ("Could not set lock"), and by another one on Windows.
    text = str(exc).lower()
    return isinstance(exc, duckdb.ConnectionException) or "set lock" in text or "another process" in text


def _headline(exc: Exception) -> str:
    return str(exc).splitlines()[0]
