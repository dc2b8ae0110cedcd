"""Local time by country: the one place that knows who lives in which zone."""

from typing import Final

import duckdb

ZONES: Final = {
    "DE": "Europe/Berlin",
    "FR": "Europe/Paris",
    "GB": "Europe/London",
    "NL": "Europe/Amsterdam",
    # One zone for a country of several: most people of the United States live by Eastern time.
    "US": "America/New_York",
}

LOCAL_TIME: Final = "(timezone('UTC', {instant}) + to_hours(coalesce(local_hours.offset_hours, 0)))"
"""SQL of a wall-clock time, for rows that are joined with `local_hours`."""

DAY_BEGINS: Final = f"(date_trunc('day', {LOCAL_TIME}) - to_hours(coalesce(local_hours.offset_hours, 0)))"
"""SQL of the UTC time at which the local day of an instant begins, likewise."""


def create_local_hours(connection: duckdb.DuckDBPyConnection, table: str, instant: str) -> None:
    """Make `local_hours`: for each country and UTC hour, how far its clocks are ahead of UTC.

    Clocks change on whole UTC hours in all of these zones, so an hour is as exact as an instant, and the
    rules are asked some ten thousand times instead of once a session.

    Args:
        connection: where `table` is.
        table: what the table must cover.
        instant: its column of instants.
    """
    zones = ", ".join(f"('{country}', '{zone}')" for country, zone in ZONES.items())
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE local_hours AS
        WITH covered AS (
            SELECT
                epoch_us(min({instant})) // 3600000000 AS first_hour,
                epoch_us(max({instant})) // 3600000000 AS last_hour
            FROM {table}
        ),
        hours AS (SELECT unnest(range(first_hour, last_hour + 1)) AS hour_index FROM covered),
        zones(country, zone) AS (VALUES {zones})
        SELECT
            country,
            hour_index,
            date_diff(
                'hour',
                timezone('UTC', make_timestamptz(hour_index * 3600000000)),
                timezone(zone, make_timestamptz(hour_index * 3600000000))
            ) AS offset_hours
        FROM hours, zones
    """)
