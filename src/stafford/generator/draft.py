"""Events before they have a body: rows of one topic, cheap to compute and to leave out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stafford.generator.layout import COPY, DEFECT, LAYOUTS, NOTHING, Layout
from stafford.generator.randomness import Ints, Keys


@dataclass(frozen=True, slots=True)
class Draft:
    """Some events of one topic, in no order. rows: as `Layout` says, one event each."""

    topic: str
    rows: Ints

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def layout(self) -> Layout:
        """What the rows hold."""
        return LAYOUTS[self.topic]

    def column(self, name: str) -> Ints:
        """One column, without a copy."""
        return self.rows[:, self.layout.find(name)]

    def take(self, which: NDArray[Any]) -> "Draft":
        """The events that a mask or an array of positions names."""
        return Draft(self.topic, self.rows[which])


def draft(
    topic: str,
    *,
    kind: NDArray[Any] | int,
    occurred: Ints,
    emitted: Ints,
    key: Keys,
    amount: Ints | int = NOTHING,
    **columns: NDArray[Any] | int,
) -> Draft:
    """Put columns together; what is left out is NOTHING. Keys go in as they are, bit by bit."""
    layout = LAYOUTS[topic]
    rows: Ints = np.full((len(occurred), layout.width), NOTHING, np.int64)
    given = {"kind": kind, "occurred": occurred, "emitted": emitted, "key": key, "amount": amount, **columns}
    for name, values in given.items():
        as_signed = values.view(np.int64) if getattr(values, "dtype", None) == np.uint64 else values  # type: ignore[union-attr]
        rows[:, layout.find(name)] = as_signed
    rows[:, DEFECT] = 0
    rows[:, COPY] = 0
    return Draft(topic, rows)


def concatenate(drafts: Sequence[Draft]) -> Draft:
    """Drafts of one topic, one after the other; at least one."""
    if len(drafts) == 1:
        return drafts[0]
    return Draft(drafts[0].topic, np.concatenate([d.rows for d in drafts]))
