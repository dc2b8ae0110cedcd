"""Where in the history the ids of a batch can be: ids begin with their time, so few files need a look.

An id of ours is a UUID of version 7. Ids of others may begin with anything; then the spans are many, and more
files are read: slower, and never wrong.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

PREFIX = 7
"""Characters of an id that place it: in a UUID of version 7 they change every 17 minutes."""

MAX_PREFIXES = 2_000
"""A batch with more of them has ids from everywhere: all of the history is searched."""

MAX_SPANS = 16
"""Each span is compared with each row that is read, so near ones are joined."""

_LAST = "\U0010ffff"  # behind every text that begins alike


@dataclass(frozen=True, slots=True)
class Span:
    """The ids that begin with `first`, with `last`, or with anything between them."""

    first: str
    last: str


def find_spans(prefixes: Iterable[str]) -> list[Span]:
    """At most MAX_SPANS that cover all prefixes, with the widest gaps between them left out."""
    known = sorted(set(prefixes), key=str.encode)
    if not known:
        return []
    gaps = sorted(range(1, len(known)), key=lambda at: _gap(known[at - 1], known[at]), reverse=True)
    starts = sorted([0, *gaps[: MAX_SPANS - 1]])
    ends = [*starts[1:], len(known)]
    return [Span(known[start], known[end - 1]) for start, end in zip(starts, ends, strict=True)]


def within(column: str, spans: Iterable[Span], *, or_null: bool) -> Column:
    """Whether an id is in one of the spans.

    Args:
        column: with ids.
        spans: as `find_spans` gave them.
        or_null: whether rows without an id are wanted too.
    """
    wanted = F.col(column).isNull() if or_null else F.lit(False)
    for span in spans:
        wanted = wanted | ((F.col(column) >= span.first) & (F.col(column) < span.last + _LAST))
    return wanted


def _gap(before: str, after: str) -> int:
    return _place(after) - _place(before)


def _place(prefix: str) -> int:
    return int.from_bytes(prefix.encode()[: 4 * PREFIX].ljust(4 * PREFIX, b"\0"), "big")
