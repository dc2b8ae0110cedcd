"""An ingestion with yesterday's checkpoints, one behind what Kafka deleted, and one that is watched."""

import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.ports import own

from stafford.errors import OffsetOutOfRange, StorageError, Terminal
from stafford.jobs import ingest, reconcile, simulate, topics
from stafford.lakehouse.counts import Counts
from stafford.lakehouse.maintenance import describe
from stafford.lakehouse.upkeep import tend
from stafford.runtime.ports import first_free
from stafford.settings import Settings

from ...unit.transport.builders import read_stamp  # noqa: TID252 - shared by tests
from ..victim import Victim  # noqa: TID252 - shared by tests

pytestmark = [pytest.mark.kafka, pytest.mark.spark, pytest.mark.slow]


class Shop:
    """A shop whose time passes when a test says so."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.said = settings, list[str]()
        self.checkpoints = settings.home_dir / "checkpoints"

    def live(self, time: timedelta) -> None:
        """Send what happens in so much of the shop's time."""
        opens_at = datetime.now(UTC) - timedelta(days=3)
        with simulate.build(
            self.settings, events_per_day=5_000.0, opens_at=opens_at, transport="kafka"
        ) as job:
            job.backfill(job.state.sent_through + time)

    def ingest(self, *, accept_loss: bool = False) -> Counts:
        """Read what is there."""
        return ingest.build(self.settings, notify=self.said.append).run(accept_loss=accept_loss)

    def restore(self, backup: Path) -> None:
        """Put checkpoints back as they were."""
        shutil.rmtree(self.checkpoints)
        shutil.copytree(backup, self.checkpoints)


@pytest.fixture
def shop(victim: Victim, tmp_path: Path) -> Iterator[Shop]:
    """A small shop of three days ago, on topics of its own, that was ingested when it had opened."""
    settings = Settings(home=tmp_path / "home", kafka={"bootstrap.servers": victim.bootstrap})
    with topics.build(settings) as planned:
        planned.apply()
        names = list(planned.desired)
    shop = Shop(settings)
    shop.live(simulate.OPENING)
    shop.ingest()
    yield shop
    with topics.build(settings) as planned:
        for name in names:
            planned.delete(name)


@pytest.mark.usefixtures("spark")
def test_an_old_checkpoint_is_known_and_made_anew(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its next batches would have numbers that the tables know, and be skipped; the control shows that."""
    backup = tmp_path / "backup"
    shutil.copytree(shop.checkpoints, backup)
    shop.live(timedelta(hours=1))
    before = shop.ingest()
    assert shop.said == []
    # when both are restored, and more comes
    shop.restore(backup)
    shop.live(timedelta(hours=1))
    after = shop.ingest()
    assert [text.split("'")[0] for text in shop.said] == ["bronze", "silver"]
    assert after.bronze > before.bronze
    assert after.backlog == 0
    verdict = reconcile.build(shop.settings, with_marts=False).run()
    assert verdict.findings_by_kind == {}
    assert verdict.totals["bronze"] == verdict.totals["acknowledged"]
    # negative control: nobody looks
    monkeypatch.setattr("stafford.lakehouse.checkpoints.is_older_than", lambda *_: False)
    shop.restore(backup)
    shop.live(timedelta(hours=1))
    shop.ingest()
    assert reconcile.build(shop.settings, with_marts=False).run().findings_by_kind["lost"] > 0


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("query", ["bronze", "silver"])
def test_a_damaged_checkpoint_is_named(shop: Shop, query: str) -> None:
    """Whatever has become of it, the way out is said, and it is one: nothing is lost or doubled after it."""
    offsets = shop.checkpoints / query / "offsets"
    newest = max((file for file in offsets.iterdir() if file.name.isdigit()), key=lambda file: int(file.name))
    checksum = newest.with_name(f".{newest.name}.crc")
    whole, sum_of_whole = newest.read_bytes(), checksum.read_bytes()
    shop.live(timedelta(hours=1))
    for damage, keeps_checksum in ((b"\x00garbage", False), (b"", False), (whole[:-9] + b"}", True)):
        newest.write_bytes(damage)
        checksum.write_bytes(sum_of_whole) if keeps_checksum else checksum.unlink(missing_ok=True)
        with pytest.raises(Terminal, match=r"checkpoint.* is damaged"):
            shop.ingest()
    shutil.rmtree(shop.checkpoints / query)
    shop.ingest()
    verdict = reconcile.build(shop.settings, with_marts=False).run()
    assert verdict.findings_by_kind == {}


@pytest.mark.usefixtures("spark")
def test_a_running_ingestion_answers_prometheus(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the port that it was given, with both queries and all places, for as long as it runs."""
    monkeypatch.setattr("stafford.jobs.ingest_metrics.COUNTED_EVERY_S", 0.0)
    port = first_free(own(29464), set())
    url = f"http://127.0.0.1:{port}/metrics"
    job = ingest.build(shop.settings, metrics_port=port)
    before, deadline = job.count(), time.monotonic() + 90
    with job.stream() as ingestion:
        shop.live(timedelta(hours=3))
        while True:
            ingestion.check()
            counts = job.count()
            with urllib.request.urlopen(url, timeout=10) as answer:  # our own, on loopback
                text = answer.read().decode()
            told = all(
                f'stafford_query_rows_total{{query="{name}"}}' in text for name in ("bronze", "silver")
            )
            if told and counts.bronze > before.bronze and not counts.backlog:
                break
            assert time.monotonic() < deadline, text
            time.sleep(0.2)
    assert f'stafford_records{{place="silver"}} {float(counts.silver)}' in text
    refused = re.findall(r"^stafford_quarantine_open_records\{.*\} (\S+)$", text, re.MULTILINE)
    assert sum(map(float, refused)) >= counts.quarantined > 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=10)


