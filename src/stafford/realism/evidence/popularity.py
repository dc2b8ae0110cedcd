"""How often each product is looked at."""

import duckdb
import numpy as np
import numpy.typing as npt


def read_product_views(connection: duckdb.DuckDBPyConnection) -> npt.NDArray[np.int64]:
    """Views of each product that was viewed at all, most viewed first. Reads the whole clickstream."""
    views = connection.execute("""
        SELECT sum(views)::BIGINT AS views
        FROM (
            SELECT product_id, count(*) AS views
            FROM clickstream
            WHERE event_type = 'product_viewed'
                AND hash(session_id) NOT IN (SELECT session_key FROM suspects)
            GROUP BY product_id
            UNION ALL
            SELECT product_id, count(*) FROM recounted WHERE event_type = 'product_viewed' GROUP BY product_id
        )
        WHERE product_id IS NOT NULL
        GROUP BY product_id ORDER BY views DESC
    """).fetchnumpy()["views"]
    return np.asarray(views)
