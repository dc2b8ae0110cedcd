"""From quarantine back to silver on a real Spark: once, with a history, whatever crashes."""

import json
import re
import shutil
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from stafford.domain.record import LABEL_SCHEMA, SENT
from stafford.jobs.ingest_metrics import IngestMetrics
from stafford.lakehouse.counts import Counts, count
from stafford.lakehouse.quarantine import replay
from stafford.lakehouse.quarantine.judgement import Judge, selections
from stafford.lakehouse.quarantine.outcome import ReplayOutcome
from stafford.lakehouse.quarantine.records import QuarantineReader
from stafford.lakehouse.quarantine.replay import ReplayWriter
from stafford.lakehouse.quarantine.rule_file import load_rules
from stafford.ledger.journal import Journal, RunSpec
from stafford.ledger.reconciliation import reconcile

from .conftest import ARRIVED_AT, SmallLake, event_id

pytestmark = [pytest.mark.spark, pytest.mark.slow]

NOW = datetime(2026, 2, 2, 8, tzinfo=UTC)

RULES = """
rules:
  - name: country-of-the-first-shop
    where: {topic: customers, reason: required, field: country}
    default: DE
  - name: consent-as-text
    where: {topic: customers, reason: wrong_type, field: marketing_consent}
    cast: boolean
  - name: torn
    where: {topic: customers, reason: malformed_json}
    drop: {because: cut off by a proxy that is gone}
  # the second of these only selects what the first has brought to light
  - name: total-under-its-old-name
    where: {topic: orders, reason: required, field: total_cents}
    rename: {from: total}
  - name: total-as-text
    where: {topic: orders, reason: wrong_type, field: total_cents}
    cast: integer
"""


class Replayer:
    """Replays rules in a small lake, as the job does."""

    def __init__(self, small_lake: SmallLake, directory: Path) -> None:
        self.small_lake, self.lake = small_lake, small_lake.lake
        self.path = directory / "rules.yaml"
        self.writer = ReplayWriter(self.lake, small_lake.contracts, lambda: NOW)

    def replay(self, text: str = RULES, *, dry: bool = False) -> ReplayOutcome:
        """Finish what was cut off, then decide and write."""
        contracts = self.small_lake.contracts
        self.path.write_text(text, encoding="utf-8")
        rules = load_rules(self.path, contracts)
        outcome = ReplayOutcome.of(rules)
        outcome.finished_batches = self.writer.finish()
        judge = Judge(self.lake, contracts)
        for rows in QuarantineReader(self.lake).chunks(selections(rules)):
            cases = judge.decide(rows, rules)
            if not dry:
                self.writer.write(cases)
            outcome.count(cases, contracts)
        return outcome

    def count(self) -> Counts:
        """Rows of the lake."""
        return count(self.lake, self.small_lake.contracts)

    def silver(self, topic: str = "customers") -> list[str]:
        """Ids in silver, in the order of their offset."""
        return [row["event_id"] for row in self.small_lake.read(self.lake.silver(topic))]

    def versions(self) -> dict[Path, int]:
        """Every file of the lake; nothing is written without one."""
        return {path: path.stat().st_size for path in Path(self.lake.uri).rglob("*") if path.is_file()}


@pytest.fixture
def replayer(small_lake, tmp_path):
    return Replayer(small_lake, tmp_path)


def sent(number: int) -> dict[str, str]:
    """The header of an event's records."""
    return {SENT: f"{event_id(number)} 2026-01-15T20:31:07.125000Z run"}


def land_what_breaks(small_lake: SmallLake) -> list[dict]:
    """Land good and broken records with their headers; give their labels."""
    body = small_lake.body
    silver, refused, copy = (("silver", None, 0), "quarantine", 1)
    customers = [
        (body("customers", 1), 1, silver),
        (body("customers", 2, country=...), 2, (refused, "required:country", 0)),
        (body("customers", 3, marketing_consent="true"), 3, (refused, "wrong_type:marketing_consent", 0)),
        # what was wrong with the contract hid what was wrong with the record
        (
            body("customers", 4, country=..., marketing_consent="yes"),
            4,
            (refused, "wrong_type:marketing_consent", 0),
        ),
        (b"{", 5, (refused, "malformed_json", 0)),
        # of its two faults a rule mends the second
        (body("customers", 6, country=..., email="nobody"), 6, (refused, "bad_format:email", 0)),
        # a second sending that differs in its bytes, and one of an event that is in silver
        (body("customers", 7, country=...), 7, (refused, "required:country", 0)),
        (body("customers", 7, country=..., city="Bonn"), 7, (refused, "required:country", copy)),
        (body("customers", 1, country=...), 1, ("duplicate", None, copy)),
    ]
    amounts = {"total_cents": ...}
    orders = [
        (body("orders", 11, order_id="o-0011"), 11, silver),
        (
            body("orders", 12, order_id="o-0012", total="10493", **amounts),
            12,
            (refused, "required:total_cents", 0),
        ),
    ]
    labels = []
    for topic, event_type, records in (
        ("customers", "customer_registered", customers),
        ("orders", "order_placed", orders),
    ):
        headers = [sent(number) for _, number, _ in records]
        small_lake.land(topic, *(value for value, _, _ in records), headers=headers)
        labels += [
            {
                "topic": topic,
                "event_id": event_id(number),
                "event_type": event_type,
                "copy": label[2],
                "defect": "any",
                "outcome": label[0],
                "reason": label[1],
                "amount_cents": 9494 if topic == "orders" else None,
            }
            for _, number, label in records
        ]
    small_lake.refine()
    return labels


