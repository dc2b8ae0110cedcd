"""A simulated shop loses nothing: its ledger and its durable log agree, however it is stopped."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from confluent_kafka import Consumer

from stafford.errors import ConfigError, HomeInUse, SpoolFull, TransportUnavailable, UnsafeChange
from stafford.jobs import durable_log, sending, simulate, topics
from stafford.jobs.simulate import MOST_SLACK, OPENING, SLACK, Progress, SimulateJob
from stafford.settings import PROJECT_DIR, Settings
from stafford.transport import Delivery, MemoryLog, read_segments

from ..unit.transport.builders import read_stamp, read_stamps  # noqa: TID252 - shared by tests

NOW = datetime(2026, 3, 3, 12, 0, 30, tzinfo=UTC)
SMALL = 2_000.0  # records a day; the catalogue and the first customers come on top


class Clocks:
    """A wall clock and a stopwatch that move only when somebody waits."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.elapsed_s)

    def monotonic(self) -> float:
        return self.elapsed_s

    def wait(self, _stop: threading.Event, seconds: float) -> None:
        self.elapsed_s += max(seconds, 0.001)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home of its own."""
    return Settings(home=tmp_path / "home")


@pytest.fixture
def clocks() -> Clocks:
    """Time that stands still."""
    return Clocks()


def open_shop(settings: Settings, clocks: Clocks, **options: object) -> SimulateJob:
    fixed = {"clock": clocks.now, "monotonic": clocks.monotonic, "wait": clocks.wait, "transport": "files"}
    return simulate.build(settings, **{"events_per_day": SMALL, **fixed, **options})


def read_spool_counts(settings: Settings) -> Counter[tuple[str, str]]:
    return Counter(
        (topic, event_id)
        for _, batch in read_segments(settings.spool_dir)
        for topic, (event_id, _, _) in zip(batch["topic"].to_pylist(), read_stamps(batch), strict=True)
    )


def read_ledger(settings: Settings) -> Counter[tuple[str, str]]:
    """Intended records by (topic, event_id), each sending counted."""
    counts: Counter[tuple[str, str]] = Counter()
    for part in settings.ledger_dir.glob("*/parts/*.parquet"):
        labels = pq.read_table(part)
        counts.update(zip(labels["topic"].to_pylist(), labels["event_id"].to_pylist(), strict=True))
    return counts


def test_the_ledger_knows_every_record_of_the_log(settings: Settings, clocks: Clocks) -> None:
    """What was intended is what is durable, record by record, and every batch is acknowledged."""
    with open_shop(settings, clocks) as job:
        done = job.backfill(job.shop.opens_at + timedelta(hours=6))
    spooled = read_spool_counts(settings)
    assert done.sent == done.spooled == spooled.total() > 500
    assert read_ledger(settings) == spooled
    (acks,) = settings.ledger_dir.glob("*/acks.jsonl")
    parts = list(settings.ledger_dir.glob("*/parts/*.parquet"))
    assert len(acks.read_text(encoding="utf-8").splitlines()) == len(parts)
    assert sum(done.counts.values()) == done.sent


def test_stopping_and_starting_makes_no_difference(settings: Settings, tmp_path: Path) -> None:
    """A life in three sittings has the same records as a life in one: no gap, no double, the same ids."""
    ends = [timedelta(minutes=40), timedelta(hours=2), timedelta(hours=5)]
    for end in ends:
        with open_shop(settings, Clocks(), opens_at=NOW - timedelta(days=1)) as job:
            job.backfill(job.shop.opens_at + end)
    whole = Settings(home=tmp_path / "whole")
    with open_shop(whole, Clocks(), opens_at=NOW - timedelta(days=1)) as job:
        job.backfill(job.shop.opens_at + ends[-1])
    assert read_spool_counts(settings) == read_spool_counts(whole)
    assert read_ledger(settings) == read_ledger(whole)


def test_live_time_follows_the_clock(settings: Settings, clocks: Clocks) -> None:
    """Shop time passes at its speed, and what was emitted in it is what was sent."""
    seen: list[Progress] = []
    with open_shop(settings, clocks, speed=60) as job:
        assert job.shop.opens_at == (NOW - timedelta(days=30) - SLACK).replace(second=0)
        done = job.live(duration_s=120, speed=60, watch=seen.append)
    # the opening minute comes at once, then two hours pass
    assert abs(done.shop_time - job.shop.opens_at - timedelta(minutes=1, hours=2)) <= MOST_SLACK
    assert done.behind == timedelta(0)
    assert [now.shop_time for now in seen] == sorted(now.shop_time for now in seen)
    assert len(seen) >= 240
    assert (
        json.loads((settings.home_dir / "shop.json").read_text())["sent_through"]
        == done.shop_time.isoformat()
    )


def test_a_shop_never_runs_ahead_of_the_clock(settings: Settings, clocks: Clocks) -> None:
    """A fast shop slows down when it reaches the present: silver would refuse events from the future."""
    with open_shop(settings, clocks, opens_at=NOW - timedelta(minutes=10)) as job:
        done = job.live(duration_s=30, speed=3600)
    assert NOW + timedelta(seconds=30) - MOST_SLACK <= done.shop_time <= NOW + timedelta(seconds=30)


class TurnedBack(Clocks):
    """A wall clock that is put back by 200 seconds after a minute; a stopwatch is not."""

    def now(self) -> datetime:
        return super().now() - timedelta(seconds=200 if self.elapsed_s > 60 else 0)


def test_a_clock_that_is_put_back_makes_the_shop_wait(settings: Settings) -> None:
    """Shop time never goes back: it stands until the clock has caught up, and nothing is lost or doubled."""
    clocks = TurnedBack()
    seen: list[tuple[float, Progress]] = []
    with open_shop(settings, clocks, events_per_day=None, at_first=86_400.0) as job:
        done = job.live(duration_s=240, watch=lambda now: seen.append((clocks.elapsed_s, now)))
    times = [now.shop_time for _, now in seen]
    assert times == sorted(times)
    # A shop lives a little in the past, and the clock has to come back to where it had been.
    (stood,) = {now.shop_time for at, now in seen if 65 < at < 150}
    assert stood < done.shop_time <= clocks.now()
    counts = read_spool_counts(settings)
    assert read_ledger(settings) == counts
    assert done.sent == counts.total()
    for _, batch in read_segments(settings.spool_dir):
        assert batch["offset"].to_pylist() == sorted(batch["offset"].to_pylist())


@pytest.mark.parametrize(("rate", "speed", "minutes"), [(50, 1, 2), (500, 1, 1), (5, 60, 1)])
def test_a_shop_holds_its_rate_from_the_first_minute(
    settings: Settings, clocks: Clocks, rate: int, speed: int, minutes: int
) -> None:
    """Every minute has what was asked for at that hour, within 2%, although visitors come by chance."""
    seen: list[tuple[float, int]] = []
    log = MemoryLog("run", clocks.now)
    options = {"log": log, "events_per_day": None, "at_first": rate * 86_400.0, "speed": speed}
    with open_shop(settings, clocks, **options) as job:
        job.live(
            duration_s=60 * minutes + 1, speed=speed,
            watch=lambda now: seen.append((clocks.elapsed_s, now.sent)),
        )  # fmt: skip
        begins, stream = job.shop.opens_at + OPENING, job.shop.open()
        busy = [stream.measure_traffic(begins + timedelta(minutes=m)) for m in range(minutes * speed)]
    # What it has before it opens comes at once, before the first tick.
    marks = [next(sent for at, sent in seen if at > 60 * minute) for minute in range(minutes + 1)]
    for minute, (before, later) in enumerate(pairwise(marks)):
        # By the shop's own clock, which shows `speed` minutes more.
        expected = sum(60 * rate * now / busy[0] for now in busy[minute * speed : (minute + 1) * speed])
        assert later - before == pytest.approx(expected, rel=0.02)


def test_chance_alone_would_not_hold_a_rate(settings: Settings, clocks: Clocks) -> None:
    """Control: the same minutes of the same kind of shop, without a clock that gives way, differ by more."""
    with open_shop(settings, clocks, events_per_day=None, at_first=50 * 86_400.0) as job:
        shop = job.shop
    stream, begins = shop.open(), shop.opens_at + timedelta(minutes=1)
    stream.take(begins)
    ends = [begins + timedelta(minutes=minute) for minute in range(1, 6)]
    counts = [sum(map(len, stream.take(end).values())) for end in ends]
    assert any(count != pytest.approx(3000, rel=0.02) for count in counts)
    assert sum(counts) == pytest.approx(5 * 3000, rel=0.08)


def test_a_flash_sale_is_busy_and_remembered(settings: Settings, clocks: Clocks) -> None:
    """In a sale the shop is as much busier as was said, mostly with its category, also after a restart."""
    sale = simulate.PlannedSale(timedelta(minutes=10), timedelta(minutes=10), "electronics", 30, 8.0)
    with open_shop(settings, clocks, sales=[sale]) as job:
        begins = job.state.sent_through + sale.begins_in
    with open_shop(settings, clocks, events_per_day=None) as job:
        stream = job.shop.open()
        before = stream.measure_traffic(begins - timedelta(minutes=5))
        during = stream.measure_traffic(begins + timedelta(minutes=5))
    assert during == pytest.approx(8 * before, rel=0.02)


def test_a_failed_attempt_is_made_again(settings: Settings, clocks: Clocks) -> None:
    """A transient failure doubles records in the log and nothing in the ledger's acknowledgements."""
    log = MemoryLog("run", clocks.now)
    told: list[str] = []
    with open_shop(settings, clocks, log=log, notify=told.append) as job:
        log.failures = 1
        done = job.backfill(job.shop.opens_at + timedelta(seconds=2))
    assert len(told) == 1
    assert "attempt 1 of 3" in told[0]
    assert done.sent == read_ledger(settings).total() < sum(batch.num_rows for batch in log.landed)


