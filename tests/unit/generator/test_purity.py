"""The same inputs give the same bytes, however the work is cut."""

import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stafford.contracts import load_contracts
from stafford.domain.record import LABEL_SCHEMA, RECORD_SCHEMA
from stafford.errors import ConfigError
from stafford.generator import Batch, Shop
from stafford.generator.shop import EARLIEST, LATEST

from .builders import (
    AS_FOUND,
    NAMES,
    OPENS_AT,
    PROJECT_DIR,
    agree,
    digest,
    find_profile,
    join,
    open_shop,
    read_clean,
    run,
    run_golden,
)

HOUR = timedelta(hours=1)
GOLDEN = "be0bd0082b85a9c4ab72e8177114da818703bf9f7c64b56ddb25b0a343849b39"
"""Changes only together with GENERATOR_VERSION or the default profile."""

names = st.sampled_from(NAMES)
instants = st.integers(1, 10 * 3_600_000_000).map(lambda micros: timedelta(microseconds=micros))


@settings(AS_FOUND, max_examples=18)
@given(name=names, seed=st.integers(0, 2**63), cuts=st.lists(instants, max_size=4))
def test_slicing_changes_nothing(name: str, seed: int, cuts: list[timedelta]) -> None:
    """Any way of advancing to an instant gives the same bytes."""
    shop, end = open_shop(seed, name=name), 10 * HOUR
    assert agree(run(shop, *sorted(cuts), end), run(shop, end))


@settings(AS_FOUND, max_examples=9)
@given(name=names, seed=st.integers(0, 2**63), cuts=st.tuples(instants, instants, instants).map(sorted))
@example(name="fashion-retail", seed=7, cuts=[timedelta(microseconds=m) for m in (1, 2, 3 * 3_600_000_000)])
def test_windows_join(name: str, seed: int, cuts: list[timedelta]) -> None:
    """[a, b) followed by [b, c), each from a stream of its own, is [a, c): the sessions that cross b too."""
    shop = open_shop(seed, name=name)
    start, middle, end = cuts
    halves = [run(shop, middle, start=start), run(shop, end, start=middle)]
    assert agree(join(halves), run(shop, end, start=start))


def test_joining_sees_a_lost_and_a_repeated_event() -> None:
    """Control: halves that miss or share one event are not the whole; sessions do cross the cut."""
    shop, start, end = open_shop(), 7 * HOUR, 10 * HOUR
    whole = run(shop, end, start=start)
    # Between the first and the last click of a session.
    clicks = [row for row in whole.records.to_pylist() if row["topic"] == "clickstream"]
    times: dict[bytes, list[datetime]] = {}
    for row in clicks:
        times.setdefault(row["key"], []).append(row["emitted_at"])
    session = next(key for key in times if min(times[key]) < max(times[key]))
    middle = max(times[session]) - OPENS_AT
    before, after = run(shop, middle, start=start), run(shop, end, start=middle)
    assert agree(join([before, after]), whole)
    assert not agree(join([before.slice(0, len(before) - 1), after]), whole)
    assert not agree(join([before, before.slice(len(before) - 1, 1), after]), whole)
    assert all(session in half.records["key"].to_pylist() for half in (before, after))


def test_comparison_sees_one_changed_row() -> None:
    """Control: a batch with one row less, or with rows in another order, is not the same."""
    batch = run(open_shop(), 2 * HOUR)
    shorter = batch.slice(0, len(batch) - 1)
    turned = join([batch.slice(1, len(batch)), batch.slice(0, 1)])
    assert agree(batch, run(open_shop(), 2 * HOUR))
    assert not agree(batch, shorter)
    assert not agree(batch, turned)
    assert len({digest(batch), digest(shorter), digest(turned)}) == 3