def find_wrong(small_lake: SmallLake, ledger: Path, orders_cents: int, *, is_whole: bool = True) -> set[str]:
    """Kinds of what does not reconcile, with the marts' money for orders."""
    money = {"orders": orders_cents, "captured": 0, "refunded": 0}
    verdict = reconcile(ledger, small_lake.lake, small_lake.contracts, lambda _: money, ARRIVED_AT)
    totals = verdict.totals
    parts = ("silver", "quarantined", "duplicates_removed", "dropped")
    assert (totals["sent"] == totals["bronze"] == sum(totals[part] for part in parts)) is is_whole
    return set(verdict.findings_by_kind)


def test_what_was_refused_comes_back_once_and_with_its_history(small_lake, replayer, tmp_path):
    """Renamed, cast, filled, dropped or still refused: each record has one place, and the ledger knows it."""
    labels = land_what_breaks(small_lake)
    ledger = tmp_path / "ledger"
    with Journal.open(ledger, RunSpec("run", "fashion-retail", 7, ARRIVED_AT.isoformat(), 100)) as journal:
        batch = pa.RecordBatch.from_pylist(labels, schema=LABEL_SCHEMA)
        journal.acknowledge(journal.intend(batch), len(labels), 0)
    reader = QuarantineReader(small_lake.lake)
    before = {(group.topic, group.reason, group.field): group.records for group in reader.list_groups()}
    assert before == {
        ("customers", "required", "country"): 6,
        ("customers", "wrong_type", "marketing_consent"): 2,
        ("customers", "bad_format", "email"): 1,
        ("customers", "malformed_json", None): 1,
        ("orders", "required", "total_cents"): 1,
    }
    assert replayer.count().quarantined == reader.count_open() == alert(replayer) == 9
    assert by_reason(reader) == {
        'reason="bad_format",topic="customers"': 1,
        'reason="malformed_json",topic="customers"': 1,
        'reason="required",topic="customers"': 6,
        'reason="required",topic="orders"': 1,
        'reason="wrong_type",topic="customers"': 2,
    }
    assert find_wrong(small_lake, ledger, 9494) == {"misjudged", "doubled"}

    # a dry run says what will be, and writes nothing
    files = replayer.versions()
    forecast = replayer.replay(dry=True)
    assert replayer.versions() == files
    outcome = replayer.replay()
    assert outcome == forecast
    assert (outcome.selected, outcome.silver, outcome.duplicates, outcome.dropped) == (9, 4, 2, 1)
    assert (outcome.still_refused, outcome.changed_and_refused) == (2, 2)
    assert outcome.refused_for == {
        ("customers", "wrong_type:marketing_consent"): 1,
        ("customers", "bad_format:email"): 1,
    }
    assert [(rule.selected, rule.changed) for rule in outcome.rules] == [
        (6, 6),
        (2, 1),
        (1, 0),
        (1, 1),
        (1, 1),
    ]

    assert replayer.silver() == [event_id(n) for n in (1, 2, 3, 7)]
    orders = small_lake.read(small_lake.lake.silver("orders"))
    assert [(row["event_id"], row["total_cents"], row["_run_id"]) for row in orders] == [
        (event_id(11), 9494, "run"),
        (event_id(12), 10493, "run"),
    ]
    assert reader.count_open() == alert(replayer) == 2
    assert by_reason(reader) == {
        'reason="bad_format",topic="customers"': 1,
        'reason="wrong_type",topic="customers"': 1,
    }
    check_history(small_lake, reader)
    after = replayer.count()
    assert (after.silver, after.quarantined, after.dropped, after.duplicates, after.backlog) == (
        6,
        2,
        1,
        2,
        0,
    )
    assert find_wrong(small_lake, ledger, 9494 + 10493) == set()
    # control: without its cents, or without the table of replays, it does not reconcile
    assert find_wrong(small_lake, ledger, 9494) == {"money"}
    replays = Path(small_lake.lake.replays).rename(tmp_path / "hidden")
    assert {"misjudged", "unaccounted"} <= find_wrong(small_lake, ledger, 9494, is_whole=False)
    replays.rename(small_lake.lake.replays)

    # a second time nothing is different
    files = replayer.versions()
    assert replayer.replay().silver == 0
    assert replayer.versions() == files
    # nor for an ingestion that lost its checkpoint and reads all of bronze again. A later sending of a mended
    # event is its duplicate, and so is one that is as broken as it was
    shutil.rmtree(small_lake.checkpoint)
    again = small_lake.body("customers", 2), small_lake.body("customers", 2, country=...)
    small_lake.land("customers", *again, headers=[sent(2), sent(2)])
    small_lake.refine()
    assert replayer.silver() == [event_id(n) for n in (1, 2, 3, 7)]
    assert replayer.count().duplicates == 4