def test_a_lasting_failure_is_resumed_later(settings: Settings, clocks: Clocks) -> None:
    """After the attempts are used up the job stops; the next start sends the batch again, and loses none."""
    log = MemoryLog("run", clocks.now)
    with open_shop(settings, clocks, log=log) as job:
        job.backfill(job.shop.opens_at + timedelta(seconds=2))
        log.failures = sending.ATTEMPTS
        with pytest.raises(TransportUnavailable):
            job.backfill(job.shop.opens_at + timedelta(seconds=3))
    assert json.loads((settings.home_dir / "shop.json").read_text())["sent_through"].endswith(":02+00:00")
    with open_shop(settings, clocks, log=log) as job:
        job.backfill(job.shop.opens_at + timedelta(hours=1))
    landed = {
        (topic, event_id)
        for batch in log.landed
        for topic, (event_id, _, _) in zip(batch["topic"].to_pylist(), read_stamps(batch), strict=True)
    }
    assert landed == set(read_ledger(settings))


class Crowded(MemoryLog):
    """Has no room for some appends, and says in between what it has."""

    def __init__(self, clocks: Clocks, refusals: int) -> None:
        super().__init__("run", clocks.now)
        self.refusals = refusals

    def append(self, records: pa.RecordBatch) -> Delivery:
        if self.refusals:
            self.refusals -= 1
            raise SpoolFull("spool has 2 MB of at most 2")
        return super().append(records)


