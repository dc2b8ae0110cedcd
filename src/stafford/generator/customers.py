"""Who buys: an initial base, registrations ever after, and the few changes of their details."""

from dataclasses import dataclass

import numpy as np

from stafford.generator.curve import DAY, MINUTE
from stafford.generator.distributions import accumulate_shares, choose
from stafford.generator.draft import Draft, draft
from stafford.generator.layout import NOTHING
from stafford.generator.profile import CustomersProfile
from stafford.generator.randomness import (
    Flags,
    Ints,
    Keys,
    derive,
    draw_below,
    draw_unit,
    name_stream,
    raise_to,
)
from stafford.generator.vocabulary import COUNTRIES, SEGMENTS

_CUSTOMER = name_stream("customer")
_EVENT = name_stream("customer event")
_REGISTERED, _UPDATED = 0, 1
_MOVES_WITHIN = 60 * DAY
MOST_INITIAL = 20_000
"""Customers that a shop begins with, at most: all of them go out in its first minute, before any visit."""

_MANY = 1 << 40  # a draw that rendering reduces to the length of a word list


@dataclass(frozen=True, slots=True)
class Registrations:
    """New customers, in order of their numbers; registered_at in UTC microseconds."""

    numbers: Ints
    registered_at: Ints


class Customers:
    """Customers of one shop: 0 to initial-1 in its first minute, then numbered as they come."""

    def __init__(
        self, profile: CustomersProfile, root: int, opens_at: int, daily_sessions: float, most_initial: int
    ) -> None:
        self._profile = profile
        self._root = root
        self.opens_at = opens_at
        self.initial = max(1, min(round(profile.initial_per_daily_session * daily_sessions), most_initial))
        self.countries = np.array([COUNTRIES.index(name) for name in profile.countries], np.int64)
        self._segments = np.array([SEGMENTS.index(name) for name in profile.segments], np.int64)
        self.country_bounds = accumulate_shares(list(profile.countries.values()))
        self._segment_bounds = accumulate_shares(list(profile.segments.values()))

    def key(self, numbers: Ints) -> Keys:
        """Hash that everything about each customer comes from."""
        return derive(self._root, _CUSTOMER, numbers)

    def locate(self, numbers: Ints) -> Ints:
        """Country of each customer, as its place among the words."""
        return self.countries[choose(draw_unit(self.key(numbers), 0), self.country_bounds)]

    def pick(self, keys: Keys, draw: int, known: Ints) -> Ints:
        """A customer for each session among the `known` first ones, by a power law; uses draws draw, draw+1.

        Newcomers are counted from the last registration: they come back soon, or never.
        """
        ranks = raise_to(draw_unit(keys, draw), self._profile.loyalty_power)
        picked = np.minimum((ranks * known).astype(np.int64), known - 1)
        recent = draw_unit(keys, draw + 1) < self._profile.newcomers
        return np.where(recent, known - 1 - picked, picked)

    def open(self) -> Registrations:
        """The initial base, spread over the second half of the shop's first minute."""
        numbers = np.arange(self.initial, dtype=np.int64)
        return Registrations(numbers, self.opens_at + MINUTE // 2 + numbers * (MINUTE // 2) // self.initial)

    def register(self, first: int, counts: Ints, cell_starts: Ints) -> Registrations:
        """Give numbers from `first` on to the customers who register in each cell of one minute."""
        numbers = np.arange(first, first + int(counts.sum()), dtype=np.int64)
        starts = np.repeat(cell_starts, counts)
        return Registrations(numbers, starts + draw_below(self.key(numbers), 1, MINUTE))

    def draft_registrations(self, new: Registrations) -> Draft:
        """customer_registered; the initial base has ordered before, so it has a city."""
        has_city = new.numbers < self.initial
        return self._draft(_REGISTERED, new.numbers, new.registered_at, new.registered_at, has_city, cities=0)

    def draft_moves(self, base: Registrations) -> Draft:
        """customer_updated for the members of the initial base who move to another city."""
        keys = self.key(base.numbers)
        moves: Flags = draw_unit(keys, 2) < self._profile.moves
        numbers, registered_at = base.numbers[moves], base.registered_at[moves]
        moved_at = registered_at + MINUTE + draw_below(keys[moves], 3, _MOVES_WITHIN)
        return self._draft(
            _UPDATED, numbers, registered_at, moved_at, np.ones(len(numbers), np.bool_), cities=1
        )

    def draft_first_orders(self, numbers: Ints, registered_at: Ints, ordered_at: Ints) -> Draft:
        """customer_updated for customers whose first order tells the shop their city."""
        has_city = np.ones(len(numbers), np.bool_)
        return self._draft(_UPDATED, numbers, registered_at, ordered_at, has_city, cities=0)

    def _draft(
        self, kind: int, numbers: Ints, registered_at: Ints, occurred: Ints, has_city: Flags, *, cities: int
    ) -> Draft:
        keys = self.key(numbers)
        return draft(
            "customers",
            kind=kind,
            occurred=occurred,
            emitted=occurred,
            key=derive(keys, _EVENT, occurred - self.opens_at),
            customer=numbers,
            country=self.locate(numbers),
            name=draw_below(keys, 4, _MANY),
            city=np.where(has_city, draw_below(keys, 5, _MANY) + cities, NOTHING),
            segment=self._segments[choose(draw_unit(keys, 6), self._segment_bounds)],
            consent=(draw_unit(keys, 7) < self._profile.consents).astype(np.int64),
            registered_at=registered_at,
        )
