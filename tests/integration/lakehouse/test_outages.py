"""A shop lives through one outage of Kafka after another; at the end the ledger reconciles."""

import threading
import time
from itertools import count
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.ports import own

from stafford.errors import TransportUnavailable
from stafford.jobs import ingest, reconcile, simulate, topics
from stafford.jobs import spool as jobs_spool
from stafford.jobs.simulate import Progress, SimulateJob
from stafford.runtime.ports import first_free
from stafford.settings import Settings
from stafford.transport import list_segments
from stafford.transport.drain import drain

from ...unit.transport.builders import read_stamp  # noqa: TID252 - shared by tests
from ..victim import Victim  # noqa: TID252 - shared by tests

pytestmark = [pytest.mark.kafka, pytest.mark.spark, pytest.mark.slow]

Arrival = tuple[str, bytes, str]  # topic, key, event_id

PER_SECOND = 40.0
FROZEN_S = 15


class Life:
    """A shop that lives in a thread; the test looks at what its view would show."""

    def __init__(self, job: SimulateJob) -> None:
        self.now: Progress | None = None
        self.transports: list[str] = []
        self._stop, self._failure = threading.Event(), None
        self._thread = threading.Thread(target=self._live, args=(job,))
        self._thread.start()

    def _live(self, job: SimulateJob) -> None:
        try:
            with job:
                job.live(stop=self._stop, watch=self._watch)
        except BaseException as exc:  # noqa: BLE001 - raised in the test's own thread
            self._failure = exc

    def _watch(self, now: Progress) -> None:
        self.now = now
        if self.transports[-1:] != [now.transport]:
            self.transports.append(now.transport)

    def wait_for(self, transport: str, trouble: str = "") -> None:
        """Wait until the view says where the stream goes and why, and until it has gone on there."""
        deadline, goal = time.monotonic() + 90, None
        while True:
            assert self._failure is None, self._failure
            assert time.monotonic() < deadline, self.now
            now = self.now
            if now and now.transport == transport and trouble in now.trouble:
                goal = goal or now.sent + PER_SECOND
                if now.sent >= goal:
                    return
            time.sleep(0.05)

    def end(self) -> None:
        self._stop.set()
        self._thread.join(60)
        assert self._failure is None, self._failure


def sending_order(settings: Settings) -> dict[tuple[str, str], int]:
    """The place of each event in the stream, by (topic, event_id), from the ledger."""
    places, numbers = {}, count()
    for part in sorted(settings.ledger_dir.glob("*/parts/*.parquet")):
        labels = pq.read_table(part)
        for event in zip(labels["topic"].to_pylist(), labels["event_id"].to_pylist(), strict=True):
            places.setdefault(event, next(numbers))
    return places


def read_arrivals(victim: Victim, names: list[str]) -> list[Arrival]:
    """Everything in Kafka, in order within each key."""
    return [(topic, key, read_stamp(headers)[0]) for topic in names for key, _, headers in victim.read(topic)]


def find_trouble(places: dict[tuple[str, str], int], arrivals: list[Arrival]) -> list[str]:
    """What is wrong: events that are missing, were never sent, or overtaken by a later one of their key."""
    newest: dict[tuple[str, bytes], int] = {}
    seen, wrong = set(), []
    for topic, key, event_id in arrivals:
        if (topic, event_id) not in places:
            wrong.append(f"{event_id} was never sent")
        elif (topic, event_id) not in seen:
            seen.add((topic, event_id))
            place = places[topic, event_id]
            if place < newest.get((topic, key), -1):
                wrong.append(f"{event_id} was overtaken")
            newest[topic, key] = max(newest.get((topic, key), -1), place)
    return wrong + [f"{event_id} is missing" for topic, event_id in places.keys() - seen]


def test_trouble_is_found() -> None:
    """Control: a lost, an invented and an overtaken event are named; a second arrival anywhere is none."""
    places = {("t", "a"): 0, ("t", "b"): 1, ("t", "c"): 2}
    fine = [("t", b"k", name) for name in "abacab"]
    assert find_trouble(places, fine) == []
    assert find_trouble(places, fine[:3]) == ["c is missing"]
    assert find_trouble(places, [*fine, ("t", b"k", "d")]) == ["d was never sent"]
    assert find_trouble(places, [("t", b"k", name) for name in "acb"]) == ["b was overtaken"]
    assert find_trouble(places, [("t", name.encode(), name) for name in "cba"]) == []


