"""Waiting for streaming queries, with a bound and a reason."""

from threading import Thread

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql.streaming.query import StreamingQuery

from stafford.errors import NotReady
from stafford.lakehouse.failures import translate


def finish(query: StreamingQuery) -> None:
    """Wait until an AVAILABLE_NOW query has read everything.

    Raises:
        StaffordError: the query stopped with an error.
    """
    try:
        query.awaitTermination()
    except (PySparkException, Py4JError) as exc:
        raise translate(exc, query.name) from exc


def drain(query: StreamingQuery, timeout_s: float) -> None:
    """Wait until a query that goes on has read everything that is there now.

    Raises:
        NotReady: it did not get there in time; it goes on, and may be waited for again.
        StaffordError: the query stopped with an error.
    """
    failures: list[Exception] = []

    def wait() -> None:
        try:
            query.processAllAvailable()
        except (PySparkException, Py4JError) as exc:
            failures.append(exc)

    # The JVM call has no bound of its own.
    waiting = Thread(target=wait, name=f"drain-{query.name}", daemon=True)
    waiting.start()
    waiting.join(timeout_s)
    check(query)
    if failures:
        raise translate(failures[0], query.name) from failures[0]
    if waiting.is_alive():
        raise NotReady(
            f"{query.name} still has a backlog after {timeout_s:.0f} s; wait longer or give it more cores"
        )


def check(query: StreamingQuery) -> None:
    """Raise what stopped a query, if anything did."""
    error = query.exception()
    if error is not None:
        raise translate(error, query.name) from error


def stop(query: StreamingQuery) -> None:
    """Stop a query, within a micro-batch if need be: its checkpoint stays right either way.

    Raises:
        StaffordError: it did not stop.
    """
    try:
        query.stop()
    except (PySparkException, Py4JError) as exc:
        raise translate(exc, query.name) from exc
