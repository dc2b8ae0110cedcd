"""The parts that everything else rests on."""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stafford.domain.window import from_micros, to_micros
from stafford.generator.curve import HOUR, Arrivals, Curve, find_hour_of_week
from stafford.generator.distributions import (
    Poisson,
    accumulate_shares,
    choose,
    interpolate,
    tabulate_weibull,
)
from stafford.generator.identifiers import number_events
from stafford.generator.randomness import derive, draw_below, draw_unit, mix, name_stream, to_unit
from stafford.generator.text import format_base36, format_instants, format_uuids, to_arrow, to_strings
from stafford.generator.waiting import WaitingRoom

MANY = np.arange(100_000, dtype=np.int64)


def test_mix_is_splitmix64() -> None:
    """The first numbers of SplitMix64 with seed 1234567 are those of its reference implementation."""
    golden = 0x9E3779B97F4A7C15
    states = np.array([(1234567 + golden * (k + 1)) % 2**64 for k in range(3)], np.uint64)
    assert mix(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_children_are_distinct() -> None:
    """No two children of one parent share a key, nor do children in two streams."""
    one, two = derive(7, name_stream("one"), MANY), derive(7, name_stream("two"), MANY)
    assert len(np.unique(np.concatenate([one, two]))) == 2 * len(MANY)


def test_draws_are_uniform_and_independent() -> None:
    """Draws fill [0, 1) evenly, and one draw says nothing about the next."""
    keys = derive(7, name_stream("test"), MANY)
    first, second = draw_unit(keys, 0), draw_unit(keys, 1)
    counts = np.bincount((first * 100).astype(int), minlength=100)
    chi_squared = ((counts - 1000) ** 2 / 1000).sum()
    assert 60 < chi_squared < 150  # 99 degrees of freedom
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.01
    assert set(draw_below(keys, 2, 6).tolist()) == set(range(6))


@pytest.mark.parametrize("mean", [0.01, 0.8, 7.5, 900.0, 120_000.0])
def test_poisson_has_mean_and_variance(mean: float) -> None:
    """Counts have the mean and the variance of a Poisson distribution."""
    counts = Poisson.from_mean(mean).count(to_unit(derive(7, 1, MANY)))
    tolerance = 5 * math.sqrt(mean / len(MANY))
    assert counts.mean() == pytest.approx(mean, abs=tolerance)
    assert counts.var() == pytest.approx(mean, rel=0.1)


def test_weibull_quantiles() -> None:
    """The table's median is scale * ln(2)^(1/shape); draws have the shape they were made with."""
    table = tabulate_weibull(0.75, 28_000, 10**9)
    assert interpolate(np.array([0.5]), table)[0] == pytest.approx(
        28_000 * math.log(2) ** (1 / 0.75), rel=0.01
    )
    times = np.sort(interpolate(to_unit(derive(7, 2, MANY)), table))[1000:-1000] / 28_000
    survivals = 1 - (np.arange(1000, 1000 + len(times)) + 0.5) / len(MANY)
    slope = np.polyfit(np.log(times), np.log(-np.log(survivals)), 1)[0]
    assert slope == pytest.approx(0.75, abs=0.03)


def test_choices_follow_weights() -> None:
    """Choices come in proportion to their weights."""
    chosen = choose(to_unit(derive(7, 3, MANY)), accumulate_shares([1, 2, 7]))
    shares = np.bincount(chosen) / len(MANY)
    assert shares.tolist() == pytest.approx([0.1, 0.2, 0.7], abs=0.01)


def test_hours_follow_both_clock_changes() -> None:
    """The computed clock agrees with the time zone database hour by hour, over years."""
    zone = ZoneInfo("Europe/Berlin")
    instants = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=7 * k) for k in range(5000)]
    instants += [
        datetime(2026, month, day, hour, 59, 59, tzinfo=UTC)
        for month, day in ((3, 29), (10, 25))
        for hour in (0, 1)
    ]
    found = find_hour_of_week(np.array([to_micros(instant) for instant in instants], np.int64))
    local = [instant.astimezone(zone) for instant in instants]
    assert found.tolist() == [at.weekday() * 24 + at.hour for at in local]


def test_curve_has_mean_one() -> None:
    """Multipliers average to one over a week, and arrivals to what a day was asked for."""
    curve = Curve([1.0] * 12 + [3.0] * 12, [1.0] * 5 + [2.0] * 2)
    assert curve.multipliers.mean() == pytest.approx(1)
    starts = np.arange(0, 7 * 24 * HOUR, HOUR // 60, dtype=np.int64)
    counts = Arrivals(curve, 20_000).count(starts, to_unit(derive(7, 4, starts)))
    assert counts.sum() / 7 == pytest.approx(20_000, rel=0.02)


@given(st.integers(0, 2**128 - 1))
def test_uuids_are_written_as_python_writes_them(number: int) -> None:
    """The text of a UUID is the standard library's."""
    high, low = np.array([number >> 64], np.uint64), np.array([number % 2**64], np.uint64)
    assert to_strings(format_uuids(high, low)) == [str(UUID(int=number))]


@given(st.integers(0, 2**64 - 1))
def test_base36_reads_back(number: int) -> None:
    """A key in base 36 reads back as the key."""
    text = to_strings(format_base36("o-", np.array([number], np.uint64)))[0]
    assert int(text.removeprefix("o-"), 36) == number
    assert len(text) == 15


@given(st.lists(st.integers(0, 4_102_444_800_000_000), min_size=1, max_size=5))
def test_instants_read_back(micros: list[int]) -> None:
    """An instant's text reads back to the microsecond."""
    texts = to_strings(format_instants(np.array(micros, np.int64)))
    assert [datetime.fromisoformat(text) for text in texts] == [from_micros(m) for m in micros]
    assert all(len(text) == 27 and text.endswith("Z") for text in texts)


def test_text_becomes_arrow() -> None:
    """Arrow reads the matrix as the same strings, and no rows make an empty array."""
    text = format_base36("s-", np.arange(3, dtype=np.uint64))
    assert to_arrow(text).to_pylist() == to_strings(text)
    assert to_arrow(text[:0]).to_pylist() == []


def test_event_ids_sort_within_a_millisecond() -> None:
    """Ids of events one microsecond apart sort as the events do."""
    occurred = np.arange(1_700_000_000_000_000, 1_700_000_000_003_000, dtype=np.int64)
    ids = to_strings(format_uuids(*number_events(occurred, derive(7, 5, occurred))))
    assert ids == sorted(ids)
    assert {UUID(text).version for text in ids} == {7}


def test_waiting_room_releases_in_order() -> None:
    """Facts come out by time and key, each once, none before its time is complete."""
    room = WaitingRoom(("at", "key"))
    room.hold({"at": np.array([5, 3, 9]), "key": np.array([1, 2, 3], np.uint64)})
    room.hold({"at": np.array([3]), "key": np.array([1], np.uint64)})
    first, second = room.release(6), room.release(10)
    assert list(zip(first["at"].tolist(), first["key"].tolist(), strict=True)) == [(3, 1), (3, 2), (5, 1)]
    assert Counter(second["at"].tolist()) == {9: 1}
    assert not len(room.release(100)["at"])