def test_a_full_spool_holds_the_stream(settings: Settings, clocks: Clocks) -> None:
    """The shop waits, for longer than any number of attempts, says so once and in its view, and goes on."""
    log, told, seen = Crowded(clocks, 50), [], []
    with open_shop(settings, clocks, log=log, notify=told.append) as job:
        done = job.backfill(job.shop.opens_at + timedelta(seconds=2), watch=seen.append)
    assert [message.partition(":")[0] for message in told] == ["THE STREAM WAITS"]
    waiting = [now for now in seen if now.trouble]
    assert len(waiting) == 50
    assert {now.sent for now in waiting} == {0}
    assert "spool has 2 MB" in waiting[0].trouble
    assert (done.trouble, done.sent) == ("", sum(batch.num_rows for batch in log.landed))
    assert done.sent == read_ledger(settings).total()


def test_a_waiting_stream_can_be_stopped(settings: Settings, clocks: Clocks) -> None:
    """Stopped while it waits it ends with an error; the batch is in doubt, and the next start sends it."""
    log, stop = Crowded(clocks, 50), threading.Event()
    with open_shop(settings, clocks, log=log) as job, pytest.raises(SpoolFull):
        job.backfill(job.shop.opens_at + OPENING, stop=stop, watch=lambda now: now.trouble and stop.set())
    log.refusals = 0
    with open_shop(settings, clocks, log=log) as job:
        job.backfill(job.shop.opens_at + OPENING)
    landed = Counter(
        (topic, event_id)
        for batch in log.landed
        for topic, (event_id, _, _) in zip(batch["topic"].to_pylist(), read_stamps(batch), strict=True)
    )
    assert set(landed) == set(read_ledger(settings))


