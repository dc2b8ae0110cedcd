"""How often each product is looked at."""

import duckdb
import numpy as np
import numpy.typing as npt

LEAST_DAYS = 14
"""On sale for less, a product has hardly been found yet."""


def read_product_views(connection: duckdb.DuckDBPyConnection) -> npt.NDArray[np.float64]:
    """Views per day on sale, of each product that was viewed at all, most viewed first.

    Per day, because products come and go: what was launched a month before the data end, or discontinued a
    month after they begin, has a twelfth of the views of an equal that was there all year, and a ranking of
    sums would rank ages. Reads the whole clickstream.
    """
    views = connection.execute(
        """
        WITH views AS (
            SELECT product_id, sum(views)::BIGINT AS views
            FROM (
                SELECT product_id, count(*) AS views
                FROM clickstream
                WHERE event_type = 'product_viewed'
                    AND hash(session_id) NOT IN (SELECT session_key FROM suspects)
                GROUP BY product_id
                UNION ALL
                SELECT product_id, count(*) AS views
                FROM recounted WHERE event_type = 'product_viewed' GROUP BY product_id
            )
            GROUP BY product_id
        ),
        on_sale AS (
            SELECT
                product_id,
                (
                    epoch_us(least(
                        min(occurred_at) FILTER (WHERE event_type = 'product_discontinued'), coverage.ends_at
                    ))
                    - epoch_us(greatest(min(launched_at), coverage.starts_at))
                ) / 86_400_000_000 AS days
            FROM products, coverage GROUP BY product_id, coverage.starts_at, coverage.ends_at
        )
        SELECT views / days AS views_per_day
        FROM views INNER JOIN on_sale ON on_sale.product_id = views.product_id
        WHERE days >= ?
        ORDER BY views_per_day DESC
        """,
        [LEAST_DAYS],
    ).fetchnumpy()["views_per_day"]
    return np.asarray(views, dtype=np.float64)
