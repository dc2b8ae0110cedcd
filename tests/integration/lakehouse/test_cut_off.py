"""A batch of silver that is cut off between its tables, and then finds another checkpoint or contract."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable

from stafford.contracts import Contract
from stafford.domain.lake import Lake
from stafford.errors import ConfigError, StaffordError
from stafford.jobs import ingest, quarantine, reconcile, simulate
from stafford.lakehouse import checkpoints
from stafford.lakehouse.bronze import Lander
from stafford.lakehouse.silver import stream
from stafford.settings import Settings

from .conftest import SmallLake, event_id

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.usefixtures("spark")]

# Always the same day: after a night there may be no order from Germany.
OPENS_AT = datetime(2026, 1, 6, 9, tzinfo=UTC)
RULES = """
rules:
  - name: germany
    where: {topic: orders, reason: not_in_enum, field: country}
    revalidate: true
"""


class Home:
    """A shop that sends into files, and the lake that they go into."""

    def __init__(self, directory: Path, contracts: Mapping[str, Contract]) -> None:
        self.settings = Settings(home=directory)
        self.contracts = contracts
        self.lake = Lake(self.settings.lake_uri)
        self.checkpoint = directory / "checkpoints" / "silver"
        self.said: list[str] = []

    def live(self, time: timedelta) -> None:
        """Send what happens in so much of the shop's time."""
        with simulate.build(
            self.settings, events_per_day=5_000.0, opens_at=OPENS_AT, transport="files"
        ) as shop:
            shop.backfill(shop.state.sent_through + time)

    def ingest(self) -> None:
        """Read what is there."""
        job = ingest.build(self.settings, kafka=lambda: None, notify=self.said.append)
        replace(job, contracts=self.contracts).run()

    def cut_off(self, monkeypatch: pytest.MonkeyPatch, *unwritten: str) -> None:
        """Ingest, but the power goes before some tables are written."""
        write = stream.append_files_once

        def crash(uri: str, rows: object, **transaction: object) -> None:
            if uri in unwritten:
                raise OSError("the power is gone")
            write(uri, rows, **transaction)  # type: ignore[arg-type]

        with monkeypatch.context() as patched:
            patched.setattr("stafford.lakehouse.silver.stream.append_files_once", crash)
            with pytest.raises(StaffordError):
                self.ingest()

    def copy(self, directory: Path) -> "Home":
        """The same again, to do otherwise."""
        shutil.copytree(self.settings.home_dir, directory)
        return Home(directory, self.contracts)

    def find(self) -> Mapping[str, int]:
        """What does not reconcile."""
        return reconcile.build(self.settings, with_marts=False).run().findings_by_kind


@pytest.fixture
def home(contracts: Mapping[str, Contract], tmp_path: Path) -> Home:
    """A shop that has opened, of which nothing is in the lake."""
    home = Home(tmp_path / "home", contracts)
    home.live(timedelta(hours=12))
    return home


def without_germany(contracts: Mapping[str, Contract]) -> Mapping[str, Contract]:
    """Contracts by which many an order is refused."""
    orders = contracts["orders"]
    country = orders.field("country")
    narrow = replace(country, enum=tuple(word for word in country.enum if word != "DE"))
    fields = tuple(narrow if field.name == "country" else field for field in orders.fields)
    return {**contracts, "orders": replace(orders, fields=fields)}


@pytest.mark.parametrize(
    ("written", "finding"),
    [(lambda lake: lake.quarantine, "unaccounted"), (lambda lake: lake.silver("orders"), "lost")],
    ids=["refused", "passed"],
)
def test_it_is_finished_by_the_contracts_that_it_began_with(
    home: Home, written: Callable[[Lake], str], finding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wider ones come after it; control: else a record has two fates, or none."""
    wide = home.contracts
    home.contracts = without_germany(wide)
    both = {home.lake.quarantine, home.lake.silver("orders")}
    home.cut_off(monkeypatch, home.lake.arrivals, *both - {written(home.lake)})
    assert len(DeltaTable(home.lake.arrivals).to_pyarrow_table(columns=["fate"])) == 0
    home.contracts = wide
    other = home.copy(tmp_path / "other")
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES, encoding="utf-8")
    with pytest.raises(ConfigError, match="has not finished what it began"):
        quarantine.build(home.settings).replay(rules)
    home.ingest()
    # What Germany ordered is refused, as it was begun; everything else is as the labels say.
    assert set(home.find()) == {"misjudged"}
    assert quarantine.build(home.settings).replay(rules).silver > 0
    assert home.find() == {}

    monkeypatch.setattr("stafford.lakehouse.checkpoints.is_cut_off", lambda _: False)
    other.ingest()
    assert other.find()[finding] > 0


def test_without_its_checkpoint_it_is_not_written_again(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new query finds what the lost one wrote; control: where nobody looks, rows stand twice."""
    home.ingest()
    home.live(timedelta(hours=2))
    home.cut_off(monkeypatch, home.lake.arrivals)
    shutil.rmtree(home.checkpoint)
    other = home.copy(tmp_path / "other")
    home.ingest()
    assert home.find() == {}

    monkeypatch.setattr("stafford.jobs.ingest.remember_cut_off", lambda *_: 0)
    other.ingest()
    assert other.find()["doubled"] > 0


def test_a_replay_knows_what_it_wrote(
    home: Home, small_lake: SmallLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event that was refused, and sent again as it should be; control: its replay puts it there twice."""
    home.ingest()
    refused, fits = (small_lake.body("orders", 1, country=country) for country in ("XX", "DE"))
    Lander(home.lake).land([small_lake.build("orders", refused, fits, source="by hand")])
    home.cut_off(monkeypatch, home.lake.arrivals)
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES.replace("revalidate: true", "default: DE"), encoding="utf-8")
    other = home.copy(tmp_path / "other")

    def count(home: Home) -> int:
        quarantine.build(home.settings).replay(rules)
        home.ingest()
        ids = DeltaTable(home.lake.silver("orders")).to_pyarrow_table(columns=["event_id"])["event_id"]
        return ids.to_pylist().count(event_id(1))

    assert count(home) == 1
    monkeypatch.setattr("stafford.jobs.quarantine.remember_cut_off", lambda *_: 0)
    assert count(other) == 2


def test_behind_an_older_checkpoint_it_is_seen(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some tables have it though `arrivals` has not; control: the next batch of that number is skipped."""
    home.ingest()
    backup = shutil.copytree(home.checkpoint, tmp_path / "backup")
    home.live(timedelta(hours=2))
    home.cut_off(monkeypatch, home.lake.arrivals)
    shutil.rmtree(home.checkpoint)
    shutil.copytree(backup, home.checkpoint)
    home.live(timedelta(hours=2))
    other = home.copy(tmp_path / "other")
    home.ingest()
    assert [text.split("'")[0] for text in home.said] == ["silver"]
    assert home.find() == {}

    ask = checkpoints.is_older_than
    monkeypatch.setattr(
        "stafford.lakehouse.checkpoints.is_older_than",
        lambda checkpoint, _, app_id: ask(checkpoint, [other.lake.arrivals], app_id),
    )
    other.ingest()
    assert other.find()["lost"] > 0
