"""Events that were computed but are not due yet, such as the return of today's order."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from stafford.generator.compiled import kernel
from stafford.generator.draft import Draft
from stafford.generator.layout import COPY, EMITTED, KEY, OCCURRED
from stafford.generator.randomness import Ints
from stafford.generator.text import find_id_low

_MOST_RUNS = 64
_FEW = 64


class Schedule:
    """Sorted runs of rows by topic, merged when there are too many: a small log-structured merge tree.

    Source: P. O'Neil et al., "The Log-Structured Merge-Tree", Acta Informatica 33, 1996.
    """

    def __init__(self) -> None:
        self._fresh: dict[str, list[Ints]] = defaultdict(list)
        self._runs: dict[str, list[Ints]] = defaultdict(list)

    def add(self, draft: Draft) -> None:
        """Keep events, in any order."""
        if len(draft):
            self._fresh[draft.topic].append(draft.rows)

    def take(self, until: int) -> Mapping[str, Draft]:
        """Give out the events emitted before `until` (UTC microseconds), by topic.

        Those of a topic are in order of (emitted, event id, copy).
        """
        topics = sorted(self._fresh.keys() | self._runs.keys())
        due = {topic: self._take(topic, until) for topic in topics}
        return {topic: Draft(topic, rows) for topic, rows in due.items() if len(rows)}

    def _take(self, topic: str, until: int) -> Ints:
        parts, later = [], []
        for run in self._runs[topic]:
            end = int(np.searchsorted(run[:, EMITTED], until))
            if end:
                parts.append(run[:end])
            if end < len(run):
                later.append(run[end:])
        rows = np.concatenate([*parts, *self._fresh.pop(topic, ())] or [np.empty((0, COPY + 1), np.int64)])
        is_due = rows[:, EMITTED] < until
        if not is_due.all():
            later.append(_put_in_order(rows[~is_due]))
        self._runs[topic] = [_put_in_order(np.concatenate(later))] if len(later) > _MOST_RUNS else later
        return _sort(rows, np.flatnonzero(is_due))


def _put_in_order(rows: Ints) -> Ints:
    """By time only, which may be spread over months."""
    in_order: Ints = rows[np.argsort(rows[:, EMITTED])]
    return in_order


def _sort(rows: Ints, which: Ints) -> Ints:
    """Some of the rows in order of (emitted, event id, copy), column by column in memory.

    The times should be of about one span: where most share one bucket, this is slow.
    """
    emitted = rows[which, EMITTED]
    order = _arrange(emitted) if len(which) > _FEW else np.argsort(emitted)
    _settle_ties(rows, which, emitted, order)
    columns: Ints = np.empty((len(which), rows.shape[1]), np.int64, order="F")
    _gather(rows, which[order], columns)
    return columns


@kernel
def _arrange(emitted: Ints) -> Ints:
    """A bucket for each event on average: in order but for those that share one.

    Times are spread evenly enough over a span for this to beat comparing; what is far off stays correct.
    """
    lowest, highest = emitted[0], emitted[0]
    for value in emitted:
        lowest, highest = min(lowest, value), max(highest, value)
    scale = (len(emitted) - 1) / (highest - lowest + 1)
    starts = np.zeros(len(emitted) + 1, np.int64)
    for value in emitted:
        starts[int((value - lowest) * scale) + 1] += 1
    for bucket in range(1, len(starts)):
        starts[bucket] += starts[bucket - 1]
    order = np.empty(len(emitted), np.int64)
    for row in range(len(emitted)):
        bucket = int((emitted[row] - lowest) * scale)
        order[starts[bucket]] = row
        starts[bucket] += 1
    return order


@kernel
def _gather(rows: Ints, order: Ints, columns: Ints) -> None:
    for place in range(len(order)):
        row = rows[order[place]]
        for column in range(len(row)):
            columns[place, column] = row[column]


@kernel
def _precedes(rows: Ints, one: int, other: int) -> Any:
    """Which of two that leave at once comes first."""
    if rows[one, OCCURRED] != rows[other, OCCURRED]:
        return rows[one, OCCURRED] < rows[other, OCCURRED]
    low, other_low = find_id_low(np.uint64(rows[one, KEY])), find_id_low(np.uint64(rows[other, KEY]))
    if low != other_low:
        return low < other_low
    return rows[one, COPY] < rows[other, COPY]


@kernel
def _settle_ties(rows: Ints, which: Ints, emitted: Ints, order: Ints) -> None:
    """Insertion sort of what is nearly in order."""
    for place in range(1, len(order)):
        row, spot = order[place], place
        while spot > 0:
            other = order[spot - 1]
            if emitted[row] > emitted[other]:
                break
            if emitted[row] == emitted[other] and not _precedes(rows, which[row], which[other]):
                break
            order[spot] = other
            spot -= 1
        order[spot] = row
