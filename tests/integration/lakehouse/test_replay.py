"""From quarantine back to silver on a real Spark: once, with a history, whatever crashes."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stafford.domain.outcome import Resolution
from stafford.lakehouse.counts import count
from stafford.lakehouse.quarantine.judgement import Judge, selections
from stafford.lakehouse.quarantine.records import QuarantineReader
from stafford.lakehouse.quarantine.replay import ReplayWriter
from stafford.lakehouse.quarantine.rule_file import load_rules

from .conftest import SmallLake, event_id

pytestmark = [pytest.mark.spark, pytest.mark.slow]

NOW = datetime(2026, 2, 2, 8, tzinfo=UTC)

COUNTRY = """
rules:
  - name: country-of-the-first-shop
    where: {topic: customers, reason: required, field: country}
    default: DE
"""


class Replayer:
    """Replays rule texts in a small lake, as the job does."""

    def __init__(self, small_lake: SmallLake, directory: Path) -> None:
        self.lake, self.spark, self.contracts = small_lake.lake, small_lake.spark, small_lake.contracts
        self.path = directory / "rules.yaml"

    def decide(self, text: str) -> list:
        """What the rules would do."""
        self.path.write_text(text, encoding="utf-8")
        rules = load_rules(self.path, self.contracts)
        chunks = QuarantineReader(self.lake).chunks(selections(rules))
        judge = Judge(self.spark, self.lake, self.contracts)
        return [case for rows in chunks for case in judge.decide(rows, rules)]

    def replay(self, text: str) -> list:
        """Do it."""
        writer = ReplayWriter(self.spark, self.lake, self.contracts, lambda: NOW)
        writer.finish()
        cases = self.decide(text)
        writer.write(cases)
        return cases

    def finish(self) -> int:
        """What the next command does after a crash."""
        return ReplayWriter(self.spark, self.lake, self.contracts, lambda: NOW).finish()


@pytest.fixture
def replayer(small_lake, tmp_path):
    return Replayer(small_lake, tmp_path)


def test_a_default_brings_records_back_once_and_with_history(small_lake, replayer):
    """What lacked one field stands in silver, otherwise as sent; its quarantine row stays and is not open."""
    body = small_lake.body
    small_lake.land(
        "customers", body("customers", 1), body("customers", 2, country=...), body("customers", 3, email=...)
    )
    small_lake.refine()
    before = count(small_lake.lake, small_lake.contracts)
    assert (before.silver, before.quarantined, before.dropped, before.duplicates) == (1, 2, 0, 0)

    (case,) = replayer.replay(COUNTRY)
    assert case.fate is Resolution.SILVER
    silver = small_lake.read(small_lake.lake.silver("customers"))
    assert [(row["event_id"], row["country"], row["_offset"]) for row in silver] == [
        (event_id(1), "DE", 0),
        (event_id(2), "DE", 1),
    ]
    (history,) = small_lake.read(small_lake.lake.replays)
    assert (history["fate"], history["reasons_before"]) == ("silver", ["required:country"])
    assert json.loads(history["rules"][0])["name"] == "country-of-the-first-shop"
    assert (history["_offset"], history["replayed_at"]) == (1, NOW)
    assert len(small_lake.read(small_lake.lake.quarantine)) == 2
    reader = QuarantineReader(small_lake.lake)
    assert [(group.reason, group.field) for group in reader.list_groups()] == [("required", "email")]
    assert [(group.field, group.records) for group in reader.list_groups(resolved=True)] == [("country", 1)]
    after = count(small_lake.lake, small_lake.contracts)
    assert (after.silver, after.quarantined, after.duplicates, after.backlog) == (2, 1, 0, 0)

    # again: nothing is selected, nothing is written
    assert replayer.replay(COUNTRY) == []
    assert len(small_lake.read(small_lake.lake.replays)) == 1
    # and a later sending of the same event is its duplicate
    small_lake.land("customers", body("customers", 2))
    small_lake.refine()
    assert len(small_lake.read(small_lake.lake.silver("customers"))) == 2
    assert count(small_lake.lake, small_lake.contracts).duplicates == 1
