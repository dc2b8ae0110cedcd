"""The mess: the last pass, which spoils some records on purpose and says what must become of each."""

from dataclasses import dataclass

import numpy as np

from stafford.domain.outcome import Outcome
from stafford.generator.accounts import SECOND_ACCOUNTS, STAFF, TEST_ACCOUNTS, UNKNOWN, UNKNOWNS
from stafford.generator.calendar import DAY, HOUR, MINUTE, SECOND
from stafford.generator.compiled import kernel
from stafford.generator.defects import NEWER_FIELD, can_spoil, list_changes
from stafford.generator.distributions import accumulate_shares
from stafford.generator.draft import Draft
from stafford.generator.layout import AMOUNT, COPY, DEFECT, EMITTED, KEY, KIND, LAYOUTS, NOTHING, OCCURRED
from stafford.generator.mess_profile import DEFECTS, OF_WHOLES, Defect, MessProfile
from stafford.generator.randomness import (
    Floats,
    Ints,
    below_one,
    choose_one,
    derive,
    derive_one,
    name_stream,
    to_unit_one,
)

_MESS = np.uint64(name_stream("mess"))
_GROUP = np.uint64(name_stream("mess of all records of one"))
_AGAIN = name_stream("submitted again")
_MOST_SKEW_MIN = 180

_COPIES = (Defect.DUPLICATE, Defect.DUPLICATE_LATER)
_AGAINS = (Defect.DOUBLE_SUBMITTED, Defect.SECOND_ACCOUNT)
# From the least to below the most: how much later a record leaves, or the one that is added.
_DELAYS = {
    Defect.LATE_MINUTES: (2 * MINUTE, HOUR),
    Defect.LATE: (1 * HOUR, 13 * HOUR),
    Defect.LATE_DAYS: (1 * DAY, 4 * DAY),
    Defect.DUPLICATE_LATER: (1 * MINUTE, 45 * MINUTE),
    Defect.DOUBLE_SUBMITTED: (1 * SECOND, 8 * SECOND),
    Defect.SECOND_ACCOUNT: (10 * MINUTE, 10 * DAY),
    Defect.OUT_OF_ORDER: (1, 2 * SECOND),  # after the next event of its key
}
MOST_DELAY = _DELAYS[Defect.LATE_DAYS][1]
"""No click leaves later than this after it would have left."""

_GROUP_OF = {Defect.CLOCK_SKEW: "session", Defect.TEST_ORDER: "order"}
"""The column by whose hash a defect is chosen for all records of one."""


def _number(*defects: Defect) -> tuple[int, ...]:
    return tuple(DEFECTS.index(defect) for defect in defects)


_DELAY_OF = np.array([[_DELAYS.get(d, (0, 0))[0], _DELAYS.get(d, (0, 0))[1]] for d in DEFECTS], np.int64)
_IS_ADDED = np.array([d in {*_COPIES, *_AGAINS} for d in DEFECTS])
_IS_COPY = np.array([d in _COPIES for d in DEFECTS])
_OUT_OF_ORDER, _UNKNOWN_PRODUCT, _UNKNOWN_CUSTOMER, _OLD_VERSION = _number(
    Defect.OUT_OF_ORDER, Defect.UNKNOWN_PRODUCT, Defect.UNKNOWN_CUSTOMER, Defect.OLD_VERSION
)


def judge(defect: Defect) -> Outcome:
    """What must become of a record with this defect."""
    if defect in _COPIES:
        return Outcome.DUPLICATE
    breaks = any(change.reason for topic in LAYOUTS for change in list_changes(defect, topic))
    return Outcome.QUARANTINE if breaks else Outcome.SILVER


