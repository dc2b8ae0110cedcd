"""Facts that must be handled in the order of their time, held back until no earlier one can come."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class WaitingRoom:
    """Columns of facts, released in order of (time, key).

    A session that starts in one span may order in the next. Whoever keeps a running state, such as a stock
    level, must see the facts in the order of time however the spans were cut.
    """

    def __init__(self, columns: tuple[str, ...]) -> None:
        """Columns: their names, all 64-bit integers; among them `at` (microseconds) and `key`."""
        self._held: dict[str, NDArray[Any]] = {
            name: np.zeros(0, np.uint64 if name == "key" else np.int64) for name in columns
        }

    def hold(self, facts: dict[str, NDArray[Any]]) -> None:
        """Take in facts, in any order."""
        self._held = {name: np.concatenate([held, facts[name]]) for name, held in self._held.items()}

    def release(self, through: int) -> dict[str, NDArray[Any]]:
        """Give out the facts before an instant that is complete: none before it may come later."""
        at = self._held["at"]
        due = np.flatnonzero(at < through)
        due = due[np.lexsort((self._held["key"][due], at[due]))]
        released = {name: column[due] for name, column in self._held.items()}
        later = at >= through
        self._held = {name: column[later] for name, column in self._held.items()}
        return released