def test_a_full_spool_does_not_outlast_the_duration(settings: Settings, clocks: Clocks) -> None:
    """A run for a time ends when it is over, also when it waits for room: with the reason."""
    log = Crowded(clocks, 0)
    with open_shop(settings, clocks, log=log) as job:
        job.backfill(job.shop.opens_at + OPENING)
        log.refusals = 1_000_000
        with pytest.raises(SpoolFull):
            job.live(duration_s=300)
    assert 300 <= clocks.elapsed_s < 310


@pytest.mark.kafka
def test_kafka_alone_is_refused_while_older_records_wait(
    settings: Settings, kafka_config: dict[str, str]
) -> None:
    """Newer records would overtake those in the spool; the message names both ways out."""
    with open_shop(settings, Clocks()) as job:
        job.backfill(job.shop.opens_at + timedelta(seconds=2))
    there = Settings(home=settings.home, kafka=kafka_config)
    with pytest.raises(UnsafeChange, match=r"stafford spool drain.*--transport auto"):
        open_shop(there, Clocks(), transport="kafka")


def test_a_home_keeps_its_shop(settings: Settings, clocks: Clocks) -> None:
    """Another seed, profile or rate is refused; leaving them out goes on."""
    with open_shop(settings, clocks, seed=7) as job:
        first = job.shop.run_id
    for option in ({"seed": 8}, {"events_per_day": 1.0}, {"profile": "other"}):
        with pytest.raises(ConfigError, match=r"has a shop already, with .* and not"):
            open_shop(settings, clocks, **option)
    with open_shop(settings, clocks, events_per_day=None) as job:
        assert job.shop.run_id == first


def test_a_shop_is_simulated_once_at_a_time(settings: Settings, clocks: Clocks) -> None:
    """Two processes would send the same events twice over; the second is refused."""
    with open_shop(settings, clocks), pytest.raises(HomeInUse, match="another process"):
        open_shop(settings, clocks)
    open_shop(settings, clocks).close()