@dataclass(frozen=True, slots=True)
class _Plan:
    """What may be done to a topic's records; columns are -1 where there is none.

    bounds: by type of event, of the choice among DEFECTS[1:] and CLEAN, which stands last. needs: by defect,
    the column that must hold something, and the only type of event that can have it. key: the column of the
    record key, where events of one key are beside each other; newer: the field that the old version did not
    have. group: the column by which whole sessions or orders are chosen, with their share and their defect;
    changed: what is changed in them. spared: the column of accounts, of which those of the staff stay as they
    are: they are few, and whoever looks for test orders must know them.
    """

    bounds: Floats
    needs: Ints
    key: int
    newer: int
    group: int
    group_share: float
    group_defect: int
    changed: int
    spared: int


class Mess:
    """Chooses which records to spoil, by the hash of each event alone, or of its session or order."""

    def __init__(self, profile: MessProfile) -> None:
        self._profile = profile
        self._plans: dict[str, _Plan] = {}

    def spoil(self, draft: Draft) -> list[Draft]:
        """Choose defects, move late records and add copies; the draft's own rows are changed.

        A copy is byte for byte the record it copies, which stays clean. So does an order that is submitted
        again, or the first account of a person.

        Args:
            draft: of clicks, those of a session beside each other and in order; of what follows from an
                order, all.

        Returns:
            The draft, and what is added to it.
        """
        if draft.topic not in self._plans:
            self._plans[draft.topic] = self._plan(draft.topic)
        plan = self._plans[draft.topic]
        rows = draft.rows
        if plan.key >= 0 and draft.topic != "clickstream":
            rows = rows[np.lexsort((rows[:, OCCURRED], rows[:, plan.key]))]
        added = _spoil(
            rows, plan.bounds, plan.needs, plan.key, plan.newer, plan.group, plan.group_share,
            plan.group_defect, plan.changed, plan.spared,
        )  # fmt: skip
        if not len(added):
            return [Draft(draft.topic, rows)]
        copies = rows[added[:, 0]]
        copies[:, EMITTED] += added[:, 1]
        copies[:, DEFECT] = added[:, 2]
        is_copy = _IS_COPY[added[:, 2]]
        copies[:, COPY] = is_copy
        if not is_copy.all():
            copies[~is_copy] = _happen_again(Draft(draft.topic, copies[~is_copy]), added[~is_copy, 1])
        return [Draft(draft.topic, rows), Draft(draft.topic, copies)]

    def _plan(self, topic: str) -> _Plan:
        layout, rates = LAYOUTS[topic], self._profile.rates(topic)
        needs = np.full((len(DEFECTS), 2), -1, np.int64)

        def find(column: str) -> int:
            return layout.find(column) if column in layout.columns else -1

        lines = find("product_0")  # of an order, the first line's
        needs[_UNKNOWN_PRODUCT, 0] = lines if lines >= 0 else find("product")
        needs[_UNKNOWN_CUSTOMER, 0] = find("customer")
        if topic == "clickstream":
            needs[DEFECTS.index(Defect.DECIMAL_COMMA), 0] = find("price")
        for number in _number(*_AGAINS):
            needs[number, 1] = 0  # placed, registered
        group, share, defect = -1, 0.0, 0
        for whole, column in _GROUP_OF.items():
            if can_spoil(whole, topic):
                group, share, defect = find(column), rates.get(whole, 0.0), DEFECTS.index(whole)
        newer = next((f.column for f in layout.fields if f.name == NEWER_FIELD.get(topic)), "")
        return _Plan(
            bounds=np.stack([self._bound(topic, kind) for kind in layout.event_types]),
            needs=needs,
            key=find(layout.key_field.column) if can_spoil(Defect.OUT_OF_ORDER, topic) else -1,
            newer=find(newer),
            group=group,
            group_share=share,
            group_defect=defect,
            changed=OCCURRED if topic == "clickstream" else find("customer"),
            spared=find("customer") if topic == "customers" else -1,
        )

    def _bound(self, topic: str, event_type: str) -> Floats:
        rates = self._profile.rates(topic, event_type)
        weights = [
            rates.get(d, 0.0) if can_spoil(d, topic) and d not in OF_WHOLES else 0.0 for d in DEFECTS[1:]
        ]
        total = 0.0
        for weight in weights:  # not sum(): its rounding changed in Python 3.12
            total += weight
        return accumulate_shares([*weights, max(1.0 - total, 0.0)])


