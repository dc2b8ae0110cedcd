"""Lets a shop live: its events go, batch by batch, to the ledger and then to a durable log."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from stafford.domain.flash_sale import FlashSale
from stafford.domain.window import to_micros
from stafford.generator import Batch, Shop, load_profile
from stafford.generator.vocabulary import CATEGORIES
from stafford.jobs.durable_log import open_log
from stafford.jobs.sending import Ledger, Sender, Wait
from stafford.jobs.shop_state import ShopFile, ShopState, settle
from stafford.ledger.journal import Journal, RunSpec
from stafford.settings import Settings
from stafford.transport import Clock, DurableLog

ROWS_PER_BATCH = 10_000
TICK_S = 0.5
SLACK = timedelta(seconds=45)  # times the speed: how late or early a shop's clock may be,
MOST_SLACK = timedelta(minutes=10)  # but never more than that
LEAST_STEP = timedelta(milliseconds=20)
OPENING = timedelta(minutes=1)  # the catalogue and the first customers are spread over it
PAST = timedelta(days=30)  # how long ago a shop opens that is to run faster than the clock
RATE_WINDOW_S = 5.0


@dataclass(frozen=True, slots=True)
class PlannedSale:
    """A flash sale that begins some time from now. category: as contracts say; factor: how much busier."""

    begins_in: timedelta
    lasts: timedelta
    category: str
    discount_percent: int
    factor: float

    def starting(self, now: int) -> FlashSale:
        """It, on the shop's clock, which shows `now` (UTC microseconds)."""
        start = now + self.begins_in // timedelta(microseconds=1)
        end = start + self.lasts // timedelta(microseconds=1)
        return FlashSale(start, end, CATEGORIES.index(self.category), self.discount_percent, self.factor)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a simulation is."""

    sent: int  # records acknowledged by this job
    spooled: int  # of those, the ones in spool segments
    events_per_s: float  # of the wall clock, over the last seconds
    elapsed_s: float
    shop_time: datetime  # every event before it is acknowledged
    behind: timedelta  # how far shop_time is behind where it ought to be
    transport: str  # where the next batch goes
    backlog: int  # records in the spool that Kafka is still to be given
    trouble: str  # why it is not Kafka, or why the stream waits; empty when all is well
    traffic_multiplier: float  # 1.0 is the mean of a week
    counts: Mapping[str, int]  # records sent, by event_type


Watcher = Callable[[Progress], None]


class SimulateJob:
    """One shop, one ledger, one durable log; close it, or use it in a `with`.

    Delivery: at least once. A batch is in the ledger before it is sent, and acknowledged there after; a
    crash leaves at most one batch in doubt, which the next start sends again under the same ids.
    """

    def __init__(
        self,
        shop: Shop,
        state: ShopState,
        save: Callable[[ShopState], None],
        log: DurableLog,
        ledger: Ledger,
        *,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Wait = threading.Event.wait,
        notify: Callable[[str], None] = lambda _: None,
        resources: ExitStack | None = None,
    ) -> None:
        self.shop = shop
        self.state = state
        self._save = save
        self._sender = Sender(log, ledger, wait=wait, notify=notify)
        self._clock = clock
        self._monotonic = monotonic
        self._wait = wait
        self._resources = resources or ExitStack()
        self._stream = shop.open(state.sent_through)
        self._counts: Counter[str] = Counter()
        self._spooled = 0
        self._stop = threading.Event()
        self._tick: Callable[[], None] = lambda: None
        self._began = monotonic()
        self._recent: list[tuple[float, int]] = [(self._began, 0)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Save how far it came and release log, ledger and home; closing twice is harmless.

        After an error the job is of no more use: close it and build another, which goes on where this one
        was acknowledged last.
        """
        self._resources.close()

    def backfill(
        self, until: datetime, *, stop: threading.Event | None = None, watch: Watcher = lambda _: None
    ) -> Progress:
        """Send everything up to an instant of shop time, as fast as the log takes it.

        Args:
            until: UTC; nothing happens when the shop is past it already.
            stop: ends it after the batch in flight.
            watch: is told after every batch.

        Raises:
            TransportUnavailable: the log did not take a batch after several attempts; start again later.
            SpoolFull: it was stopped while it waited for room; the next start sends the batch again.
            StorageError: ledger, state or spool cannot be written.
        """
        self._stop, self._tick = stop or threading.Event(), lambda: watch(self.measure(until))
        while self.state.sent_through < until and not self._stop.is_set():
            self._advance(min(until, self.state.sent_through + self._stride()))
            watch(self.measure(until))
        return self.measure(until)

    def live(
        self,
        *,
        duration_s: float | None = None,
        speed: float = 1.0,
        is_steady: bool = True,
        stop: threading.Event | None = None,
        watch: Watcher = lambda _: None,
    ) -> Progress:
        """Send events as their time comes, until the duration is over or `stop` is set.

        The shop's clock goes on from where it stopped, `speed` times as fast as ours, and never ahead of
        it: events from the future would rightly be refused by silver. Visitors come by chance, so the clock
        may be SLACK late or early: it goes a little faster or slower to send as many records as the shop has
        on average at this hour.

        Args:
            duration_s: seconds of our clock; None for no end.
            speed: shop seconds for each of ours.
            is_steady: hold the rate; False leaves it to chance, and the shop's clock is exact.
            stop: ends it after the batch in flight; is set when the duration is over and there is no room.
            watch: is told after every tick, about twice a second.

        Raises:
            TransportUnavailable: the log did not take a batch after several attempts; start again later.
            SpoolFull: it was stopped while it waited for room; the next start sends the batch again.
            StorageError: ledger, state or spool cannot be written.
        """
        stop = stop or threading.Event()
        self.backfill(min(self.shop.opens_at + OPENING, self._clock()), stop=stop, watch=watch)
        began, origin = self._monotonic(), self.state.sent_through
        slack = min(SLACK * speed, MOST_SLACK) if is_steady else timedelta(0)
        target, due, sent_before = origin, 0.0, self._counts.total()

        def tick() -> None:
            watch(self.measure(target - slack))
            if duration_s is not None and self._monotonic() - began >= duration_s:
                stop.set()  # or a full spool would make the duration longer

        self._tick = tick
        while not stop.is_set():
            elapsed = self._monotonic() - began
            lived = elapsed if duration_s is None else min(elapsed, duration_s)
            before = target
            target = max(target, min(origin + timedelta(seconds=lived * speed), self._clock()))
            due += self._expect(before, target)
            least = target - slack
            if self.state.sent_through < least:
                self._advance(min(least, self.state.sent_through + self._stride()))
            is_in_time = self.state.sent_through >= least
            if is_in_time:
                missing = due - (self._counts.total() - sent_before)
                self._catch_up(missing, min(target + slack, self._clock()))
            watch(self.measure(least))
            if duration_s is not None and elapsed >= duration_s:
                break
            if is_in_time:
                pause = TICK_S if duration_s is None else min(TICK_S, duration_s - elapsed)
                self._wait(stop, max(0.0, pause - (self._monotonic() - began - elapsed)))
        return self.measure(target - slack)

    def _expect(self, start: datetime, end: datetime) -> float:
        """Records that the shop has in a stretch of its time, on average."""
        per_day = self.shop.events_per_day * self._stream.measure_traffic(end)
        return per_day * ((end - start) / timedelta(days=1))

    def _catch_up(self, missing: float, latest: datetime) -> None:
        """Let the shop's clock run on until it has made so many records, but not beyond an instant."""
        while missing >= 1 and self.state.sent_through < latest:
            now = self.state.sent_through
            per_second = max(self._expect(now, now + timedelta(seconds=1)), 1e-6)
            step = max(timedelta(seconds=missing / per_second), LEAST_STEP)
            before = self._counts.total()
            self._advance(min(now + step, latest))
            missing -= self._counts.total() - before

    def measure(self, target: datetime) -> Progress:
        """Tell where the simulation is, measured against where it ought to be."""
        now, sent, condition = self._monotonic(), self._counts.total(), self._sender.condition
        self._recent = [point for point in self._recent if now - point[0] <= RATE_WINDOW_S] or self._recent[
            -1:
        ]
        since, before = self._recent[0]
        self._recent.append((now, sent))
        reached = self.state.sent_through
        return Progress(
            sent=sent,
            spooled=self._spooled,
            events_per_s=(sent - before) / (now - since) if now > since else 0.0,
            elapsed_s=now - self._began,
            shop_time=reached,
            behind=max(target - reached, timedelta(0)),
            transport=condition.transport,
            backlog=condition.backlog,
            trouble=condition.trouble,
            traffic_multiplier=self._stream.measure_traffic(reached),
            counts=dict(self._counts),
        )

    def _stride(self) -> timedelta:
        if self.state.sent_through < self.shop.opens_at + OPENING:
            return OPENING / 60
        # So much shop time that a batch at mean traffic has ROWS_PER_BATCH rows.
        return max(timedelta(days=ROWS_PER_BATCH / self.shop.events_per_day), timedelta(milliseconds=1))

    def _advance(self, until: datetime) -> None:
        batch = self._stream.advance(until)
        for start in range(0, len(batch), ROWS_PER_BATCH):
            self._deliver(batch.slice(start, ROWS_PER_BATCH))
        self.state = replace(self.state, sent_through=until)
        if len(batch):
            self._save(self.state)

    def _deliver(self, batch: Batch) -> None:
        delivery = self._sender.send(batch, self._stop, self._tick)
        self._spooled += delivery.spooled
        for entry in batch.records.column("event_type").value_counts().to_pylist():
            self._counts[entry["values"]] += entry["counts"]


