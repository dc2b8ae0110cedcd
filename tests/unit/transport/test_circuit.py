"""The breaker's states, and how long it waits between two probes."""

import pytest

from stafford.transport.circuit import Backoff, Breaker, State


def test_pauses_double_up_to_a_bound() -> None:
    """With chance at its most, each failure in a row doubles the pause, and the bound holds forever."""
    backoff = Backoff(first_s=0.5, most_s=10)
    assert [backoff.pause_s(failures, 1.0) for failures in range(1, 7)] == [0.5, 1, 2, 4, 8, 10]
    assert backoff.pause_s(1_000_000, 1.0) == 10


def test_chance_takes_at_most_half() -> None:
    """No pause is shorter than half of its ceiling, so a dead broker is never asked without a rest."""
    backoff = Backoff(first_s=0.5, most_s=10)
    assert [backoff.pause_s(failures, 0.0) for failures in (1, 2, 6)] == [0.25, 0.5, 5]


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.99])
def test_success_forgets_the_failures(chance: float) -> None:
    """After it was closed, the next failure begins with the shortest pause again."""
    breaker = Breaker(Backoff(1, 60), lambda: chance)
    for _ in range(4):
        breaker.trip("gone")
    assert breaker.pause_s == 4 * (1 + chance)
    breaker.close()
    breaker.trip("gone again")
    assert breaker.pause_s == (1 + chance) / 2


def test_the_states_follow_what_happened() -> None:
    """Closed, open with the reason, half open while it is tried, open again or closed."""
    breaker = Breaker(Backoff())
    assert (breaker.state, breaker.reason) == (State.CLOSED, "")
    breaker.trip("no answer")
    assert (breaker.state, breaker.reason) == (State.OPEN, "no answer")
    breaker.probe()
    assert (breaker.state, breaker.reason) == (State.HALF_OPEN, "no answer")
    breaker.trip("still none")
    assert (breaker.state, breaker.reason) == (State.OPEN, "still none")
    breaker.close()
    assert (breaker.state, breaker.reason) == (State.CLOSED, "")
