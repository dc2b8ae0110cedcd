"""The mess: the last pass, which spoils some records on purpose and says what must become of each."""

from dataclasses import dataclass, replace

import numpy as np

from stafford.domain.outcome import Outcome
from stafford.generator.curve import HOUR, MINUTE
from stafford.generator.defects import can_spoil
from stafford.generator.distributions import accumulate_shares, choose
from stafford.generator.draft import Draft, concatenate
from stafford.generator.mess_profile import Defect, MessProfile
from stafford.generator.randomness import Floats, Ints, Keys, derive, draw_below, name_stream, to_unit

DEFECTS = tuple(Defect)
_MESS = name_stream("mess")
_LATE_BY = (1 * HOUR, 12 * HOUR)
_COPIED_AFTER = (1 * MINUTE, 45 * MINUTE)
_HARMLESS = {Defect.CLEAN, Defect.LATE, Defect.WHITESPACE}
_COPIES = {Defect.DUPLICATE, Defect.DUPLICATE_LATER}


def judge(defect: Defect) -> Outcome:
    """What must become of a record with this defect."""
    if defect in _HARMLESS:
        return Outcome.SILVER
    return Outcome.DUPLICATE if defect in _COPIES else Outcome.QUARANTINE


@dataclass(frozen=True, slots=True)
class Messy:
    """A draft with its copies. defect: index into DEFECTS; copy: 0 first; dice: draws for the defect."""

    draft: Draft
    defect: Ints
    copy: Ints
    dice: Keys


class Mess:
    """Chooses which records to spoil, by the hash of each event alone."""

    def __init__(self, profile: MessProfile) -> None:
        self._profile = profile
        self._bounds: dict[str, Floats] = {}

    def choose(self, draft: Draft) -> Messy:
        """Choose defects, move late records and add copies.

        A copy is byte for byte the record it copies, which stays clean.
        """
        dice = derive(draft.event_key, _MESS, 0)
        defect = choose(to_unit(derive(draft.event_key, _MESS, 1)), self._find_bounds(draft.topic))
        # CLEAN stands last among the bounds, since it is what is left over.
        defect = np.where(defect == len(DEFECTS) - 1, 0, defect + 1)
        late = defect == DEFECTS.index(Defect.LATE)
        emitted = draft.emitted + np.where(late, _draw_delay(dice, *_LATE_BY), 0)
        draft = replace(draft, emitted=emitted)
        soon = defect == DEFECTS.index(Defect.DUPLICATE)
        later = defect == DEFECTS.index(Defect.DUPLICATE_LATER)
        rows = np.flatnonzero(soon | later)
        copies = draft.take(rows)
        delay = np.where(later[rows], _draw_delay(dice[rows], *_COPIED_AFTER), 0)
        copies = replace(copies, emitted=copies.emitted + delay)
        return Messy(
            concatenate([draft, copies]),
            np.concatenate([np.where(soon | later, 0, defect), defect[rows]]),
            np.concatenate([np.zeros(len(draft), np.int64), np.ones(len(rows), np.int64)]),
            np.concatenate([dice, dice[rows]]),
        )

    def _find_bounds(self, topic: str) -> Floats:
        if topic not in self._bounds:
            rates = self._profile.rates(topic)
            weights = [rates.get(d, 0.0) if can_spoil(d, topic) else 0.0 for d in DEFECTS[1:]]
            total = 0.0
            for weight in weights:  # not sum(): its rounding changed in Python 3.12
                total += weight
            self._bounds[topic] = accumulate_shares([*weights, max(1.0 - total, 0.0)])
        return self._bounds[topic]


def _draw_delay(keys: Keys, least: int, most: int) -> Ints:
    return least + draw_below(keys, 0, most - least)
