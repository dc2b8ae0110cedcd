"""How many sessions a week give the wanted number of events, or of customers.

A pilot of fixed length is simulated and counted.
"""

from functools import lru_cache

from stafford.errors import ConfigError
from stafford.generator.calendar import DAY, MINUTE, WEEK
from stafford.generator.draft import Draft
from stafford.generator.mess_profile import Defect
from stafford.generator.profile import Profile
from stafford.generator.purchases import expect_repeats
from stafford.generator.randomness import name_stream
from stafford.generator.simulation import Simulation
from stafford.generator.traffic import UNITS_PER_WEEK, to_operational

_PILOT_SESSIONS = 40_000
_PILOT_OPENS_AT = 20_454 * DAY  # Thursday 2026-01-01
_PILOT_WEEKS = 2
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
    return (events_per_day - standing) * 7 / _count_per_session(profile.model_dump_json())


def find_events_per_day(profile: Profile, customers: int, weeks: float) -> float:
    """Events a day of a shop that has so many customers after so many weeks of mean traffic."""
    history = profile.customers.history_weeks
    registrations = customers / (history + weeks)
    repeats = expect_repeats(profile.customers.purchases, history)
    orders = registrations * (1 + repeats) / (1 - profile.sessions.guests)
    sessions = orders / profile.sessions.conversion
    return sessions / 7 * _count_per_session(profile.model_dump_json()) + _count_standing(profile)


def _count_standing(profile: Profile) -> float:
    catalogue = profile.catalogue
    launches = 2 * catalogue.launches_per_week  # and a first lot of stock each
    return (launches + catalogue.products * catalogue.price_changes_per_week) / 7


@lru_cache(maxsize=16)
def _count_per_session(profile_json: str) -> float:
    profile = Profile.model_validate_json(profile_json)
    pilot = Simulation(profile, name_stream("pilot"), _PILOT_OPENS_AT, _PILOT_SESSIONS, EVERYBODY)
    pilot.advance(_PILOT_OPENS_AT + MINUTE)  # opens the doors, which is not counted
    end = _PILOT_OPENS_AT + _PILOT_WEEKS * WEEK
    rows = 0.0
    while pilot.now < end:
        for draft in pilot.advance(min(pilot.now + DAY, end)):
            if draft.topic != "products":
                rows += _count_records(draft, profile)
    units = 0.0
    for zone, traffic in enumerate(pilot.traffic):
        stretch = traffic.reach(end, end)
        units += pilot.customers.share_of_zone(zone) * to_operational(end, stretch.first, stretch.begins)
    return rows / (_PILOT_SESSIONS * units / UNITS_PER_WEEK)


def _count_records(draft: Draft, profile: Profile) -> float:
    rates = profile.mess.rates(draft.topic)
    copies = rates.get(Defect.DUPLICATE, 0.0) + rates.get(Defect.DUPLICATE_LATER, 0.0)
    return len(draft) * (1 + copies)
