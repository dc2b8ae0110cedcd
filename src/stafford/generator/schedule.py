"""Rows that were computed but are not due yet, such as the return of today's order."""

import numpy as np

from stafford.generator.assembly import Rows, join_rows

_MOST_RUNS = 64


class Schedule:
    """Sorted runs of rows, merged when there are too many: a small log-structured merge tree.

    Source: P. O'Neil et al., "The Log-Structured Merge-Tree", Acta Informatica 33, 1996.
    """

    def __init__(self) -> None:
        self._runs: list[Rows] = []

    def __len__(self) -> int:
        return sum(len(run) for run in self._runs)

    def add(self, rows: Rows) -> None:
        """Keep rows, in any order."""
        if len(rows):
            self._runs.append(rows.order())
        if len(self._runs) > _MOST_RUNS:
            self._runs = [join_rows(self._runs).order()]

    def take(self, until: int) -> Rows:
        """Give out the rows emitted before `until` (UTC microseconds), in order."""
        due, later = [], []
        for run in self._runs:
            end = int(np.searchsorted(run.emitted, until))
            if end:
                due.append(run.slice(0, end))
            if end < len(run):
                later.append(run.slice(end, len(run)))
        self._runs = later
        return due[0] if len(due) == 1 else join_rows(due).order()
