"""How far a group has read, and where a reset would put it: pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Group:
    """One consumer group. members: client ids of those who are in it now, with repeats."""

    group: str
    state: str  # as Kafka says it: stable, empty, preparing_rebalancing, …
    protocol: str  # classic, or consumer: that of KIP-848
    members: tuple[str, ...] = ()

    @property
    def is_live(self) -> bool:
        """Whether somebody is in it, or about to be."""
        return bool(self.members) or self.state not in {"empty", "dead"}


@dataclass(frozen=True, slots=True)
class Position:
    """Where a group stands in one partition."""

    topic: str
    partition: int
    committed: int | None  # the next offset that it wants; None when it has never said
    low: int  # first offset that can be read
    high: int  # offset that the next record will get
    behind_s: float | None = None  # how long its oldest unread record has been there; None when not asked

    @property
    def lag(self) -> int:
        """Offsets that it has not read and still can; a compacted topic has fewer records than that."""
        start = self.low if self.committed is None else max(self.committed, self.low)
        return max(0, self.high - start)

    @property
    def lost(self) -> int:
        """Offsets that went, by retention or compaction, before the group had read them."""
        return 0 if self.committed is None else max(0, self.low - self.committed)


@dataclass(frozen=True, slots=True)
class Earliest:
    """The first record that is still there."""


@dataclass(frozen=True, slots=True)
class Latest:
    """Behind the last record: only what comes from now on."""


Target: TypeAlias = Earliest | Latest | datetime
"""Where a reset goes. An instant, UTC: the first record that the broker stamped then or later."""


@dataclass(frozen=True, slots=True)
class Move:
    """What a reset does to one partition."""

    topic: str
    partition: int
    before: int | None
    after: int
    again: int  # offsets that the group will read once more
    skipped: int  # offsets that it has not read and will not read any more


def plan_move(position: Position, target: int) -> Move:
    """Compare where the group stands with where it is to stand; the target stays within what is there."""
    after = min(max(target, position.low), position.high)
    before = position.low if position.committed is None else position.committed
    # Without a commit nothing was read as far as anybody knows, so nothing is read again.
    again = 0 if position.committed is None else max(0, min(before, position.high) - after)
    skipped = max(0, after - max(before, position.low))
    return Move(position.topic, position.partition, position.committed, after, again, skipped)
