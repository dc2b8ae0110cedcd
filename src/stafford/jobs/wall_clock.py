"""The wall clock, where something waits by it."""

import time
from collections.abc import Callable

_TOLERATED_S = 2.0


class ClockWatch:
    """Notices that the wall clock was set back.

    Spark waits for a query's next trigger by the time of day, so a clock that is set back by an hour would
    hold the query for an hour. A query that is started anew waits for nothing.
    """

    def __init__(
        self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._ahead_s = wall() - monotonic()

    def went_back(self) -> bool:
        """Whether it went back by more than two seconds since it was asked last.

        What is less is over sooner than a query is started.
        """
        before, self._ahead_s = self._ahead_s, self._wall() - self._monotonic()
        return before - self._ahead_s > _TOLERATED_S
