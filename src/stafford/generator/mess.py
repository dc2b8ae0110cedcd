"""The mess: the last pass, which spoils some records on purpose and says what must become of each."""

import numpy as np

from stafford.domain.outcome import Outcome
from stafford.generator.calendar import HOUR, MINUTE
from stafford.generator.compiled import kernel
from stafford.generator.defects import can_spoil
from stafford.generator.distributions import accumulate_shares
from stafford.generator.draft import Draft
from stafford.generator.layout import COPY, DEFECT, EMITTED, KEY
from stafford.generator.mess_profile import Defect, MessProfile
from stafford.generator.randomness import (
    Floats,
    Ints,
    below_one,
    choose_one,
    derive_one,
    name_stream,
    to_unit_one,
)

DEFECTS = tuple(Defect)
_MESS = np.uint64(name_stream("mess"))
_LATE_BY = (1 * HOUR, 12 * HOUR)
_COPIED_AFTER = (1 * MINUTE, 45 * MINUTE)
_HARMLESS = {Defect.CLEAN, Defect.LATE, Defect.WHITESPACE}
_COPIES = {Defect.DUPLICATE, Defect.DUPLICATE_LATER}
_LATE, _DUPLICATE = DEFECTS.index(Defect.LATE), DEFECTS.index(Defect.DUPLICATE)
_DUPLICATE_LATER = DEFECTS.index(Defect.DUPLICATE_LATER)


def judge(defect: Defect) -> Outcome:
    """What must become of a record with this defect."""
    if defect in _HARMLESS:
        return Outcome.SILVER
    return Outcome.DUPLICATE if defect in _COPIES else Outcome.QUARANTINE


class Mess:
    """Chooses which records to spoil, by the hash of each event alone."""

    def __init__(self, profile: MessProfile) -> None:
        self._profile = profile
        self._bounds: dict[str, Floats] = {}

    def spoil(self, draft: Draft) -> Draft:
        """Choose defects, move late records and add copies; the draft's own rows are changed.

        A copy is byte for byte the record it copies, which stays clean.
        """
        copied = _spoil(draft.rows, self._find_bounds(draft.topic))
        if not len(copied):
            return draft
        copies = draft.rows[copied[:, 0]]
        copies[:, EMITTED] += copied[:, 1]
        copies[:, DEFECT] = copied[:, 2]
        copies[:, COPY] = 1
        return Draft(draft.topic, np.concatenate([draft.rows, copies]))

    def _find_bounds(self, topic: str) -> Floats:
        if topic not in self._bounds:
            rates = self._profile.rates(topic)
            weights = [rates.get(d, 0.0) if can_spoil(d, topic) else 0.0 for d in DEFECTS[1:]]
            total = 0.0
            for weight in weights:  # not sum(): its rounding changed in Python 3.12
                total += weight
            self._bounds[topic] = accumulate_shares([*weights, max(1.0 - total, 0.0)])
        return self._bounds[topic]


@kernel
def _spoil(rows: Ints, bounds: Floats) -> Ints:
    """Set defects and delays; returns [row, delay, defect] of the copies that are to be added."""
    copied = np.empty((len(rows), 3), np.int64)
    copies = 0
    for place in range(len(rows)):
        row = rows[place]
        key = np.uint64(row[KEY])
        unit = to_unit_one(derive_one(key, _MESS, 1))
        # CLEAN stands last among the bounds, since it is what is left over.
        if unit >= bounds[-1]:
            continue
        defect = 1 + choose_one(unit, bounds)
        dice = derive_one(key, _MESS, 0)
        if defect in (_DUPLICATE, _DUPLICATE_LATER):
            delay = _COPIED_AFTER[0] + below_one(dice, 0, _COPIED_AFTER[1] - _COPIED_AFTER[0])
            copied[copies] = place, delay if defect == _DUPLICATE_LATER else 0, defect
            copies += 1
            continue
        row[DEFECT] = defect
        if defect == _LATE:
            row[EMITTED] += _LATE_BY[0] + below_one(dice, 0, _LATE_BY[1] - _LATE_BY[0])
    return copied[:copies]