@pytest.mark.usefixtures("spark")
def test_a_shop_outlives_outages_and_reconciles(victim: Victim, tmp_path: Path) -> None:
    """A lost topic, a freeze, a kill: no restart, no help, 0 lost, 0 doubled, and each key in its order."""
    settings = Settings(home=tmp_path / "home", kafka={"bootstrap.servers": victim.bootstrap})
    with topics.build(settings) as planned:
        planned.apply()
        names = list(planned.desired)
        # a topic that is lost before anything was in it: nobody could give back what was
        planned.delete("clickstream")
    life = Life(simulate.build(settings, events_per_day=PER_SECOND * 86_400))
    try:
        life.wait_for("files", "clickstream")
        with topics.build(settings) as planned:
            planned.apply()
        life.wait_for("kafka")
        victim.process.suspend()
        life.wait_for("files")
        time.sleep(FROZEN_S)
        victim.process.resume()
        life.wait_for("kafka")
        victim.kill()
        life.wait_for("files")
        victim.start()
        life.wait_for("kafka")
    finally:
        life.end()
    assert life.transports.count("files") >= 3
    assert life.now
    assert life.now.spooled
    assert list_segments(settings.spool_dir) == []
    assert find_trouble(sending_order(settings), read_arrivals(victim, names)) == []
    verdict = ingest_and_reconcile(settings)
    assert verdict["lost"] == verdict["doubled"] == 0
    assert verdict["acknowledged"] == life.now.sent
    with topics.build(settings) as planned:
        for name in names:
            planned.delete(name)


@pytest.mark.usefixtures("spark")
def test_a_half_drained_spool_is_read_when_kafka_never_returns(
    victim: Victim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in Kafka and in the spool stands twice in bronze and once in silver; also after the drain."""
    monkeypatch.setattr("stafford.transport.drain.ROWS_AT_ONCE", 100)
    settings = Settings(home=tmp_path / "home", kafka={"bootstrap.servers": victim.bootstrap})
    with topics.build(settings) as planned:
        planned.apply()
        names = list(planned.desired)
    with simulate.build(settings, events_per_day=2_000.0, transport="files") as job:
        job.backfill(job.shop.opens_at + simulate.OPENING)
    # given a drain that stopped in the middle of a segment, and a broker that may be gone for good
    half_way(settings)
    before = dict(ingest_and_reconcile(settings))
    assert before["lost"] == before["doubled"] == 0
    assert before["bronze"] > before["acknowledged"]
    assert before["duplicates_removed"] >= before["bronze"] - before["acknowledged"]
    # when it comes back after all, the rest is drained, and read once more
    assert jobs_spool.build(settings).drain().left == 0
    after = ingest_and_reconcile(settings)
    assert after["lost"] == after["doubled"] == 0
    assert after["bronze"] == 2 * after["acknowledged"]
    assert (after["silver"], after["quarantined"]) == (before["silver"], before["quarantined"])
    with topics.build(settings) as planned:
        for name in names:
            planned.delete(name)


@pytest.mark.usefixtures("spark")
def test_a_broker_that_does_not_answer_keeps_no_spool_out_of_the_lake(tmp_path: Path) -> None:
    """One run brings the spool to silver and says that Kafka was not read; without a spool it fails."""
    nobody = {"bootstrap.servers": f"127.0.0.1:{first_free(own(20_000), set())}"}
    settings = Settings(home=tmp_path / "home", kafka=nobody)
    with pytest.raises(TransportUnavailable, match="no Kafka broker answers"):
        ingest.build(settings).run()
    with simulate.build(settings, events_per_day=2_000.0, transport="files") as job:
        job.backfill(job.shop.opens_at + simulate.OPENING)
    said: list[str] = []
    ingest.build(settings, notify=said.append).run()
    verdict = reconcile.build(settings, with_marts=False).run()
    assert verdict.findings_by_kind == {}
    assert verdict.totals["silver"] > 0
    (words,) = said
    assert words.startswith("KAFKA IS NOT READ")


def half_way(settings: Settings) -> None:
    """Drain until Kafka has a part of the one segment."""
    log, _ = jobs_spool.build(settings).connect()
    stop = threading.Event()
    drain(settings.spool_dir, log.forward, note=lambda *_: stop.set(), stop=stop)
    log.close()
    (found,) = jobs_spool.build(settings).list_segments()
    assert 0 < found.drained < found.records


def ingest_and_reconcile(settings: Settings) -> dict[str, int]:
    """Read Kafka and the spool into silver, and give the totals of a verdict that must be good."""
    ingest.build(settings).run()
    verdict = reconcile.build(settings, with_marts=False).run()
    assert verdict.findings_by_kind == {}
    return verdict.totals
