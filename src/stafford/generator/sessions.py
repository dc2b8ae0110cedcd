"""Who comes, why, with what device, and how far they get."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from stafford.generator.calendar import SECOND
from stafford.generator.campaigns import CART_REMINDER, EMAIL, Running, choose_source
from stafford.generator.compiled import kernel
from stafford.generator.customers import Customers
from stafford.generator.distributions import accumulate_shares
from stafford.generator.layout import NOTHING
from stafford.generator.randomness import (
    Flags,
    Floats,
    Ints,
    Keys,
    below_one,
    choose_one,
    draw_one,
    draw_unit,
)
from stafford.generator.sessions_profile import LOOKS, PathProfile, SessionsProfile
from stafford.generator.traffic import Stretch, normalise
from stafford.generator.traffic_profile import TrafficProfile
from stafford.generator.vocabulary import CHANNELS, DEVICES

CRAWLS, BROWSES, CARTS, CHECKS_OUT, ORDERS = -1, 0, 1, 2, 3
"""How far a session gets; each depth includes the ones before. Bots crawl: they look at much, in no time."""

_MOST_DELAY = 2 * SECOND
_LEAST_CRAWL, _CRAWL_WIDTH = 20, 41  # pages that a bot looks at
_BOT_DEVICE, _BOT_CHANNEL = DEVICES.index("desktop"), CHANNELS.index("direct")  # one user agent
NOTHING_RUNS = Running(np.zeros((0, 5), np.int64), np.zeros(0, np.float64))
_MOST_TRIES = 8
_EVEN = 1e-9  # stands for a weight of nothing: no device is impossible


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions, in no order. start, delay: microseconds; customer: number or NOTHING.

    device, channel, country, campaign: places among the words of their fields; campaign may be NOTHING.
    steps: looks after the landing page; path: which moves they make.
    """

    key: Keys
    start: Ints
    depth: Ints
    steps: Ints
    path: Ints
    device: Ints
    channel: Ints
    campaign: Ints
    country: Ints
    customer: Ints
    delay: Ints

    def __len__(self) -> int:
        return len(self.key)

    def take(self, which: Flags) -> "Sessions":
        """Those that a mask names."""
        return Sessions(*(getattr(self, field.name)[which] for field in fields(self)))

    def join(self, others: "Sessions") -> "Sessions":
        """These, and others behind them."""
        pairs = [(getattr(self, field.name), getattr(others, field.name)) for field in fields(self)]
        return Sessions(*(np.concatenate(pair) for pair in pairs))