def _happen_again(draft: Draft, later: Ints) -> Ints:
    """Events of their own, with ids of their own: the button was pressed twice, the person came again.

    A second submission owes nothing of its own. A second account has the name of the first, and another
    number and address.
    """
    rows = draft.rows
    rows[:, OCCURRED] += later
    rows[:, KEY] = derive(np.ascontiguousarray(rows[:, KEY]).view(np.uint64), _AGAIN, 0).view(np.int64)
    rows[:, AMOUNT] = NOTHING
    if draft.topic == "customers":
        rows[:, draft.layout.find("customer")] += SECOND_ACCOUNTS
        rows[:, draft.layout.find("registered_at")] = rows[:, OCCURRED]
    return rows


@kernel
def _spoil(  # noqa: C901, PLR0912 - one branch for each defect that changes a row
    rows: Ints, bounds: Floats, needs: Ints, key_column: int, newer: int, group: int, group_share: float,
    group_defect: int, changed: int, spared: int,
) -> Ints:  # fmt: skip
    """Set defects and delays; returns [row, delay, defect] of what is to be added."""
    added = np.empty((len(rows), 3), np.int64)
    additions = 0
    last, whole, dice, end = 0, False, np.uint64(0), bounds.shape[1] - 1
    for place in range(len(rows)):
        row = rows[place]
        if row[DEFECT] != 0 or (spared >= 0 and row[spared] >= TEST_ACCOUNTS):
            continue
        if group_share > 0.0:
            if row[group] != last or place == 0:
                last = row[group]
                dice = derive_one(np.uint64(last), _GROUP, 0)
                whole = to_unit_one(derive_one(np.uint64(last), _GROUP, 1)) < group_share
            if whole:
                row[DEFECT] = group_defect
                if changed == OCCURRED:
                    skew = 1 + below_one(dice, 0, _MOST_SKEW_MIN)
                    row[OCCURRED] += MINUTE * (skew if below_one(dice, 1, 2) > 0 else -skew)
                else:
                    row[changed] = TEST_ACCOUNTS + below_one(dice, 0, STAFF)
                continue
        key = np.uint64(row[KEY])
        unit = to_unit_one(derive_one(key, _MESS, 1))
        # CLEAN stands last among the bounds, since it is what is left over.
        if unit >= bounds[row[KIND], end]:
            continue
        defect = 1 + choose_one(unit, bounds[row[KIND]])
        column, kind = needs[defect, 0], needs[defect, 1]
        if (column >= 0 and row[column] == NOTHING) or (kind >= 0 and row[KIND] != kind):
            continue
        dice = derive_one(key, _MESS, 0)
        least, most = _DELAY_OF[defect, 0], _DELAY_OF[defect, 1]
        delay = least + below_one(dice, 0, most - least)
        if _IS_ADDED[defect]:
            added[additions] = place, delay, defect
            additions += 1
            continue
        if defect == _OUT_OF_ORDER:
            # Only a record that is overtaken is out of order: the next of its key must leave in time.
            if place + 1 == len(rows) or rows[place + 1, key_column] != row[key_column]:
                continue
            following = rows[place + 1]
            own = to_unit_one(derive_one(np.uint64(following[KEY]), _MESS, 1))
            if own < bounds[following[KIND], end] or following[DEFECT] != 0:
                continue
            delay += following[EMITTED] - row[EMITTED]
        row[DEFECT] = defect
        row[EMITTED] += delay
        if defect in (_UNKNOWN_PRODUCT, _UNKNOWN_CUSTOMER):
            row[column] = UNKNOWN + below_one(dice, 1, UNKNOWNS)
        elif defect == _OLD_VERSION and newer >= 0:
            row[newer] = NOTHING
    return added[:additions]