def alert(replayer: Replayer) -> int:
    """What an alert reads: open records, as Prometheus gets them."""
    metrics = IngestMetrics(0)
    metrics.count(replayer.count())
    (line,) = (row for row in metrics.render().splitlines() if 'place="quarantine"' in row)
    return int(float(line.removeprefix('stafford_records{place="quarantine"} ')))


def by_reason(reader: QuarantineReader) -> dict[str, int]:
    """The same by topic and reason, as Prometheus gets them."""
    text = IngestMetrics(0, reader.count_by_reason).render()
    found = re.findall(r"^stafford_quarantine_open_records\{(.*)\} (\S+)$", text, re.MULTILINE)
    return {labels: int(float(value)) for labels, value in found}


def check_history(small_lake, reader):
    """What was done to a record, by which rule and when, and what came over the wire is still there."""
    (row,) = reader.find(topic="orders", code="required:total_cents")
    (step,) = row["history"]
    assert (row["fate"], step["fate"], step["replayed_at"]) == ("silver", "silver", NOW)
    assert [json.loads(rule)["name"] for rule in step["rules"]] == [
        "total-under-its-old-name",
        "total-as-text",
    ]
    assert b'"total": "10493"' in row["original"]
    assert json.loads(step["value"])["total_cents"] == 10493
    (half,) = reader.find(quarantine_id=find_id(small_lake, event_id(4)))
    assert (half["fate"], half["reasons"]) == ("quarantine", ["wrong_type:marketing_consent"])
    # its row in quarantine is as silver wrote it
    rows = small_lake.read(small_lake.lake.quarantine)
    assert len(rows) == 9
    assert (
        next(row for row in rows if row["quarantine_id"] == half["quarantine_id"])["reason"]
        == "required:country"
    )


def find_id(small_lake, event):
    """The id in quarantine of an event's only record there."""
    (row,) = (row for row in small_lake.read(small_lake.lake.quarantine) if row["event_id"] == event)
    return row["quarantine_id"]


class Killed(Exception):
    """Stands for the end of the process."""


@contextmanager
def killed(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, call: int) -> Iterator[None]:
    """The process ends instead of making the given call of a function, counted from 1."""
    calls = Counter()
    original = getattr(owner, name)

    def die(*args: object, **options: object) -> object:
        calls[name] += 1
        if calls[name] == call:
            raise Killed
        return original(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, die)
        with pytest.raises(Killed):
            yield


def test_a_kill_between_the_writes_of_a_replay_doubles_nothing_and_loses_nothing(
    small_lake, replayer, monkeypatch
):
    """Whatever was committed, the next command makes it whole; the control forgets its own commits."""
    body = small_lake.body
    moments = ((replay, "write_deltalake", 1), *((replay, "append_once", call) for call in (1, 2, 3)))
    values = {"country": "DE", "full_name": "Ada", "email": "a@b.de", "segment": "regular"}
    fields = tuple(values)
    numbers = range(1, len(moments) + 1)
    small_lake.land("customers", *(body("customers", n, **{fields[n - 1]: ...}) for n in numbers))
    small_lake.land(
        "orders",
        *(body("orders", 10 + n, order_id=f"o-{n:04d}", tax_cents=..., total_cents=n) for n in numbers),
    )
    small_lake.refine()
    for number, (moment, field) in enumerate(zip(moments, fields, strict=True), start=1):
        rules = f"""
rules:
  - name: customers
    where: {{topic: customers, reason: required, field: {field}}}
    default: {values[field]}
"""
        if number == len(moments):
            # the last one has two topics to write before arrivals
            rules += """
  - name: orders
    where: {topic: orders, reason: required, field: tax_cents}
    default: 0
"""
        with killed(monkeypatch, *moment):
            replayer.replay(rules)
        if number == len(moments):
            check_the_control(small_lake, replayer, monkeypatch)
        # the decision is there but for the first moment, and who comes next acts on it
        outcome = replayer.replay(rules)
        assert (outcome.finished_batches, outcome.silver) == ((0, 1) if number == 1 else (1, 0))
        assert replayer.silver() == [event_id(n) for n in range(1, number + 1)]
        assert replayer.count().duplicates == 0
    assert replayer.silver("orders") == [event_id(10 + n) for n in numbers]
    assert replayer.count().quarantined == 0
    arrivals = Counter(row["fate"] for row in small_lake.read(small_lake.lake.arrivals))
    assert arrivals == {"quarantine": 2 * len(moments), "silver": 2 * len(moments)}


def check_the_control(small_lake, replayer, monkeypatch):
    """In a copy of the lake, a replay that does not know its own commits stands twice in silver."""
    home = Path(small_lake.lake.uri)
    shutil.copytree(home, home.with_name("kept"))
    with monkeypatch.context() as broken_code:
        broken_code.setattr(replay, "app_id", lambda _: f"replay/{uuid.uuid4()}")
        replayer.writer.finish()
    assert len(replayer.silver()) > len(set(replayer.silver()))
    shutil.rmtree(home)
    home.with_name("kept").rename(home)
