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
from stafford.generator import text
from stafford.generator.calendar import ZONES, Zone, find_hour_of_week
from stafford.generator.distributions import (
    Poisson,
    accumulate_shares,
    choose,
    interpolate,
    tabulate_weibull,
)
from stafford.generator.randomness import (
    below_one,
    choose_one,
    derive,
    derive_one,
    draw_below,
    draw_one,
    draw_unit,
    mix,
    name_stream,
    to_unit,
    to_unit_one,
)
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


@pytest.mark.parametrize("zone", ZONES, ids=[zone.name for zone in ZONES])
def test_hours_follow_both_clock_changes(zone: Zone) -> None:
    """The computed clocks agree with the time zone database hour by hour, over years."""
    instants = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=k) for k in range(3 * 366 * 24)]
    found = find_hour_of_week(zone.to_local(np.array([to_micros(instant) for instant in instants], np.int64)))
    local = [instant.astimezone(ZoneInfo(zone.name)) for instant in instants]
    assert found.tolist() == [at.weekday() * 24 + at.hour for at in local]


_OUT = np.zeros(64, np.uint8)


def _read(end: int) -> str:
    return bytes(_OUT[:end]).decode("ascii")


@given(st.integers(0, 4_102_444_800_000_000), st.integers(0, 2**64 - 1))
def test_event_ids_are_uuids_of_their_instant(micros: int, key: int) -> None:
    """An id is a UUID of version 7 with the milliseconds first and 62 bits of the hash last."""
    number = UUID(_read(text.put_event_id(_OUT, 0, micros, np.uint64(key))))
    assert number.version == 7
    assert number.variant == "specified in RFC 4122"
    assert number.int >> 80 == micros // 1000
    assert number.int % 2**62 == key % 2**62


@given(st.integers(0, 2**64 - 1))
def test_codes_read_back(number: int) -> None:
    """A hash in base 32 reads back as the hash."""
    code = _read(text.put_code(_OUT, 0, np.uint64(number)))
    assert int(code, 32) == number
    assert len(code) == text.CODE_DIGITS


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.integers(1, 9))
def test_integers_are_written_as_python_writes_them(number: int, digits: int) -> None:
    """With a sign where there is one, and padded with zeros where that is asked for."""
    assert _read(text.put_integer(_OUT, 0, number)) == str(number)
    assert _read(text.put_padded(_OUT, 0, abs(number), digits)) == f"{abs(number):0{digits}d}"


@given(st.integers(0, 4_102_444_800_000_000))
def test_instants_read_back(micros: int) -> None:
    """An instant's text reads back to the microsecond."""
    written = _read(text.put_instant(_OUT, 0, micros))
    assert datetime.fromisoformat(written) == from_micros(micros)
    assert len(written) == 27
    assert written.endswith("Z")


def test_text_becomes_arrow() -> None:
    """Arrays of ids, codes and numbers are what is written one by one; no rows make an empty array."""
    keys = np.arange(3, dtype=np.int64)
    assert text.codes("s-", keys).to_pylist() == [f"s-{'0' * 12}{digit}" for digit in range(3)]
    assert text.numbers("p-", 5, keys - 1).to_pylist() == ["", "p-00000", "p-00001"]
    assert text.event_ids(keys, keys).to_pylist()[2][:8] == "00000000"
    assert text.codes("s-", keys[:0]).to_pylist() == []


def test_event_ids_sort_within_a_millisecond() -> None:
    """Ids of events one microsecond apart sort as the events do."""
    occurred = np.arange(1_700_000_000_000_000, 1_700_000_000_003_000, dtype=np.int64)
    ids = text.event_ids(occurred, derive(7, 5, occurred).view(np.int64)).to_pylist()
    assert ids == sorted(ids)


def test_one_number_is_drawn_as_many_are() -> None:
    """Compiled loops and whole arrays draw the same numbers."""
    keys = derive(7, name_stream("loop"), MANY[:500])
    assert [
        derive_one(np.uint64(7), np.uint64(name_stream("loop")), int(k)) for k in MANY[:500]
    ] == keys.tolist()
    assert [draw_one(key, 3) for key in keys] == draw_unit(keys, 3).tolist()
    assert [below_one(key, 4, 10) for key in keys] == draw_below(keys, 4, 10).tolist()
    assert [to_unit_one(key) for key in keys] == to_unit(keys).tolist()
    bounds = accumulate_shares([1, 2, 7])
    assert [choose_one(unit, bounds) for unit in to_unit(keys)] == choose(to_unit(keys), bounds).tolist()


def test_waiting_room_releases_in_order() -> None:
    """Facts come out by time and key, each once, none before its time is complete."""
    room = WaitingRoom(("at", "key"))
    room.hold({"at": np.array([5, 3, 9]), "key": np.array([1, 2, 3], np.uint64)})
    room.hold({"at": np.array([3]), "key": np.array([1], np.uint64)})
    first, second = room.release(6), room.release(10)
    assert list(zip(first["at"].tolist(), first["key"].tolist(), strict=True)) == [(3, 1), (3, 2), (5, 1)]
    assert Counter(second["at"].tolist()) == {9: 1}
    assert not len(room.release(100)["at"])
