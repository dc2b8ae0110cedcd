"""How long visitors stay on a page."""

import duckdb
import numpy as np
import numpy.typing as npt

from stafford.realism.sessions import PAGES

SAMPLE_SESSIONS = 100_000
"""Enough for a standard error of the shape below 0.005."""


def read_dwell_s(connection: duckdb.DuckDBPyConnection, sessions: int) -> npt.NDArray[np.float64]:
    """Seconds from opening a page to opening the next, where nothing else was done between.

    A sample of sessions, chosen by the hash of their id: the same data give the same sample. Reads the whole
    clickstream. A page whose next action is in the cart, or whose next record is spoilt, is left out; so is
    the last page of a session, which nobody can time.

    Args:
        connection: where `clickstream` is.
        sessions: how many sessions there are.
    """
    every = max(sessions // SAMPLE_SESSIONS, 1)
    seconds = connection.execute(f"""
        WITH sample AS (
            SELECT DISTINCT ON (event_id) session_id, sequence, occurred_at, event_type IN {PAGES} AS is_page
            FROM clickstream WHERE hash(session_id) % {every} = 0
        ),
        steps AS (
            SELECT
                is_page, sequence, occurred_at,
                lead(is_page) OVER session AS next_is_page,
                lead(sequence) OVER session AS next_sequence,
                lead(occurred_at) OVER session AS next_at
            FROM sample WINDOW session AS (PARTITION BY session_id ORDER BY sequence)
        )
        SELECT epoch_us(next_at) - epoch_us(occurred_at) AS dwell_us
        FROM steps
        WHERE is_page AND next_is_page AND next_sequence = sequence + 1 AND next_at > occurred_at
    """).fetchnumpy()["dwell_us"]
    return np.sort(np.asarray(seconds, dtype=np.float64)) / 1e6
