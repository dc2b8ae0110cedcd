"""An application that the master forgot."""

import pytest

from stafford.errors import NotReady
from stafford.lakehouse.executors import PATIENCE_S, ExecutorWatch


def test_without_executors_for_long_it_gives_up() -> None:
    """A worker that falls and comes back in time is waited for."""
    now, executors = [0.0], [0]
    watch = ExecutorWatch(lambda: executors[0], lambda: now[0])
    now[0] = PATIENCE_S
    watch.check()
    executors[0] = 1
    watch.check()
    executors[0] = 0
    now[0] = 2 * PATIENCE_S
    watch.check()
    now[0] += 1
    with pytest.raises(NotReady, match="no executor for 90 s"):
        watch.check()
