"""Who comes, why, with what device, and how far they get."""

from dataclasses import dataclass

import numpy as np

from stafford.generator.curve import MINUTE, SECOND
from stafford.generator.customers import Customers
from stafford.generator.distributions import accumulate_shares, choose
from stafford.generator.layout import NOTHING
from stafford.generator.profile import SessionsProfile
from stafford.generator.randomness import (
    Floats,
    Ints,
    Keys,
    derive,
    draw_below,
    draw_unit,
    name_stream,
    raise_to,
)
from stafford.generator.vocabulary import CHANNELS, DEVICES

BROWSES, CARTS, CHECKS_OUT, ORDERS = 0, 1, 2, 3
"""How far a session gets; each depth includes the ones before."""

_SESSION = name_stream("session")
_PER_CELL = 1 << 24  # more sessions than a minute can hold
_MOST_DELAY = 2 * SECOND


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions in order of their cell. start, delay: microseconds; customer: number or NOTHING.

    device, channel, country: places among the words of their fields. steps: looks after the landing page.
    """

    key: Keys
    start: Ints
    depth: Ints
    steps: Ints
    device: Ints
    channel: Ints
    country: Ints
    customer: Ints
    delay: Ints

    def __len__(self) -> int:
        return len(self.key)


class SessionPlanner:
    """Draws sessions for cells of one minute."""

    def __init__(self, profile: SessionsProfile, root: int, customers: Customers) -> None:
        intents = list(profile.intents.items())
        self._root = root
        self._customers = customers
        self._channels = np.array([CHANNELS.index(name) for name in profile.channels], np.int64)
        self._intent_bounds = accumulate_shares([i.share for _, i in intents])
        self._channel_bounds = accumulate_shares(list(profile.channels.values()))
        # Column d: a session of this intent gets at least to depth d+1.
        self._depths = _tabulate([[i.with_cart, i.with_checkout, i.with_order] for _, i in intents])
        self._signed_in = np.array([i.signed_in for _, i in intents], np.float64)
        self._devices = _tabulate(
            [_accumulate([i.devices.get(device, 0.0) for device in DEVICES]) for _, i in intents]
        )
        self._least = np.array([i.steps.least for _, i in intents], np.int64)
        self._most = np.array([i.steps.most for _, i in intents], np.int64)
        self._shares = [i.share for _, i in intents]

    def plan(self, cells: Ints, counts: Ints, cell_starts: Ints, known_customers: Ints) -> Sessions:
        """Draw the sessions that start in each cell.

        Args:
            cells: numbers of the cells.
            counts: sessions of each cell.
            cell_starts: UTC microseconds of each cell.
            known_customers: how many customers had registered before each cell; at least 1.
        """
        place = np.repeat(np.arange(len(cells)), counts)
        in_cell = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
        keys = derive(self._root, _SESSION, cells[place] * _PER_CELL + in_cell)
        intent = choose(draw_unit(keys, 0), self._intent_bounds)
        device_bounds = self._devices[intent]
        known = self._customers.pick(keys, 1, known_customers[place])
        customer = np.where(draw_unit(keys, 3) < self._signed_in[intent], known, NOTHING)
        elsewhere = self._customers.countries[choose(draw_unit(keys, 4), self._customers.country_bounds)]
        width = self._most[intent] - self._least[intent] + 1
        steps = self._least[intent] + (raise_to(draw_unit(keys, 5), 2) * width).astype(np.int64)
        return Sessions(
            key=keys,
            start=cell_starts[place] + draw_below(keys, 6, MINUTE),
            depth=(draw_unit(keys, 7)[:, None] < self._depths[intent]).sum(axis=1, dtype=np.int64),
            steps=steps,
            device=(draw_unit(keys, 8)[:, None] >= device_bounds).sum(axis=1, dtype=np.int64),
            channel=self._channels[choose(draw_unit(keys, 9), self._channel_bounds)],
            country=np.where(customer >= 0, self._customers.locate(customer), elsewhere),
            customer=customer,
            delay=draw_below(keys, 10, _MOST_DELAY),
        )

    def expect_steps(self) -> float:
        """Mean of `steps`, exactly: P(floor(u*u*w) >= j) = 1 - sqrt(j/w)."""
        mean = 0.0
        for share, least, most in zip(self._shares, self._least.tolist(), self._most.tolist(), strict=True):
            width = most - least + 1
            tail = [1.0 - float(np.sqrt(j / width)) for j in range(1, width)]
            mean += share / _accumulate_last(self._shares) * (least + _accumulate_last([0.0, *tail]))
        return mean


def _tabulate(rows: list[list[float]]) -> Floats:
    return np.array(rows, np.float64)


def _accumulate(weights: list[float]) -> list[float]:
    bounds: list[float] = accumulate_shares(weights).tolist()
    return bounds


def _accumulate_last(values: list[float]) -> float:
    total = 0.0
    for value in values:  # not sum(): its rounding changed in Python 3.12
        total += value
    return total