def read_wall_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


def build(
    settings: Settings,
    *,
    profile: str | None = None,
    seed: int | None = None,
    events_per_day: float | None = None,
    at_first: float | None = None,
    opens_at: datetime | None = None,
    sales: Sequence[PlannedSale] = (),
    speed: float = 1.0,
    transport: str = "auto",
    log: DurableLog | None = None,
    ledger: Ledger | None = None,
    clock: Clock = read_wall_clock,
    monotonic: Callable[[], float] = time.monotonic,
    wait: Wait = threading.Event.wait,
    notify: Callable[[str], None] = lambda _: None,
) -> SimulateJob:
    """Wire the home's shop to its ledger and to a durable log; close the job when it is done.

    Args:
        settings: which home, which Kafka.
        profile: the kind of shop; None goes on with the home's, or takes `fashion-retail`.
        seed: which one of its kind; None likewise, or takes 42.
        events_per_day: the size of the shop, records a day of mean traffic; None likewise, or takes five
            records a second.
        at_first: the same in place of it, at the traffic of the opening.
        opens_at: when a new shop opens, UTC. By default a minute ago, on the minute, so that its catalogue
            is there when it goes live; with a speed above 1, thirty days ago, for a past to run through.
        sales: flash sales to come, remembered by the home.
        speed: as `live` will be asked to run; only its being above 1 matters here.
        transport: `kafka`, `files`, or `auto`: Kafka while a broker answers, files while none does.
        log: in place of what `transport` names; the caller closes it.
        ledger: in place of the home's; the caller closes it.
        clock: the wall clock, UTC.
        monotonic: the clock for pace and rates, in seconds.
        wait: sleeps on the stop event, for tests that do not want to.
        notify: is told in words what a person should know.

    Raises:
        HomeInUse: another process simulates the same shop.
        ConfigError: the home has another shop, or the profile is wrong.
        TransportUnavailable: `kafka` was asked for and no broker answers.
        UnsafeChange: `kafka` was asked for while older records wait in the spool.
    """
    with ExitStack() as resources:
        file = resources.enter_context(ShopFile(settings.home_dir))
        past = PAST if speed > 1 else OPENING
        opening = opens_at or (clock() - past - SLACK).replace(second=0, microsecond=0)
        stored = file.load()
        state = settle(
            stored, profile=profile, seed=seed, events_per_day=events_per_day or at_first, opens_at=opening
        )
        kind = load_profile(state.profile, settings.config_dir / "profiles")
        shop = Shop(kind, state.seed, state.opens_at, state.events_per_day)
        if stored is None and at_first is not None:
            # As busy as asked for when it opens: so much is that of the mean.
            busy = shop.open().measure_traffic(state.opens_at + OPENING)
            state = replace(state, events_per_day=at_first / busy)
            shop = replace(shop, events_per_day=state.events_per_day)
        if sales:
            begins = to_micros(state.sent_through)
            added = tuple(sale.starting(begins) for sale in sales)
            state = replace(state, flash_sales=(*state.flash_sales, *added))
        shop = replace(shop, flash_sales=state.flash_sales)
        if log is None:
            log = open_log(settings, transport, shop.run_id, clock, notify)
            resources.callback(log.close)
        if ledger is None:
            ledger = Journal.open(settings.ledger_dir, _describe(shop, state))
            resources.callback(ledger.close)
        if stored is None or sales:
            file.save(state)
        held = ExitStack()
        job = SimulateJob(
            shop, state, file.save, log, ledger,
            clock=clock, monotonic=monotonic, wait=wait, notify=notify, resources=held,
        )  # fmt: skip
        held.push(resources.pop_all())
        held.callback(lambda: file.save(job.state))
    return job


def _describe(shop: Shop, state: ShopState) -> RunSpec:
    return RunSpec(
        run_id=shop.run_id,
        profile=state.profile,
        seed=state.seed,
        opens_at=state.opens_at.isoformat().replace("+00:00", "Z"),
        events_per_day=state.events_per_day,
    )
