"""What `stafford quarantine` prints: whole in 80 columns and in a pipe, and safe whatever was sent."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from stafford.cli.quarantine_view import show_groups, show_outcome, show_records, to_jsonable
from stafford.lakehouse.quarantine.outcome import ReplayOutcome, RuleOutcome
from stafford.lakehouse.quarantine.records import Group

AT = datetime(2026, 2, 1, 12, tzinfo=UTC)
HOSTILE = "\x1b]0;owned\x07[red]\u202e"
ROW = {
    "quarantine_id": "ab12",
    "topic": HOSTILE,
    "_source": "kafka",
    "_partition": 3,
    "_offset": 41,
    "_arrived_at": AT,
    "_run_id": HOSTILE,
    "event_id": HOSTILE,
    "fate": "quarantine",
    "reasons": ["malformed_json"],
    "first_reasons": ["malformed_json"],
    "key": HOSTILE.encode(),
    "original": b"\x1b[2J{" + b"\xff" * 3,
    "history": [
        {
            "fate": "quarantine",
            "reasons": ["malformed_json"],
            "rules": ['{"name": "torn"}'],
            "value": b"\x9b31m{",
            "replayed_at": AT,
        }
    ],
}


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def test_nothing_hostile_reaches_the_terminal(capsys):
    """Topic, id, run, key and body come over the wire; control characters and markup in them are text."""
    show_records([ROW])
    show_groups([(Group(HOSTILE, HOSTILE, HOSTILE, 1, AT, AT, None), HOSTILE)], 1, resolved=False)
    said = capsys.readouterr().out
    assert all(line.isprintable() for line in said.splitlines())
    assert r"\x1b[2J{\xff\xff\xff" in said
    assert r"\x1b]0;owned\x07[red]\u202e" in said
    assert "partition 3 · offset 41" in said
    assert r"by torn → quarantine (malformed_json)" in said


def test_the_list_fits_in_80_columns(capsys):
    """The longest names that the contracts have, and a long sample."""
    group = Group("clickstream", "out_of_range", "lines.unit_price_cents", 123_456, AT, AT, None)
    show_groups([(group, "x" * 300)], 123_456, resolved=False)
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["topic", "reason", "records", "first", "seen", "last", "seen"]
    assert all(len(line.rstrip()) <= 80 for line in (header, *lines))
    assert lines[0].split() == [
        "clickstream", "out_of_range:lines.unit_price_cents", "123,456", "2026-02-01", "2026-02-01"
    ]  # fmt: skip
    assert lines[1].split() == ["x" * 34 + "…"]
    assert lines[-1] == "123,456 records are open."


def test_a_dry_run_says_that_it_was_one(capsys):
    """Each rule with what it met, the sums, why the rest is refused, and how to do it."""
    outcome = ReplayOutcome(
        [RuleOutcome("total", "rename", 3, 2, '"absent"', "5"), RuleOutcome("torn", "drop", 1)]
    )
    outcome.selected, outcome.silver, outcome.dropped, outcome.still_refused = 4, 1_000, 1, 1
    outcome.refused_for["orders", "out_of_range:total_cents"] = 1
    show_outcome(outcome, dry=True, path=Path("rules.yaml"))
    said = capsys.readouterr().out
    for line in (
        "total (rename): 3 selected, 2 changed",
        '    "absent" → 5',
        "torn (drop): 1 selected",
        "     1,000  would go to silver",
        "         1  would be dropped",
        "         1  would still be refused",
        "            1 of orders for out_of_range:total_cents",
        "Nothing was changed. To do it: stafford quarantine replay rules.yaml",
    ):
        assert line in said.splitlines()
    show_outcome(outcome, dry=False, path=Path("rules.yaml"))
    said = capsys.readouterr().out
    assert "1,000  went to silver" in said
    assert "Nothing was changed" not in said


def test_json_has_the_exact_bytes():
    """Beside what can be read, so that a script loses nothing."""
    assert to_jsonable({"body": b"\xff", "at": [AT], "n": 1}) == {
        "body": {"text": r"\xff", "base64": "/w=="},
        "at": ["2026-02-01T12:00:00+00:00"],
        "n": 1,
    }
