"""A shop, and its stream of events."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256

import numpy as np

from stafford.domain.flash_sale import FlashSale
from stafford.domain.window import to_micros
from stafford.errors import ConfigError
from stafford.generator.assembly import Batch, assemble
from stafford.generator.calendar import DAY
from stafford.generator.calibration import find_crowd, find_weekly_sessions
from stafford.generator.customers import MOST_INITIAL
from stafford.generator.draft import Draft, concatenate
from stafford.generator.layout import EMITTED, LAYOUTS
from stafford.generator.mess import Mess
from stafford.generator.profile import Profile
from stafford.generator.schedule import Schedule
from stafford.generator.simulation import WHOLE, Simulation

GENERATOR_VERSION = 7
"""Raise it with every change of the bytes that come out, so that no two versions share ids."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""The contracts refuse what is older. A shop's first customers registered long before it opens."""
LATEST = datetime(2099, 12, 30, tzinfo=UTC)
"""The wrong dates of the mess are a day and more ahead of every record that is emitted before."""

_SPAN_EVENTS = 120_000
_LONGEST_SPAN = 7 * DAY


@dataclass(frozen=True)
class Shop:
    """A shop: everything about its events follows from these four values, on every machine.

    profile: what kind of shop. seed: which one of its kind. opens_at: when its life begins, UTC.
    events_per_day: mean number of records a day of mean traffic, duplicates counted; what it has before it
    opens (catalogue, first stock, first customers) comes on top. most_initial: customers it begins with, at
    most; guests make up for those who are left out. flash_sales: on top of the profile's; they
    bend its traffic from their start on, and are no part of its name.

    Raises:
        ConfigError: opens_at is not in UTC, or so early or late that the contracts refuse what such a shop
            tells; or events_per_day is too few for the profile.
    """

    profile: Profile
    seed: int
    opens_at: datetime
    events_per_day: float
    most_initial: int = MOST_INITIAL
    flash_sales: tuple[FlashSale, ...] = ()

    def __post_init__(self) -> None:
        _check_utc("opens_at", self.opens_at)
        earliest = EARLIEST + timedelta(weeks=self.profile.customers.history_weeks)
        if self.opens_at < earliest:
            raise ConfigError(
                f"opens_at {self.opens_at.isoformat()} is too early: the contracts refuse dates before "
                f"{EARLIEST:%Y-%m-%d}, and the first customers registered "
                f"{self.profile.customers.history_weeks} weeks before; open the shop at "
                f"{earliest:%Y-%m-%d} or later"
            )
        check_not_late("opens_at", self.opens_at)
        if not 0 < self.events_per_day <= 1e10:  # noqa: PLR2004
            raise ConfigError(f"events_per_day is {self.events_per_day}; give a number from 1 to 1e10")

    @cached_property
    def run_id(self) -> str:
        """Names the run: another version, profile, seed, opening or rate has another."""
        return self._digest[:12]

    @cached_property
    def weekly_sessions(self) -> float:
        """Sessions in a week of mean traffic that give `events_per_day`."""
        return find_weekly_sessions(self.profile, self.events_per_day)

    def open(self, start: datetime | None = None, shard: tuple[int, int] = WHOLE) -> "Stream":
        """Begin a stream.

        Args:
            start: the first instant of interest, UTC; earlier events are computed, since later ones follow
                from them, but not written. By default, all events since the shop opened.
            shard: (index, count); keep the records whose key falls to this shard. The shards of one count
                together are exactly the whole.

        Raises:
            ConfigError: start is before the shop opens, or the shard does not exist.
        """
        return Stream(self, self.opens_at if start is None else start, shard)

    def simulate(self, start: int | None = None, shard: tuple[int, int] = WHOLE) -> Simulation:
        """Begin its life. start: UTC microseconds; clicks long before need not be told."""
        return Simulation(
            self.profile,
            self.root,
            to_micros(self.opens_at),
            self.weekly_sessions,
            self.most_initial,
            self.flash_sales,
            find_crowd(self.profile),
            start,
            shard,
        )

    @cached_property
    def root(self) -> int:
        """The 64-bit key that every hash of this shop starts from."""
        return int(self._digest[-16:], 16)

    @cached_property
    def _digest(self) -> str:
        parts = (
            GENERATOR_VERSION,
            self.profile.model_dump_json(),
            self.seed,
            to_micros(self.opens_at),
            float(self.events_per_day),
            self.most_initial,
        )
        return sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


