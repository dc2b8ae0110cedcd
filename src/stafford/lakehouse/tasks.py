"""Work of our own in Spark's tasks, which share it out over cores and machines, and try it again."""

import gc
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from pyspark.sql import SparkSession

WORTH_A_TASK = 10_000
"""Records: fewer take less time than a second task takes to begin, and leave fewer files."""

Piece = TypeVar("Piece")
Made = TypeVar("Made")


def run(
    spark: SparkSession,
    pieces: Iterable[tuple[int, Piece]],
    work: Callable[[Sequence[Piece]], Sequence[Made]],
) -> list[Made]:
    """Let tasks do the work, and give what all of them made.

    Args:
        spark: whose tasks.
        pieces: what is to be worked on, each with its number of records.
        work: is called in a Python worker with the pieces of a task. It, pieces and results must be known to
            pickle.
    """
    sized = list(pieces)
    most = 1 + sum(size for size, _ in sized) // WORTH_A_TASK
    shares = share_out(sized, min(most, spark.sparkContext.defaultParallelism))
    tasks = spark.sparkContext.parallelize(shares, max(1, len(shares)))
    return tasks.flatMap(partial(_without_collector, work)).collect()


def share_out(pieces: Iterable[tuple[int, Piece]], shares: int) -> list[list[Piece]]:
    """Deal out pieces of work, the largest first, each to whom has least; no share is empty."""
    dealt: list[list[Piece]] = [[] for _ in range(shares)]
    loads = [0] * shares
    for size, piece in sorted(pieces, key=lambda pair: pair[0], reverse=True):
        least = loads.index(min(loads))
        loads[least] += size
        dealt[least].append(piece)
    return [share for share in dealt if share]


def _without_collector(
    work: Callable[[Sequence[Piece]], Sequence[Made]], share: Sequence[Piece]
) -> Sequence[Made]:
    # A million tuples and lists that are made and dropped have it look again and again at those that stay:
    # half of the time of reading Kafka. None of them refers to itself.
    gc.disable()
    try:
        return work(share)
    finally:
        gc.enable()
