"""Each defect comes as often as its rate says among what can have it, and never where it is switched off."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import sqrt

import numpy as np
import pytest

from stafford.domain.window import to_micros
from stafford.generator.accounts import TEST_ACCOUNTS
from stafford.generator.calendar import DAY
from stafford.generator.campaigns import WIN_BACK
from stafford.generator.defects import can_spoil
from stafford.generator.draft import Draft, concatenate
from stafford.generator.layout import DEFECT, KEY, KIND, LAYOUTS, NOTHING
from stafford.generator.mess import Mess
from stafford.generator.mess_profile import DEFECTS, OF_WHOLES, Defect, MessProfile
from stafford.generator.randomness import Flags
from stafford.generator.simulation import Simulation
from stafford.generator.vocabulary import PAGES

from .builders import OPENS_AT, find_profile

ALL = [defect for defect in Defect if defect is not Defect.CLEAN]
RATES = dict.fromkeys(ALL, 0.015) | {
    Defect.DOUBLE_SUBMITTED: 0.05,
    Defect.SECOND_ACCOUNT: 0.05,
    Defect.TEST_ORDER: 0.04,
    Defect.CLOCK_SKEW: 0.04,
    Defect.BOT: 0.04,
    Defect.FRAUD: 0.1,
}
SIGMAS = 5
TOLD_BY_THE_SIMULATION = (Defect.BOT, Defect.FRAUD)
_DAYS = 14
_ADDED = {Defect.DUPLICATE, Defect.DUPLICATE_LATER, Defect.DOUBLE_SUBMITTED, Defect.SECOND_ACCOUNT}


def _set(defect: Defect, rate: float) -> MessProfile:
    return MessProfile(every_topic=RATES | {defect: rate})


@dataclass(frozen=True)
class Told:
    """Events before and after the mess, by topic; added: copies, and what happened a second time."""

    clean: Mapping[str, Draft]
    spoilt: Mapping[str, Draft]
    added: Mapping[str, Draft]

    def find_defects(self) -> set[Defect]:
        """Every defect that some record has."""
        rows = [draft.rows[:, DEFECT] for part in (self.spoilt, self.added) for draft in part.values()]
        return {DEFECTS[number] for number in np.unique(np.concatenate(rows)).tolist()}


@cache
def _simulate(bots: float, fraud: float) -> dict[str, Draft]:
    """Two weeks of a shop before the mess; of its many clicks only those of the first day's visits."""
    mess = MessProfile(every_topic={Defect.BOT: bots, Defect.FRAUD: fraud, Defect.TEST_ORDER: 0.1})
    profile = find_profile().model_copy(update={"mess": mess})
    opens_at = to_micros(OPENS_AT)
    simulation = Simulation(profile, 11, opens_at, 90_000.0, 10_000)
    drafts: dict[str, list[Draft]] = {topic: [] for topic in LAYOUTS}
    for day in range(1, _DAYS + 1):
        for draft in simulation.advance(opens_at + day * DAY):
            if draft.topic != "clickstream" or day == 1:
                drafts[draft.topic].append(draft)
    return {topic: concatenate(of_topic) for topic, of_topic in drafts.items()}


def _tell(mess: MessProfile) -> Told:
    clean = _simulate(mess.every_topic[Defect.BOT], mess.every_topic[Defect.FRAUD])
    spoiler = Mess(mess)
    spoilt, added = {}, {}
    for topic, draft in clean.items():
        spoilt[topic], *more = spoiler.spoil(Draft(topic, draft.rows.copy()))
        if more:
            added[topic] = more[0]
    return Told(clean, spoilt, added)


@cache
def _tell_usual() -> Told:
    return _tell(MessProfile(every_topic=RATES))


def _count(defect: Defect, told: Told) -> tuple[int, int]:
    """How many have a defect, and how many can."""
    match defect:
        case Defect.BOT:
            return _count_bots(told)
        case Defect.FRAUD:
            placed = told.clean["orders"].take(told.clean["orders"].rows[:, KIND] == 0)
            return _count_in(defect, placed.take(placed.column("customer") == NOTHING))
        case Defect.CLOCK_SKEW | Defect.TEST_ORDER:
            return _count_wholes(defect, told)
    found = able = 0
    for topic, draft in told.spoilt.items():
        if can_spoil(defect, topic):
            can = _find_able(defect, draft)
            able += int(can.sum())
            where = told.added.get(topic) if defect in _ADDED else draft.take(can)
            found += 0 if where is None else _count_in(defect, where)[0]
    return found, able


def _count_in(defect: Defect, draft: Draft) -> tuple[int, int]:
    return int((draft.rows[:, DEFECT] == DEFECTS.index(defect)).sum()), len(draft)


def _count_bots(told: Told) -> tuple[int, int]:
    """Among visits that neither an order, nor a kept cart, nor a mail to come back belongs to."""
    clicks = told.clean["clickstream"]
    firsts = clicks.take(clicks.column("sequence") == 1)
    buys = np.isin(firsts.column("session"), told.clean["orders"].column("session"))
    returns = firsts.column("page") == PAGES.index("cart")
    return _count_in(Defect.BOT, firsts.take(~buys & ~returns & (firsts.column("campaign") != WIN_BACK)))


