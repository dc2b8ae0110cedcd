"""Whether a session on a cluster has anything to work with."""

import time
from collections.abc import Callable

from pyspark.sql import SparkSession

from stafford.errors import NotReady

PATIENCE_S = 90.0
"""A worker that fell is back within half of it."""


class ExecutorWatch:
    """Notices that an application has lost its executors for good.

    Spark's standalone master restores applications and workers when it is restarted. A worker that registers
    again just then is given a second executor of the same number, which it refuses, and the master counts the
    cores of both: when the first one falls as well, it believes that the application has all it may have, and
    gives it none (seen with 4.2.0). It does not heal, and a new application gets executors at once.
    """

    def __init__(self, count: Callable[[], int], monotonic: Callable[[], float] = time.monotonic) -> None:
        """Args: count: executors that the session has now."""
        self._count, self._monotonic = count, monotonic
        self._had_some_at = monotonic()

    def check(self) -> None:
        """Look once more.

        Raises:
            NotReady: there was none for PATIENCE_S.
        """
        now = self._monotonic()
        if self._count():
            self._had_some_at = now
        elif now - self._had_some_at > PATIENCE_S:
            raise NotReady(
                f"Spark's master has given no executor for {PATIENCE_S:.0f} s; start the ingestion again, "
                "and see that a worker with free cores is registered (`docker compose ps spark-worker`)"
            )


def watch(spark: SparkSession) -> ExecutorWatch:
    """Watch a session; one that is its own executor always has it."""
    context = spark.sparkContext
    if (context.master or "local").startswith("local"):
        return ExecutorWatch(lambda: 1)
    # The driver counts as one of them.
    return ExecutorWatch(lambda: int(context._jsc.sc().getExecutorMemoryStatus().size()) - 1)  # noqa: SLF001