def test_spans_change_nothing() -> None:
    """Nine days that are computed span by span equal nine that are computed every seven hours."""
    shop = open_shop(events_per_day=6000)
    hours = [HOUR * hour for hour in range(7, 9 * 24, 7)]
    assert agree(run(shop, *hours, timedelta(days=9)), run(shop, timedelta(days=9)))


@settings(AS_FOUND, max_examples=6)
@given(name=names, seed=st.integers(0, 2**63), count=st.integers(2, 5))
def test_shards_make_the_whole(name: str, seed: int, count: int) -> None:
    """The shards of one count hold each row once, and nothing else: N workers give the events of one."""
    shop, end = open_shop(seed, name=name), 8 * HOUR
    whole = run(shop, end)
    parts = [run(shop, end, shard=(index, count)) for index in range(count)]
    rows = [row for part in parts for row in _rows(part)]
    assert sorted(rows) == sorted(_rows(whole))
    assert all(len(part) for part in parts)
    # Control: a row that one of them lost.
    assert sorted(rows[1:]) != sorted(_rows(whole))


def test_shard_keeps_keys_together() -> None:
    """No key of a topic appears in two shards, so that its order is one worker's business."""
    keys = [
        set(zip(*(part.records[name].to_pylist() for name in ("topic", "key")), strict=True))
        for part in (run(open_shop(), 8 * HOUR, shard=(index, 3)) for index in range(3))
    ]
    assert len(set.union(*keys)) == sum(map(len, keys))


@settings(AS_FOUND, max_examples=6)
@given(name=names, start=instants)
def test_later_start_skips(name: str, start: timedelta) -> None:
    """A stream that starts later gives what the whole stream gives from there on."""
    shop, end = open_shop(name=name), 10 * HOUR
    stream = shop.open()
    stream.advance(OPENS_AT + start)
    assert agree(run(shop, end, start=start), stream.advance(OPENS_AT + end))


@pytest.mark.parametrize(
    "other",
    [
        Shop(find_profile(), 8, OPENS_AT, 4000),
        Shop(find_profile(), 7, OPENS_AT + HOUR, 4000),
        Shop(find_profile(), 7, OPENS_AT, 4001),
        Shop(find_profile(products=61), 7, OPENS_AT, 4000),
    ],
    ids=["seed", "opens_at", "events_per_day", "profile"],
)
def test_other_shop_has_other_ids(other: Shop) -> None:
    """Another seed, opening, rate or profile shares no event, session or order with this one."""
    mine, theirs = run(open_shop(), 12 * HOUR), run(other, 12 * HOUR)
    assert open_shop().run_id != other.run_id
    assert not set(mine.records["event_id"].to_pylist()) & set(theirs.records["event_id"].to_pylist())
    topics = {"clickstream", "orders"}
    keys = [{r["key"] for r in batch.records.to_pylist() if r["topic"] in topics} for batch in (mine, theirs)]
    assert keys[0]
    assert not keys[0] & keys[1]


def test_rows_are_in_order_and_ids_unique() -> None:
    """Rows come in order of (emitted_at, event_id, copy), and (topic, event_id, copy) names one of them."""
    batch = run(open_shop(), timedelta(days=2))
    order = list(
        zip(
            batch.records["emitted_at"].to_pylist(),
            batch.records["event_id"].to_pylist(),
            batch.labels["copy"].to_pylist(),
            strict=True,
        )
    )
    assert order == sorted(order)
    names = [(row["topic"], row["event_id"], row["copy"]) for row in batch.labels.to_pylist()]
    assert len(set(names)) == len(names)


def test_ids_follow_time() -> None:
    """An event_id is a UUID version 7 of the instant when the event occurred, and sorts by it."""
    rows = run(open_shop(), 5 * HOUR).records.to_pylist()
    for row in rows:
        digits = row["event_id"].replace("-", "")
        assert int(digits[:12], 16) == int(row["occurred_at"].timestamp() * 1000 + 1e-4)
        assert digits[12] == "7"
        assert digits[16] in "89ab"
    by_id = [row["occurred_at"] for row in sorted(rows, key=lambda row: row["event_id"])]
    assert by_id == sorted(by_id)