def _count_wholes(defect: Defect, told: Told) -> tuple[int, int]:
    """Among sessions of people, or orders with cards that nobody stole; all records of one are alike."""
    topic, name, other = {
        Defect.CLOCK_SKEW: ("clickstream", "session", Defect.BOT),
        Defect.TEST_ORDER: ("orders", "order", Defect.FRAUD),
    }[defect]
    draft = told.spoilt[topic]
    can = draft.take(draft.rows[:, DEFECT] != DEFECTS.index(other))
    has_it = can.rows[:, DEFECT] == DEFECTS.index(defect)
    wholes = np.unique(can.column(name))
    with_it = np.unique(can.column(name)[has_it])
    assert not np.isin(can.column(name)[~has_it], with_it).any()
    return len(with_it), len(wholes)


def _find_able(defect: Defect, draft: Draft) -> Flags:
    """Which records can have a defect that is drawn record by record."""
    rows = draft.rows
    able: Flags = ~np.isin(rows[:, DEFECT], [DEFECTS.index(whole) for whole in OF_WHOLES])
    if draft.topic == "customers":
        able &= draft.column("customer") < TEST_ACCOUNTS
    match defect:
        case Defect.UNKNOWN_PRODUCT:
            able &= draft.column("product_0" if draft.topic == "orders" else "product") != NOTHING
        case Defect.UNKNOWN_CUSTOMER:
            able &= draft.column("customer") != NOTHING
        case Defect.DECIMAL_COMMA if draft.topic == "clickstream":
            able &= draft.column("price") != NOTHING
        case Defect.DOUBLE_SUBMITTED | Defect.SECOND_ACCOUNT:
            able &= rows[:, KIND] == 0
        case Defect.OUT_OF_ORDER:
            # Only a record that a clean one of its key overtakes.
            key = draft.column(draft.layout.key_field.column)
            able[:-1] &= (key[1:] == key[:-1]) & (rows[1:, DEFECT] == 0)
            able[-1] = False
    return able


def _is_near(found: int, able: int, rate: float) -> bool:
    return abs(found - able * rate) <= SIGMAS * sqrt(able * rate * (1 - rate))


def _alone(rate: float) -> MessProfile:
    """Out of order, and nothing else of the kind: whether the next record leaves in time is its own draw."""
    return MessProfile(every_topic=dict.fromkeys(ALL, 0.0) | {Defect.OUT_OF_ORDER: rate})


@pytest.mark.parametrize("defect", ALL)
def test_each_defect_has_its_rate(defect: Defect) -> None:
    """Its share is within five standard errors of its rate; made twice as often (the control), it is not."""
    rate, is_overtaken = RATES[defect], defect is Defect.OUT_OF_ORDER
    found, able = _count(defect, _tell(_alone(rate)) if is_overtaken else _tell_usual())
    assert _is_near(found, able, rate), f"{found} of {able}"
    doubled, able = _count(defect, _tell(_alone(2 * rate) if is_overtaken else _set(defect, 2 * rate)))
    assert not _is_near(doubled, able, rate), f"{doubled} of {able}"
    assert _is_near(doubled, able, 2 * rate)


@pytest.mark.parametrize("defect", ALL)
def test_each_defect_can_be_switched_off_alone(defect: Defect) -> None:
    """At a rate of nothing no record has it, and every other defect is still there."""
    assert _tell(_set(defect, 0.0)).find_defects() == set(Defect) - {defect}


def test_every_defect_is_there_when_none_is_off() -> None:
    """Control: with all rates on, all are found."""
    assert _tell_usual().find_defects() == set(Defect)


def test_an_event_type_wins_over_its_topic_and_that_over_all() -> None:
    """Each type of event has the rate of the nearest line that names it; others keep theirs."""
    mess = MessProfile(
        every_topic=dict.fromkeys(TOLD_BY_THE_SIMULATION, 0.04) | {Defect.NEW_FIELD: 0.02},
        topics={"payments": {Defect.NEW_FIELD: 0.1}, "shipments": {Defect.NEW_FIELD: 0.2}},
        event_types={
            "payment_declined": {Defect.NEW_FIELD: 0.4, Defect.MALFORMED_JSON: 0.3},
            "shipment_picked": {Defect.NEW_FIELD: 0.0},
            "stock_sold": {Defect.DUPLICATE: 0.2},
        },
    )
    told = _tell(mess)
    expected = dict.fromkeys((kind for layout in LAYOUTS.values() for kind in layout.event_types), 0.02)
    expected |= {"payment_captured": 0.1, "payment_declined": 0.4, "shipment_picked": 0.0}
    expected |= dict.fromkeys(("shipment_dispatched", "shipment_delivered", "shipment_lost"), 0.2)
    for topic, layout in LAYOUTS.items():
        draft = told.spoilt[topic]
        drawn = draft.take(_find_able(Defect.NEW_FIELD, draft))
        for number, kind in enumerate(layout.event_types):
            of_kind = drawn.take(drawn.rows[:, KIND] == number)
            found, able = _count_in(Defect.NEW_FIELD, of_kind)
            assert _is_near(found, able, expected[kind]), f"{kind}: {found} of {able}"
            assert (_count_in(Defect.MALFORMED_JSON, of_kind)[0] > 0) == (kind == "payment_declined")
    # Control: the topic's rate is not the one that its event type has.
    payments = told.spoilt["payments"].take(_find_able(Defect.NEW_FIELD, told.spoilt["payments"]))
    declined = payments.take(payments.rows[:, KIND] == 1)
    assert not _is_near(*_count_in(Defect.NEW_FIELD, declined), 0.1)
    # Copies are of the one type that has a rate for them, each of an event that is there.
    copies = {topic: draft for topic, draft in told.added.items() if len(draft)}
    assert set(copies) == {"inventory"}
    assert set(copies["inventory"].rows[:, KIND].tolist()) == {1}
    assert np.isin(copies["inventory"].rows[:, KEY], told.spoilt["inventory"].rows[:, KEY]).all()