class SessionPlanner:
    """Draws sessions of one kind of shop."""

    def __init__(
        self, profile: SessionsProfile, traffic: TrafficProfile, customers: Customers, bots: float = 0.0
    ) -> None:
        """Tabulate. bots: share of sessions without an order that no person makes."""
        paths = list(profile.paths.values())
        intents = list(profile.intents.values())
        self._buying, self._returning = len(intents), len(intents) + 1
        self._checks_out = 0.0 if profile.returning is None else profile.returning.checks_out
        self._customers = customers
        self._bots = bots
        self._channels = np.array([CHANNELS.index(name) for name in profile.channels], np.int64)
        self._channel_bounds = accumulate_shares(list(profile.channels.values()))
        self._intent_bounds = accumulate_shares([i.share for i in intents])
        # Column d: a session of this intent gets at least to depth d+1.
        self._depths = np.array([[i.with_cart, i.with_checkout] for i in intents], np.float64)
        self._signed_in = np.array([i.signed_in for i in intents], np.float64)
        self._least = np.array([p.steps.least for p in paths], np.int64)
        self._width = np.array([p.steps.most - p.steps.least + 1 for p in paths], np.int64)
        self._devices = _tabulate_devices(paths, traffic)
        self.device_shares = _share_devices(profile, intents)
        self.moves = np.stack([_tabulate_moves(path.moves or profile.moves) for path in paths])

    def plan_visits(
        self, keys: Keys, starts: Ints, zone: int, stretch: Stretch, running: Running
    ) -> Sessions:
        """Sessions without an order. keys, starts: of their arrivals, in one zone."""
        return self._plan(keys, starts, zone, stretch, running, self._bots)

    def plan_invited(
        self, keys: Keys, starts: Ints, customer: Ints, zone: int, stretch: Stretch, campaign: int
    ) -> Sessions:
        """Sessions without an order of customers in one zone whom a mail of a campaign brought."""
        sessions = self._plan(keys, starts, zone, stretch, NOTHING_RUNS, 0.0)
        return replace(
            sessions,
            channel=np.full(len(keys), EMAIL),
            campaign=np.full(len(keys), campaign),
            customer=customer,
            country=self._customers.country[customer],
        )

    def plan_buyers(
        self,
        keys: Keys,
        starts: Ints,
        customer: Ints,
        country: Ints,
        hours: Ints,
        running: Running,
        reminded: Flags | None = None,
    ) -> Sessions:
        """Sessions with an order. hours: local hour of the week at each start; reminded: as in returns."""
        depth = np.full(len(keys), ORDERS)
        sessions = self._plan_on(self._buying, keys, starts, depth, customer, country, hours, running)
        if reminded is not None:
            sessions.channel[reminded], sessions.campaign[reminded] = EMAIL, CART_REMINDER
        return sessions

    def plan_returns(
        self, keys: Keys, starts: Ints, customer: Ints, reminded: Flags, hours: Ints, running: Running
    ) -> Sessions:
        """Sessions of customers who come back to their carts. reminded: whether a mail brought them."""
        depth = np.where(draw_unit(keys, 13) < self._checks_out, CHECKS_OUT, CARTS)
        country = self._customers.country[customer]
        sessions = self._plan_on(self._returning, keys, starts, depth, customer, country, hours, running)
        sessions.channel[reminded], sessions.campaign[reminded] = EMAIL, CART_REMINDER
        return sessions

    def _plan(
        self, keys: Keys, starts: Ints, zone: int, stretch: Stretch, running: Running, bots: float
    ) -> Sessions:
        people = self._customers.profile
        members = self._customers.members(zone)
        country = self._customers.choose_country(draw_unit(keys, 4), np.full(len(keys), zone), starts)
        days, weights = self._customers.holidays.weigh(zone, starts)
        welcome = weights / weights.max(1, keepdims=True)
        planned = np.empty((len(keys), 9), np.int64)
        _plan_visits(
            keys, starts, zone, stretch.first, stretch.hours, members, self._customers.registered_at,
            self._customers.country, country, self._intent_bounds, self._depths, self._signed_in, self._least,
            self._width, self._devices, running.rows, running.extra, self._channels, self._channel_bounds,
            people.loyalty_power, people.newcomers, bots, days, welcome, planned,
        )  # fmt: skip
        depth, steps, path, device, channel, country, customer, delay, campaign = planned.T
        return Sessions(keys, starts, depth, steps, path, device, channel, campaign, country, customer, delay)

    def _plan_on(
        self, path: int, keys: Keys, starts: Ints, depth: Ints, customer: Ints, country: Ints, hours: Ints,
        running: Running,
    ) -> Sessions:  # fmt: skip
        """Sessions of people who are known, all on one path."""
        planned = np.empty((len(keys), 5), np.int64)
        _plan_known(
            keys, starts, self._customers.zone_of_country[country], hours, self._least[path],
            self._width[path], self._devices[path], running.rows, running.extra, self._channels,
            self._channel_bounds, planned,
        )  # fmt: skip
        steps, device, channel, delay, campaign = planned.T
        return Sessions(
            keys, starts, depth, steps, np.full(len(keys), path), device, channel, campaign, country,
            customer, delay,
        )  # fmt: skip


def _tabulate_devices(paths: Sequence[PathProfile], traffic: TrafficProfile) -> Floats:
    """Bounds of the choice of a device, by [path, hour of the week, device but the last]."""
    curves = np.stack([normalise(curve) for curve in traffic.curves.values()])
    tables = []
    for path in paths:
        weights = np.array([max(share_of(path.devices, device), _EVEN) for device in DEVICES])
        tables.append([accumulate_shares((weights * curves[:, hour]).tolist()) for hour in range(168)])
    return np.array(tables, np.float64)


