"""How many sessions a day give the wanted number of events a day.

A pilot of fixed length is simulated and counted. Its largest error by far, how long its sessions happened
to be, is taken out by the exact mean that the profile implies.
"""

import sys
from functools import lru_cache

from stafford.errors import ConfigError
from stafford.generator.curve import DAY, MINUTE
from stafford.generator.draft import Draft
from stafford.generator.mess_profile import Defect
from stafford.generator.profile import Profile
from stafford.generator.randomness import name_stream
from stafford.generator.simulation import Simulation

_PILOT_SESSIONS = 24_000
_PILOT_OPENS_AT = 20_454 * DAY  # Thursday 2026-01-01


def find_daily_sessions(profile: Profile, events_per_day: float) -> float:
    """Mean sessions a day.

    Events count with their duplicates; what the shop has before it opens (catalogue, first customers and
    their first stock) does not.

    Raises:
        ConfigError: the catalogue alone makes more events a day than that.
    """
    standing = _count_standing(profile)
    sessions = (events_per_day - standing) / _count_per_session(profile.model_dump_json())
    if not sessions > 0:
        raise ConfigError(
            f"{events_per_day} events per day is too few for profile {profile.name}: its catalogue alone "
            f"makes about {standing:.1f}; ask for more events, or for fewer products"
        )
    return sessions


def _count_standing(profile: Profile) -> float:
    catalogue = profile.catalogue
    launches = 2 * catalogue.launches_per_week  # and a first lot of stock each
    return (launches + catalogue.products * catalogue.price_changes_per_week) / 7


@lru_cache(maxsize=16)
def _count_per_session(profile_json: str) -> float:
    profile = Profile.model_validate_json(profile_json)
    # With as many customers as its traffic asks for: it stands for a small shop.
    everybody = sys.maxsize
    pilot = Simulation(profile, name_stream("pilot"), _PILOT_OPENS_AT, _PILOT_SESSIONS, everybody)
    pilot.advance(1)  # opens the doors, which is not counted
    drafts, sessions = pilot.advance(DAY // MINUTE + 1)
    rows = 0.0
    for draft in drafts:
        if draft.topic != "products":
            rows += _count_records(draft, profile)
    surplus = float(sessions.steps.mean()) - pilot.planner.expect_steps()
    return rows / len(sessions) - surplus


def _count_records(draft: Draft, profile: Profile) -> float:
    rates = profile.mess.rates(draft.topic)
    copies = rates.get(Defect.DUPLICATE, 0.0) + rates.get(Defect.DUPLICATE_LATER, 0.0)
    return len(draft) * (1 + copies)