def test_schemas_and_labels_stand_side_by_side() -> None:
    """Row i of the labels is about row i of the records."""
    batch = run(open_shop(), 5 * HOUR)
    assert batch.records.schema == RECORD_SCHEMA
    assert batch.labels.schema == LABEL_SCHEMA
    for name in ("topic", "event_id", "event_type"):
        assert batch.records[name] == batch.labels[name]


def test_equal_instant_gives_nothing() -> None:
    """Advancing to where the stream is gives an empty batch of the right schema."""
    stream = open_shop().open()
    stream.advance(OPENS_AT + HOUR)
    batch = stream.advance(OPENS_AT + HOUR)
    assert len(batch) == 0
    assert batch.records.schema == RECORD_SCHEMA
    assert batch.labels.schema == LABEL_SCHEMA


def test_bytes_are_the_same_on_every_machine() -> None:
    """The first three hours of one shop are what they were when this test was written."""
    assert digest(run_golden()) == GOLDEN


def test_bytes_do_not_depend_on_the_process() -> None:
    """Another process, with another hash seed and time zone, gives the same bytes."""
    code = "from tests.unit.generator.builders import digest, run_golden; print(digest(run_golden()))"
    environment = os.environ | {
        "PYTHONHASHSEED": "4711",
        "TZ": "Asia/Kathmandu",
        "PYTHONPATH": os.pathsep.join([str(PROJECT_DIR), str(PROJECT_DIR / "src")]),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == GOLDEN


def test_impossible_streams_are_refused() -> None:
    """A start before the opening, a step back, a local time and a shard that does not exist are errors."""
    shop = open_shop()
    with pytest.raises(ConfigError, match="before the shop opens"):
        shop.open(OPENS_AT - HOUR)
    stream = shop.open(OPENS_AT + HOUR)
    with pytest.raises(ConfigError, match="past"):
        stream.advance(OPENS_AT)
    with pytest.raises(ConfigError, match="not in UTC"):
        stream.advance((OPENS_AT + 2 * HOUR).replace(tzinfo=None))
    with pytest.raises(ConfigError, match="shard 2 of 2"):
        shop.open(shard=(2, 2))
    with pytest.raises(ConfigError, match="too few"):
        _ = Shop(find_profile(), 7, OPENS_AT, 1).weekly_sessions
    with pytest.raises(ConfigError, match="events_per_day"):
        Shop(find_profile(), 7, OPENS_AT, 0)
    with pytest.raises(ConfigError, match=r"until 2099-12-30T00:00:01\+00:00 is too late"):
        stream.advance(LATEST + timedelta(seconds=1))


def test_no_clean_event_is_older_than_contracts_allow() -> None:
    """A shop may open as early as its first customers may have registered, and not a moment before."""
    for contract in load_contracts(PROJECT_DIR / "contracts").values():
        least = [field.minimum for field in contract.fields if field.type == "timestamp" and field.required]
        assert set(least) == {EARLIEST}
    profile = find_profile(is_clean=True)
    earliest = EARLIEST + timedelta(weeks=profile.customers.history_weeks)
    with pytest.raises(ConfigError, match=r"too early: .* before 2000-01-01, .* open the shop at 2000-02-26"):
        Shop(profile, 7, earliest - timedelta(seconds=1), 4000)
    oldest = min(
        datetime.fromisoformat(event.body["registered_at"])
        for event in read_clean(run(Shop(profile, 7, earliest, 4000), HOUR))
        if event.topic == "customers"
    )
    assert EARLIEST <= oldest < EARLIEST + timedelta(weeks=1)


def _rows(batch: Batch) -> list[str]:
    return [
        repr((record, label))
        for record, label in zip(batch.records.to_pylist(), batch.labels.to_pylist(), strict=True)
    ]
