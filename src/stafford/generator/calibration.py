"""How many sessions a week give the wanted number of events, or of customers, from the first minute on.

A pilot of fixed length is simulated and counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from stafford.errors import ConfigError
from stafford.generator.calendar import DAY, MINUTE, WEEK
from stafford.generator.draft import Draft
from stafford.generator.layout import KIND
from stafford.generator.mess_profile import Defect
from stafford.generator.profile import Profile
from stafford.generator.purchases import expect_repeats
from stafford.generator.randomness import Floats, Ints, name_stream
from stafford.generator.simulation import CROWD_STEP, Simulation
from stafford.generator.traffic import UNITS_PER_WEEK, to_operational
from stafford.generator.vocabulary import PAGES

_PILOT_SESSIONS = 40_000
_PILOT_OPENS_AT = 20_454 * DAY  # Thursday 2026-01-01
_PILOT_WEEKS = 2
_CROWD_STEPS = 540  # an hour and a half
_FOLLOWING_DAYS = 5
_CART = PAGES.index("cart")
EVERYBODY = 1 << 40
"""A bound on the customers of the opening that bounds nothing."""


def find_weekly_sessions(profile: Profile, events_per_day: float) -> float:
    """Sessions in a week of mean traffic.

    Events count with their duplicates; what the shop has before it opens (catalogue, first customers and
    their first stock) does not.

    Raises:
        ConfigError: the catalogue alone makes more events a day than that.
    """
    standing = _count_standing(profile)
    if not events_per_day > standing:
        raise ConfigError(
            f"{events_per_day} events per day is too few for profile {profile.name}: its catalogue alone "
            f"makes about {standing:.1f}; ask for more events, or for fewer products"
        )
    return (events_per_day - standing) * 7 / _fly(profile.model_dump_json()).events_per_session


def find_events_per_day(profile: Profile, customers: int, weeks: float) -> float:
    """Events a day of a shop that has so many customers after so many weeks of mean traffic."""
    history = profile.customers.history_weeks
    registrations = customers / (history + weeks)
    repeats = expect_repeats(profile.customers.purchases, history)
    orders = registrations * (1 + repeats) / (1 - profile.sessions.guests)
    sessions = orders / profile.sessions.conversion
    return sessions / 7 * _fly(profile.model_dump_json()).events_per_session + _count_standing(profile)


def find_crowd(profile: Profile) -> Floats:
    """Visitors that wait at the door: with them the shop is as busy in its first minute as ever after.

    A session's events are spread over minutes, and what follows an order over days. Sessions that begin
    evenly would take as long to add up to an even stream, so more of them begin at first. How many solves
    a renewal equation, step by step: what begins now fills up what is not there yet.

    Returns:
        Visits beyond the usual ones in each CROWD_STEP after the first minute, in multiples of those.
    """
    pilot = _fly(profile.model_dump_json())
    of_visits = pilot.visits.tolist()
    begun: list[float] = []
    present = 0.0
    for step, of_buyers in enumerate(pilot.buyers.tolist()):
        present += of_buyers
        going_on = 0.0
        for age in range(1, step + 1):
            going_on += begun[step - age] * of_visits[age]
        begun.append(max((pilot.events_per_session - present - going_on) / of_visits[0], 1.0))
    # What is missing still, parcels and returns, comes by and by.
    rest = np.linspace(begun[-1], 1.0, _FOLLOWING_DAYS * DAY // CROWD_STEP)
    return np.concatenate([np.array(begun, np.float64), rest]) - 1.0


def _count_standing(profile: Profile) -> float:
    catalogue = profile.catalogue
    launches = 2 * catalogue.launches_per_week  # and a first lot of stock each
    lifetime = catalogue.lifetime_weeks
    ends = 0.0 if lifetime is None else catalogue.products * 2 / (lifetime.least + lifetime.most)
    return (launches + ends + catalogue.products * catalogue.price_changes_per_week) / 7


@dataclass(frozen=True, slots=True)
class _Pilot:
    """events_per_session: duplicates and all that follows counted.

    visits, buyers: of those, the ones that sessions without and with an order make while they last, by age of
    the session in steps.
    """

    events_per_session: float
    visits: Floats
    buyers: Floats


@lru_cache(maxsize=16)
def _fly(profile_json: str) -> _Pilot:
    profile = Profile.model_validate_json(profile_json)
    pilot = Simulation(profile, name_stream("pilot"), _PILOT_OPENS_AT, _PILOT_SESSIONS, EVERYBODY)
    pilot.advance(_PILOT_OPENS_AT + MINUTE)  # opens the doors, which is not counted
    end = _PILOT_OPENS_AT + _PILOT_WEEKS * WEEK
    rows, seen = 0.0, _Ages(np.zeros(_CROWD_STEPS), np.zeros(_CROWD_STEPS))
    while pilot.now < end:
        drafts = pilot.advance(min(pilot.now + DAY, end))
        rows += sum(_count_records(draft, profile) for draft in drafts if draft.topic != "products")
        seen.add(drafts)
    units = 0.0
    for zone, traffic in enumerate(pilot.clocks.of_zones):
        stretch = traffic.reach(end, end)
        units += pilot.customers.share_of_zone(zone) * to_operational(end, stretch.first, stretch.begins)
    sessions = _PILOT_SESSIONS * units / UNITS_PER_WEEK
    copies = _count_records(drafts[-1], profile) / max(len(drafts[-1]), 1)
    return _Pilot(rows / sessions, seen.visits * copies / sessions, seen.buyers * copies / sessions)


@dataclass(frozen=True, slots=True)
class _Ages:
    visits: Floats
    buyers: Floats

    def add(self, drafts: Sequence[Draft]) -> None:
        """Count events by the age of the session that they belong to."""
        of_topic = {draft.topic: draft for draft in drafts if draft.topic in {"payments", "inventory"}}
        placed = next(draft for draft in drafts if draft.topic == "orders")
        per_order = 1 + sum(len(draft) for draft in of_topic.values()) / max(len(placed), 1)
        orders = dict(zip(placed.column("session").tolist(), placed.column("occurred").tolist(), strict=True))
        for draft in drafts:
            if draft.topic != "clickstream" or not len(draft):
                continue
            if draft.column("page")[0] == _CART:
                continue  # whoever comes back to a cart comes hours after the visit that they belong to
            firsts = np.flatnonzero(draft.column("sequence") == 1)
            lengths = np.diff(np.append(firsts, len(draft)))
            starts = draft.column("occurred")[firsts]
            sessions = draft.column("session")[firsts].tolist()
            ordered_at = np.array([orders.get(session, 0) for session in sessions])
            ages = draft.column("occurred") - np.repeat(starts, lengths)
            buys = ordered_at > 0
            _tally(self.visits, ages[~np.repeat(buys, lengths)], 1)
            _tally(self.buyers, ages[np.repeat(buys, lengths)], 1)
            _tally(self.buyers, (ordered_at - starts)[buys], per_order)


def _tally(counts: Floats, ages: Ints, weight: float) -> None:
    """Count events by the step that they fall into when the session begins anywhere within step 0."""
    steps = np.minimum(ages // CROWD_STEP, len(counts))
    passed = ages % CROWD_STEP / CROWD_STEP
    same = np.bincount(steps, 1 - passed, minlength=len(counts) + 1)
    following = np.bincount(steps, passed, minlength=len(counts) + 1)
    counts += weight * same[:-1]
    counts[1:] += weight * following[: len(counts) - 1]


def _count_records(draft: Draft, profile: Profile) -> float:
    types = draft.layout.event_types
    records = 0.0
    for event_type, count in zip(types, np.bincount(draft.rows[:, KIND], minlength=len(types)), strict=True):
        rates = profile.mess.rates(draft.topic, event_type)
        copies = rates.get(Defect.DUPLICATE, 0.0) + rates.get(Defect.DUPLICATE_LATER, 0.0)
        records += int(count) * (1 + copies)
    return records
