"""What a group has not read, and what a reset would do, without a broker."""

import pytest

from stafford.transport.groups import Move, Position
from stafford.transport.groups.position import plan_move


@pytest.mark.parametrize(
    ("committed", "low", "high", "lag", "lost"),
    [
        (None, 0, 10, 10, 0),
        (None, 4, 10, 6, 0),
        (0, 0, 0, 0, 0),
        (7, 0, 10, 3, 0),
        (10, 0, 10, 0, 0),
        (2, 5, 10, 5, 3),
        (12, 0, 10, 0, 0),  # the topic was made anew: what is committed is beyond its end
    ],
)
def test_lag_and_loss(committed: int | None, low: int, high: int, lag: int, lost: int) -> None:
    """Lag is what can still be read; what went unread is lost, and is not counted twice."""
    position = Position("orders", 0, committed, low, high)
    assert (position.lag, position.lost) == (lag, lost)


@pytest.mark.parametrize(
    ("committed", "target", "after", "again", "skipped"),
    [
        (7, 5, 5, 2, 0),
        (7, 9, 9, 0, 2),
        (7, 7, 7, 0, 0),
        (7, -5, 5, 2, 0),  # before the first one that is there
        (7, 99, 10, 0, 3),  # beyond the end
        (2, 5, 5, 0, 0),  # retention took 2, 3 and 4: nobody can skip them any more
        (2, 8, 8, 0, 3),
        (None, 5, 5, 0, 0),
        (None, 8, 8, 0, 3),
        (99, 8, 8, 2, 0),  # only what is there can be read again
    ],
)
def test_a_move_says_what_it_costs(
    committed: int | None, target: int, after: int, again: int, skipped: int
) -> None:
    """In a partition with the offsets 5 to 10: read again, and never read."""
    move = plan_move(Position("orders", 0, committed, 5, 10), target)
    assert move == Move("orders", 0, committed, after, again, skipped)