class Stream:
    """A shop's events in order of (emitted_at, event_id, copy), cut wherever the reader likes.

    The same events come out, byte for byte, however `advance` is called.
    """

    def __init__(self, shop: Shop, start: datetime, shard: tuple[int, int]) -> None:
        _check_utc("start", start)
        if start < shop.opens_at:
            raise ConfigError(
                f"stream starts at {start.isoformat()}, before the shop opens at "
                f"{shop.opens_at.isoformat()}; start later or open the shop earlier"
            )
        index, count = shard
        if not 0 <= index < count:
            raise ConfigError(f"shard {index} of {count} does not exist; give 0 to {count - 1}")
        self._start = to_micros(start)
        self._until = self._start
        self._shard = shard
        self._simulation = shop.simulate(self._start, shard)
        # Of a shard's own events: what all shards compute alike costs less in large pieces.
        self._span = min(_LONGEST_SPAN, int(_SPAN_EVENTS * count * DAY / shop.events_per_day))
        self._mess = Mess(shop.profile.mess)
        self._schedule = Schedule()

    def advance(self, until: datetime) -> Batch:
        """As `take`, in one batch of all topics."""
        return assemble(self.take(until))

    def take(self, until: datetime) -> Mapping[str, Draft]:
        """The events emitted from the last call's `until` (at first, the start) up to before this one's.

        Args:
            until: UTC; an equal instant gives no events.

        Returns:
            Events by topic, each topic's in order of (emitted_at, event_id, copy).

        Raises:
            ConfigError: `until` goes back in time, is not in UTC, or is after LATEST.
        """
        _check_utc("until", until)
        check_not_late("until", until)
        micros = to_micros(until)
        if micros < self._until:
            raise ConfigError(f"the stream is past {until.isoformat()} already; open another one")
        self._until = micros
        while self._simulation.now < micros:
            self._admit(self._simulation.advance(min(self._simulation.now + self._span, micros)))
        return self._schedule.take(micros)

    def measure_traffic(self, at: datetime) -> float:
        """How busy the shop is at an instant that is not long past (UTC); 1.0 is its mean."""
        return self._simulation.measure_traffic(to_micros(at))

    def _admit(self, drafts: list[Draft]) -> None:
        for draft in _gather(drafts):
            # Clicks are told for one shard alone. Records of one key have one fate, but for the second
            # account, which has a key of its own.
            has_new_keys = draft.topic == "customers"
            is_mine = draft.topic == "clickstream" or has_new_keys
            for messy in self._mess.spoil(draft if is_mine else self._choose_mine(draft)):
                mine = self._choose_mine(messy) if has_new_keys else messy
                wanted = mine.rows[:, EMITTED] >= self._start
                self._schedule.add(mine if wanted.all() else mine.take(wanted))

    def _choose_mine(self, draft: Draft) -> Draft:
        if self._shard == WHOLE:
            return draft
        owners = draft.column(draft.layout.key_field.column)
        mine = self._simulation.is_mine(np.ascontiguousarray(owners))
        return draft if mine.all() else draft.take(mine)


def _gather(drafts: list[Draft]) -> Iterator[Draft]:
    """What follows from an order in one draft of each topic; clicks, which are many, as they are."""
    for topic in LAYOUTS:
        mine = [draft for draft in drafts if draft.topic == topic]
        if topic == "clickstream":
            yield from mine
        elif mine:
            yield concatenate(mine)


def _check_utc(name: str, instant: datetime) -> None:
    if instant.utcoffset() != timedelta(0):
        raise ConfigError(f"{name} {instant.isoformat()} is not in UTC; write it with a final Z")


def check_not_late(name: str, instant: datetime) -> None:
    """Refuse what is after LATEST.

    Raises:
        ConfigError: it is; name is what the message calls it.
    """
    if instant > LATEST:
        raise ConfigError(f"{name} {instant.isoformat()} is too late; a shop lives until {LATEST:%Y-%m-%d}")
