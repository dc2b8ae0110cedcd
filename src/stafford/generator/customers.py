"""Who buys: a base, registrations ever after, when each of them orders, and changes of their details."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stafford.generator.accounts import STAFF, TEST_ACCOUNTS
from stafford.generator.arrivals import ArrivalProcess
from stafford.generator.calendar import HOUR, MINUTE, WEEK, ZONE_OF_COUNTRY, ZONES
from stafford.generator.details import Details
from stafford.generator.distributions import accumulate_shares, choose
from stafford.generator.draft import Draft, concatenate, draft
from stafford.generator.holidays import Holidays
from stafford.generator.layout import NOTHING
from stafford.generator.lives import BETWEEN, find_comings, live_through, place_all
from stafford.generator.profile import CustomersProfile
from stafford.generator.purchases import NEVER, SPEND_DRAW, tabulate
from stafford.generator.randomness import (
    Flags,
    Floats,
    Ints,
    Keys,
    derive,
    draw_below,
    draw_unit,
    name_stream,
)
from stafford.generator.sessions_profile import ReturningProfile
from stafford.generator.traffic import UNITS, UNITS_PER_WEEK, Stretch
from stafford.generator.vocabulary import COUNTRIES, SEGMENTS

_CUSTOMER = name_stream("customer")
_STAFF = name_stream("staff")
_EVENT = name_stream("customer event")
_REGISTERED, _UPDATED = 0, 1
_SOONEST, _LATEST = 5 * UNITS // 60, 65 * UNITS // 60  # from registration to the first visit, at mean traffic
_NOBODY: Ints = np.zeros((0, 5), np.int64)
_MANY = 1 << 40  # a draw that rendering reduces to the length of a word list
MOST_INITIAL = 20_000
"""Customers that a live shop begins with, at most: all of them go out in its first minute."""


@dataclass(frozen=True, slots=True)
class Purchases:
    """Customers who come to order, in no order. ordinal: 0 for their first; at: UTC microseconds.

    orders_at: when they come to order what they put into the cart at `at`; `at` itself for most.
    """

    customer: Ints
    ordinal: Ints
    at: Ints
    orders_at: Ints


@dataclass(frozen=True, slots=True)
class Comings:
    """Who comes, in no order: to order, and, by zone, because a mail asks them to come back."""

    orders: Purchases
    invited: list[Purchases]


class Customers:
    """Customers of one shop, numbered as they registered; those of the base before it opened.

    Args:
        profile: who they are.
        root: of the shop.
        opens_at: UTC microseconds.
        per_week: registrations in a week of mean traffic.
        most_initial: size of the base, at most.
        holidays: of their countries.
        returning: how carts last; None where none does.
    """

    def __init__(
        self,
        profile: CustomersProfile,
        root: int,
        opens_at: int,
        per_week: float,
        most_initial: int,
        holidays: Holidays,
        returning: ReturningProfile | None = None,
    ) -> None:
        self.profile = profile
        self.holidays = holidays
        self._root = root
        self._opens_at = opens_at
        self._tables = tabulate(profile.purchases, profile.spend)
        self.details = Details(profile, opens_at)
        self.zone_of_country = np.array([ZONE_OF_COUNTRY[name] for name in COUNTRIES], np.int64)
        self.countries = np.array([COUNTRIES.index(name) for name in profile.countries], np.int64)
        self.country_weights = tuple(float(weight) for weight in profile.countries.values())
        self._segments = np.array([SEGMENTS.index(name) for name in profile.segments], np.int64)
        self._segment_bounds = accumulate_shares(list(profile.segments.values()))
        whole_base = round(per_week * profile.history_weeks)
        self.initial = max(1, min(whole_base, most_initial))
        self.base_share = self.initial / max(whole_base, 1)
        self._arrivals = [
            ArrivalProcess(root, f"registrations {zone.name}", per_week * self.share_of_zone(place))
            for place, zone in enumerate(ZONES)
        ]
        self.count = 0
        self._key: Keys = np.zeros(0, np.uint64)
        self.registered_at: Ints = np.zeros(0, np.int64)
        self.country: Ints = np.zeros(0, np.int64)
        self._next: Ints = np.zeros(0, np.int64)
        self._invited: Ints = np.zeros(0, np.int64)  # when a mail brings each back, on the clock of `_next`
        win_back = profile.win_back
        self._dormant = 0 if win_back is None else win_back.after_weeks * UNITS_PER_WEEK
        self._comes_back = 0.0 if win_back is None else win_back.visits
        self._orders: Ints = np.zeros(0, np.int64)
        # UTC microseconds before which no cart of the next order is filled; NEVER where none is.
        self._fills_from: Ints = np.zeros(0, np.int64)
        self._keeps, self._away = 0.0, (0, 0)
        if returning is not None:
            self._keeps = returning.bought
            self._away = (returning.after_h.least * HOUR, returning.after_h.most * HOUR)
        self._members = [_Members() for _ in ZONES]
        self._compatriots = {country: _Members() for country in self.countries.tolist()}

    def keys(self, numbers: Ints) -> Keys:
        """Hash that everything about each customer comes from."""
        keys: Keys = self._key[numbers]
        return keys

    def members(self, zone: int) -> Ints:
        """Customers on a zone's clock, as they registered."""
        return self._members[zone].numbers

    def share_of_zone(self, zone: int) -> float:
        """Share of people who live on a zone's clock."""
        here = everywhere = 0.0
        for country, weight in zip(self.countries.tolist(), self.country_weights, strict=True):
            everywhere += weight
            here += weight if ZONE_OF_COUNTRY[COUNTRIES[country]] == zone else 0.0
        return here / everywhere

    def countries_of_zone(self, zone: int) -> list[tuple[int, float]]:
        """Countries on a zone's clock, places among COUNTRIES, with their weights."""
        pairs = zip(self.countries.tolist(), self.country_weights, strict=True)
        return [(c, weight) for c, weight in pairs if ZONE_OF_COUNTRY[COUNTRIES[c]] == zone]

    def draw_spender(self, numbers: Ints) -> Floats:
        """The uniform number of each customer that says how much they spend: low is much."""
        return draw_unit(self._key[numbers], SPEND_DRAW)

    def open(self) -> Draft:
        """Found the base: who registered in the years before, each with what became of them since."""
        numbers = np.arange(self.initial, dtype=np.int64)
        keys = derive(self._root, _CUSTOMER, numbers)
        history = self.profile.history_weeks * WEEK
        before = (numbers + draw_unit(keys, 1)) * (history / self.initial)
        registered_at = self._opens_at - history + before.astype(np.int64)
        self._enrol(keys, registered_at)
        ages = (self._opens_at - registered_at) * (UNITS_PER_WEEK / WEEK)
        t = self._tables
        live_through(
            self._key[: self.count], -ages.astype(np.int64), self._next, self._orders, self._invited,
            self._dormant, self._comes_back, t.rate_values, t.rate_shares, t.alpha, t.dropout_values,
            t.dropout_shares, t.gap_values, t.gap_shares,
        )  # fmt: skip
        occurred = self._opens_at + MINUTE // 2 + numbers * (MINUTE // 2) // self.initial
        return self._draft(_REGISTERED, numbers, occurred)

    def open_staff(self) -> Draft:
        """Accounts of the shop's own people, who order to see whether it works; nobody counts them."""
        places = np.arange(STAFF, dtype=np.int64)
        keys = derive(self._root, _STAFF, places)
        occurred = np.full(STAFF, self._opens_at + MINUTE // 2)
        return draft(
            "customers",
            kind=_REGISTERED,
            occurred=occurred,
            emitted=occurred,
            key=derive(keys, _EVENT, 0),
            customer=TEST_ACCOUNTS + places,
            country=self.countries[places % len(self.countries)],
            name=draw_below(keys, 4, _MANY),
            segment=self._segments[places % len(self._segments)],
            address=0,
            consent=0,
            registered_at=occurred - self.profile.history_weeks * WEEK,
        )

    def register(
        self, stretches: list[Stretch], of_countries: Mapping[int, Stretch], start: int, end: int
    ) -> tuple[Draft, Ints]:
        """Those who register in [start, end), and their numbers; their first order follows soon.

        Args:
            stretches: by zone, as people come.
            of_countries: by country, as customers live.
            start: UTC microseconds.
            end: UTC microseconds.
        """
        arrivals = [p.arrive(s, start, end) for p, s in zip(self._arrivals, stretches, strict=True)]
        key = np.concatenate([a.key for a in arrivals])
        at = np.concatenate([a.at for a in arrivals])
        zone = np.repeat(np.arange(len(ZONES)), [len(a.at) for a in arrivals])
        order = np.lexsort((key, at))
        first = self.count
        key, at, zone = derive(key[order], _CUSTOMER, 0), at[order], zone[order]
        self._enrol(key, at, zone)
        numbers = np.arange(first, self.count, dtype=np.int64)
        wait = _SOONEST + draw_below(key, 13, _LATEST - _SOONEST)
        for country, stretch in of_countries.items():
            here = self.country[numbers] == country
            self._next[numbers[here]] = place_all(at[here], stretch.first, stretch.begins) + wait[here]
        return self._draft(_REGISTERED, numbers, at, has_city=False), numbers

    def purchase(self, of_countries: Mapping[int, Stretch], end: int) -> Comings:
        """Everybody who comes before `end`, to order or since a mail asks them to, and did not come yet.

        of_countries: by country; customers come by its clock.
        """
        t = self._tables
        rows, invited = [], [[_NOBODY] for _ in ZONES]
        for country, stretch in of_countries.items():
            found = find_comings(
                self._compatriots[country].numbers, self._key, self._next, self._orders, self._invited,
                self._fills_from, self._keeps, self._away[0], self._away[1], self._dormant, self._comes_back,
                end, stretch.first, stretch.begins, t.rate_values, t.rate_shares, t.alpha, t.dropout_values,
                t.dropout_shares, t.gap_values, t.gap_shares,
            )  # fmt: skip
            rows.append(found[found[:, 3] == 0])
            invited[self.zone_of_country[country]].append(found[found[:, 3] == 1])
        return Comings(_list(rows), [_list(of_zone) for of_zone in invited])

    def _enrol(self, keys: Keys, registered_at: Ints, zones: Ints | None = None) -> None:
        units = draw_unit(keys, 0)
        if zones is None:
            bounds = accumulate_shares(self.country_weights)
            country = self.countries[choose(units, bounds)]
            zones = np.array([ZONE_OF_COUNTRY[name] for name in COUNTRIES], np.int64)[country]
        else:
            country = self.choose_country(units, zones, registered_at)
        numbers = np.arange(self.count, self.count + len(keys), dtype=np.int64)
        self._make_room(self.count + len(keys))
        self._key[numbers] = keys
        self.registered_at[numbers] = registered_at
        self.country[numbers] = country
        self._next[numbers] = NEVER
        self._invited[numbers] = NEVER
        self._orders[numbers] = 0
        self._fills_from[numbers] = np.maximum(registered_at, self._opens_at) + BETWEEN
        for zone, members in enumerate(self._members):
            members.add(numbers[zones == zone])
        for code, compatriots in self._compatriots.items():
            compatriots.add(numbers[country == code])
        self.count += len(keys)

    def _make_room(self, customers: int) -> None:
        """Arrays grow by doubling: what is behind `count` is not in use yet."""
        room = max(1024, len(self._key))
        while room < customers:
            room *= 2
        if room > len(self._key):
            for name in ("_key", "registered_at", "country", "_next", "_invited", "_orders", "_fills_from"):
                setattr(self, name, _widen(getattr(self, name), room))

    def choose_country(self, units: Floats, zones: Ints, at: Ints) -> Ints:
        """A country on each zone's clock, at an instant: on its holiday fewer or more are from it."""
        chosen = np.zeros(len(units), np.int64)
        for place in range(len(ZONES)):
            here = zones == place
            of_zone = self.countries_of_zone(place)
            if here.any():
                places = np.array([country for country, _ in of_zone], np.int64)
                days, weights = self.holidays.weigh(place, at[here])
                found, of_here = np.zeros(len(days), np.int64), units[here]
                for day, factors in enumerate(weights):
                    bounds = accumulate_shares([weight * float(factors[c]) for c, weight in of_zone])
                    found[days == day] = places[choose(of_here[days == day], bounds)]
                chosen[here] = found
        return chosen

    def draft_changes(self, numbers: Ints) -> Draft:
        """customer_updated for each time that one of them moves, or changes address or consent."""
        changes = self.details.list_changes(self._key[numbers], self.registered_at[numbers])
        return concatenate([self._draft(_UPDATED, numbers[at < NEVER], at[at < NEVER]) for at in changes])

    def draft_first_orders(self, numbers: Ints, ordered_at: Ints) -> Draft:
        """customer_updated for customers whose first order tells the shop their city."""
        return self._draft(_UPDATED, numbers, ordered_at)

    def consents(self, numbers: Ints, at: Ints) -> Flags:
        """Whether each agrees to marketing mail at an instant."""
        return self.details.consents(self._key[numbers], self.registered_at[numbers], at)

    def _draft(self, kind: int, numbers: Ints, occurred: Ints, *, has_city: bool = True) -> Draft:
        """Events with all details as they are when each occurs. has_city: whether the shop knows it."""
        keys, registered_at = self._key[numbers], self.registered_at[numbers]
        # The rarest segment spends the most: a low draw is a high spender.
        segment = self._segments[choose(1 - draw_unit(keys, SPEND_DRAW), self._segment_bounds)]
        city = draw_below(keys, 5, _MANY) + self.details.has_moved(keys, registered_at, occurred)
        return draft(
            "customers",
            kind=kind,
            occurred=occurred,
            emitted=occurred,
            key=derive(keys, _EVENT, occurred - self._opens_at),
            customer=numbers,
            country=self.country[numbers],
            name=draw_below(keys, 4, _MANY),
            address=self.details.has_other_address(keys, registered_at, occurred),
            city=city if has_city else NOTHING,
            segment=segment,
            consent=self.details.consents(keys, registered_at, occurred),
            registered_at=registered_at,
        )


class _Members:
    """Numbers of customers, as they registered. The array grows by doubling."""

    def __init__(self) -> None:
        self._room: Ints = np.zeros(1024, np.int64)
        self._count = 0

    @property
    def numbers(self) -> Ints:
        return self._room[: self._count]

    def add(self, numbers: Ints) -> None:
        count = self._count + len(numbers)
        if count > len(self._room):
            self._room = _widen(self._room, max(count, 2 * len(self._room)))
        self._room[self._count : count] = numbers
        self._count = count


def _list(rows: list[Ints]) -> Purchases:
    return Purchases(*np.concatenate(rows)[:, [0, 1, 2, 4]].T)


def _widen(values: NDArray[Any], room: int) -> NDArray[Any]:
    wider = np.zeros(room, values.dtype)
    wider[: len(values)] = values
    return wider
