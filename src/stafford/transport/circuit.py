"""A circuit breaker: whether Kafka is used, given up for now or being tried again, and when to try next."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

_DICE = random.Random()  # noqa: S311 - of its own, so that nobody's seed is disturbed; no secret


class State(StrEnum):
    """Where a breaker is."""

    CLOSED = "closed"  # Kafka takes the stream
    OPEN = "open"  # the spool does; nobody talks to Kafka until the next probe is due
    HALF_OPEN = "half-open"  # Kafka answers and is given what waits in the spool


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before a probe: doubled with each failure in a row, up to a bound.

    The half of it is left to chance, so that several who lost the same broker do not come back in step.
    """

    first_s: float = 0.5
    most_s: float = 10.0

    def pause_s(self, failures: int, chance: float) -> float:
        """Seconds to wait after so many failures in a row, counted from 1; `chance` is in [0, 1)."""
        # 2.0**1024 is beyond a float, and any bound is reached long before.
        ceiling = min(self.most_s, self.first_s * 2.0 ** min(failures - 1, 60))
        return ceiling * (1 + chance) / 2


class Breaker:
    """Remembers the state and why; decides nothing else. Its owner sees to it that one thread changes it."""

    def __init__(self, backoff: Backoff, chance: Callable[[], float] = _DICE.random) -> None:
        """Begin closed."""
        self.state = State.CLOSED
        self.reason = ""
        self._backoff = backoff
        self._chance = chance
        self._failures = 0

    def trip(self, reason: str) -> None:
        """Open: Kafka failed, in the stream or at a probe."""
        self.state, self.reason = State.OPEN, reason
        self._failures += 1

    def probe(self) -> None:
        """Half open: Kafka is being tried."""
        self.state = State.HALF_OPEN

    def close(self) -> None:
        """Close: Kafka has everything that waited."""
        self.state, self.reason, self._failures = State.CLOSED, "", 0

    @property
    def pause_s(self) -> float:
        """Seconds until the next probe is due; each call draws anew."""
        return self._backoff.pause_s(max(self._failures, 1), self._chance())