def test_files_are_taken_loudly_when_no_broker_answers(settings: Settings, clocks: Clocks) -> None:
    """Choosing automatically says that it writes to files; kafka refuses; an unknown transport is named."""
    told: list[str] = []
    nobody = Settings(home=settings.home, kafka={"bootstrap.servers": "127.0.0.1:1"})
    log = durable_log.open_log(nobody, "auto", "run", clocks.now, told.append)
    assert log.condition.transport == "files"
    assert "127.0.0.1:1" in log.condition.trouble
    log.close()
    assert "WRITING TO FILES" in told[0]
    for where, command in ((nobody, "stafford kafka start"), (settings, settings.command("kafka start"))):
        with pytest.raises(TransportUnavailable, match=re.escape(f"`{command}`")):
            durable_log.open_log(where, "kafka", "run", clocks.now, told.append)
    with pytest.raises(ConfigError, match="'pigeon' does not exist; give one of auto, kafka, files"):
        durable_log.open_log(settings, "pigeon", "run", clocks.now, told.append)


def start_script(home: Path, *options: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "STAFFORD_HOME": str(home)}
    environment.pop("PYTHONPATH", None)
    script = str(PROJECT_DIR / "src" / "data_generator" / "stream_simulator.py")
    return subprocess.Popen(
        [sys.executable, script, "--rate", "0.5/s", "--transport", "files", "--speed", "600x", *options],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=home.parent,
    )  # fmt: skip


def wait_for_records(settings: Settings, least: int) -> None:
    deadline = time.monotonic() + 90
    while read_spool_counts(settings).total() < least:
        assert time.monotonic() < deadline, "the script sent nothing"
        time.sleep(0.2)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a process could handle")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_loses_nothing(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end the batch in flight: everything intended is durable and acknowledged."""
    settings = Settings(home=tmp_path / "home")
    with start_script(settings.home, "--json") as process:
        wait_for_records(settings, 1)
        psutil.Process(process.pid).send_signal(number)
        output, trouble = process.communicate(timeout=60)
    assert process.returncode == 0, trouble
    assert "Traceback" not in trouble
    assert json.loads(output)["sent"] == read_spool_counts(settings).total()
    assert read_ledger(settings) == read_spool_counts(settings)


@pytest.mark.slow
def test_a_kill_loses_nothing(tmp_path: Path) -> None:
    """After kill -9 the next start sends what was in doubt again: the ledger's ids are the log's ids."""
    settings = Settings(home=tmp_path / "home")
    for least in (200, 2_000):
        with start_script(settings.home) as process:
            wait_for_records(settings, least)
            psutil.Process(process.pid).kill()
    with start_script(settings.home, "--for", "1s") as process:
        _, trouble = process.communicate(timeout=90)
    assert process.returncode == 0, trouble
    spooled, ledger = read_spool_counts(settings), read_ledger(settings)
    assert set(spooled) == set(ledger)
    with simulate.build(settings) as job:
        reached = job.state.sent_through
        truth: Counter[tuple[str, str]] = Counter()
        batch = job.shop.open().advance(reached)
        truth.update(
            zip(batch.records["topic"].to_pylist(), batch.records["event_id"].to_pylist(), strict=True)
        )
    assert not truth - spooled


@pytest.mark.kafka
def test_kafka_has_what_the_ledger_has(kafka_config: dict[str, str], tmp_path: Path, clocks: Clocks) -> None:
    """The same job on a real broker: every intended record is in its topic."""
    settings = Settings(home=tmp_path / "home", kafka=kafka_config)
    with topics.build(settings) as planned:
        planned.apply()
        with open_shop(settings, clocks, transport="auto") as job:
            done = job.backfill(job.shop.opens_at + timedelta(hours=2))
        assert done.transport == "kafka"
        consumer = Consumer({**kafka_config, "group.id": tmp_path.name, "auto.offset.reset": "earliest"})
        consumer.subscribe(list(planned.desired))
        found: Counter[tuple[str, str]] = Counter()
        while found.total() < done.sent:
            message = consumer.poll(20)
            assert message is not None
            found[message.topic(), read_stamp(dict(message.headers()))[0]] += 1
        consumer.close()
        for name in planned.desired:
            planned.delete(name)
    assert found == read_ledger(settings)