@pytest.mark.usefixtures("spark")
def test_a_running_ingestion_tends_its_tables(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a pause, where it would be once a minute; and who goes on afterwards misses nothing.

    Where it cannot be done, that is said, and the ingestion goes on.
    """
    monkeypatch.setattr("stafford.jobs.ingestion.TEND_INTERVAL_S", 0.01)
    for name, few in (("YOUNG_FILES", 2), ("KEPT_COMMITS", 1), ("KEPT_BY_BRONZE", 1)):
        monkeypatch.setattr(f"stafford.lakehouse.upkeep.{name}", few)
    monkeypatch.setattr("stafford.lakehouse.replaced.KEPT_S", 0.0)
    job = ingest.build(shop.settings, notify=shop.said.append)
    with job.stream() as ingestion:
        for _ in range(15):
            shop.live(timedelta(minutes=20))
            ingestion.drain(60)
        log = Path(job.lake.arrivals) / "_delta_log"
        assert not (log / f"{0:020}.json").exists()
        assert shop.said == []

        def fail(*_: object, **__: object) -> None:
            raise StorageError("the disk takes no more")

        monkeypatch.setattr(ingest, "tend", fail)
        shop.live(timedelta(minutes=20))
        ingestion.drain(60)
    assert set(shop.said) == {"TABLES ARE NOT TENDED: the disk takes no more"}
    monkeypatch.setattr(ingest, "tend", tend)
    (one,) = describe({"arrivals": job.lake.arrivals})
    assert one.files < 15
    shop.live(timedelta(hours=1))
    shop.ingest()
    assert reconcile.build(shop.settings, with_marts=False).run().findings_by_kind == {}


@pytest.mark.usefixtures("spark")
def test_what_retention_took_is_counted_and_never_skipped(shop: Shop, victim: Victim) -> None:
    """Ingest refuses as often as it is asked; a person may give up the records, and each event is named."""
    stands = victim.find_ends("clickstream")
    shop.live(timedelta(hours=2))
    gone = [read_stamp(headers)[0] for _, _, headers in victim.read("clickstream", stands)]
    assert gone
    victim.delete_records("clickstream")
    for _ in range(2):
        with pytest.raises(OffsetOutOfRange, match=rf"read them: {len(gone):,} records \(clickstream/"):
            shop.ingest()
    assert shop.said == []
    shop.ingest(accept_loss=True)
    assert shop.said[0].startswith(f"GIVEN UP: {len(gone):,} records (clickstream/")
    # nothing is given up twice, also where no record came since; and what comes next is read as always
    shop.ingest(accept_loss=True)
    shop.live(timedelta(hours=1))
    shop.ingest()
    shop.ingest(accept_loss=True)
    assert len(shop.said) == 1
    verdict = reconcile.build(shop.settings, with_marts=False).run()
    lost = {found.event_id for found in verdict.findings if found.kind == "lost"}
    copies = {found.event_id for found in verdict.findings if found.kind == "missing_copy"}
    assert lost
    assert lost | copies == set(gone)
    assert verdict.findings_by_kind.keys() <= {"lost", "missing_copy"}