def _share_devices(profile: SessionsProfile, intents: Sequence[PathProfile]) -> list[float]:
    """Share of sessions on each device, over all paths."""
    shares = [getattr(intent, "share", 0.0) for intent in intents]
    everything = 0.0
    for share in shares:
        everything += share
    result = []
    for device in DEVICES:
        mixed = 0.0
        for path, share in zip(intents, shares, strict=True):
            mixed += (1 - profile.conversion) * share / everything * share_of(path.devices, device)
        result.append(mixed + profile.conversion * share_of(profile.buying.devices, device))
    return result


def share_of(weights: Mapping[Any, float], name: str) -> float:
    everything = 0.0
    for weight in weights.values():
        everything += weight
    return weights.get(name, 0.0) / everything


def _tabulate_moves(moves: Mapping[Any, Mapping[Any, float]]) -> Floats:
    """Bounds of the choice of the next page, by [page, next page but the last], in the order of LOOKS."""
    rows = [[moves[page].get(following, 0.0) for following in LOOKS] for page in LOOKS]
    return np.array([accumulate_shares(row) for row in rows], np.float64)


@kernel
def _count_known(members: Ints, registered_at: Ints, at: int) -> int:
    low, high = 0, len(members)
    while low < high:
        middle = (low + high) // 2
        if registered_at[members[middle]] < at:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _plan_visits(
    keys: Keys, starts: Ints, zone: int, first: int, hours: Ints, members: Ints, registered_at: Ints,
    country_of: Ints, country: Ints, intents: Floats, depths: Floats, signed_in: Floats, least: Ints,
    width: Ints, devices: Floats, running: Ints, extra: Floats, channels: Ints, channel_bounds: Floats,
    power: int, newcomers: float, bots: float, days: Ints, welcome: Floats, planned: Ints,
) -> None:  # fmt: skip
    for place in range(len(keys)):
        key, row = keys[place], planned[place]
        intent = choose_one(draw_one(key, 1), intents)
        unit, depth = draw_one(key, 2), BROWSES
        if unit < depths[intent, 0]:
            depth = CHECKS_OUT if unit < depths[intent, 1] else CARTS
        unit = draw_one(key, 3)
        row[0], row[1], row[2] = depth, least[intent] + int(unit * unit * width[intent]), intent
        row[3] = choose_one(draw_one(key, 5), devices[intent, hours[starts[place] // 60_000_000 - first]])
        row[4], row[8] = choose_source(
            draw_one(key, 6), zone, starts[place], running, extra, channels, channel_bounds
        )
        row[5], row[6] = country[place], NOTHING
        row[7] = below_one(key, 7, _MOST_DELAY)
        if bots > 0.0 and draw_one(key, 11) < bots:
            row[0], row[1] = CRAWLS, _LEAST_CRAWL + below_one(key, 12, _CRAWL_WIDTH)
            row[3], row[4], row[8] = _BOT_DEVICE, _BOT_CHANNEL, NOTHING
            continue
        if draw_one(key, 8) < signed_in[intent]:
            known = _count_known(members, registered_at, starts[place])
            if known > 0:
                unit, is_new = draw_one(key, 9), draw_one(key, 10) < newcomers
                for again in range(_MOST_TRIES):
                    rank = unit
                    for _ in range(power - 1):
                        rank *= unit
                    picked = min(int(rank * known), known - 1)
                    if is_new:
                        picked = known - 1 - picked
                    # On their holiday some stay away, and somebody else is there.
                    comes = welcome[days[place], country_of[members[picked]]]
                    if comes >= 1.0 or draw_one(key, 60 + again) < comes:
                        break
                    unit = draw_one(key, 70 + again)
                row[6] = members[picked]
                row[5] = country_of[row[6]]


@kernel
def _plan_known(
    keys: Keys, starts: Ints, zones: Ints, hours: Ints, least: int, width: int, devices: Floats,
    running: Ints, extra: Floats, channels: Ints, channel_bounds: Floats, planned: Ints,
) -> None:  # fmt: skip
    for place in range(len(keys)):
        key, row = keys[place], planned[place]
        unit = draw_one(key, 3)
        row[0] = least + int(unit * unit * width)
        row[1] = choose_one(draw_one(key, 5), devices[hours[place]])
        row[2], row[4] = choose_source(
            draw_one(key, 6), zones[place], starts[place], running, extra, channels, channel_bounds
        )
        row[3] = below_one(key, 7, _MOST_DELAY)
