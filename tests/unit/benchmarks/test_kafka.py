"""What the benchmark of Kafka's settings makes of its raw runs; nothing is measured here."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from benchmarks.generator.statistics import Spread
from benchmarks.kafka import page, rebalance, recommendation
from benchmarks.kafka.result import Delayed, Paused, Read, Result, Sent
from benchmarks.kafka.variants import BASE, FACTORS, list_variants
from benchmarks.machine import describe

from stafford.settings import PROJECT_DIR
from stafford.transport.kafka import DEFAULTS, REQUIRED


def build_result(
    rates: dict[str, list[float]] | None = None, stored: dict[str, float] | None = None
) -> Result:
    """Three rounds in which everything is as fast as the base, but for the values that are named."""
    result = Result(
        machine=describe(PROJECT_DIR),
        measured_at=datetime(2026, 1, 15, tzinfo=UTC),
        rounds=3,
        target_s=1.5,
        rate=5000,
        read_rows=1000,
        versions={"Kafka": "4.2.0"},
    )
    for number in range(3):
        for variant in list_variants(quick=False):
            rate = 100.0 * (rates or {}).get(variant.value, [1, 1, 1])[number]
            size = (stored or {}).get(variant.value, 100.0)
            result.sent += [
                Sent(variant, "ours", number, rate, size, 0.9),
                Sent(variant, "tool", number, 50, size, None),
            ]
            result.delayed.append(Delayed(variant, number, 5, 10 + number))
        result.read += [
            Read(1, "ours", number, 100),
            Read(2, "ours", number, 180),
            Read(1, "tool", number, 90),
        ]
        result.read.append(Read(2, "tool", number, 90))
        for change in rebalance.CHANGES:
            result.paused += [Paused(name, change, number, 3, 0.1, 4, 6, 5) for name in rebalance.PROTOCOLS]
    return result


def test_the_base_is_our_transport() -> None:
    """What is varied starts from what the transport really has."""
    settings = BASE.client()
    assert {name: settings[name] for name in ("acks", "enable.idempotence")} == {
        name: REQUIRED[name] for name in ("acks", "enable.idempotence")
    }
    assert settings["linger.ms"] == str(DEFAULTS["linger.ms"])
    assert settings["compression.type"] == DEFAULTS["compression.type"]


def test_one_setting_is_changed_at_a_time() -> None:
    """Each variant differs from the base in exactly the factor that it names, and none is there twice."""
    variants = list(list_variants(quick=False))
    assert len(set(variants)) == len(variants)
    assert {variant.factor for variant in variants} == {"", *FACTORS}
    for variant in variants:
        differing = [name for name in FACTORS if getattr(variant.settings, name) != getattr(BASE, name)]
        assert differing == ([variant.factor] if variant.factor else [])
    assert set(list_variants(quick=True)) < set(variants)


@pytest.mark.parametrize(
    ("gain", "verdict"),
    [
        (Spread(1.3, 1.1, 1.5), 1),
        (Spread(1.3, 0.9, 1.5), 0),  # slower in one round: the scatter
        (Spread(1.04, 1.01, 1.05), 0),
        (Spread(0.7, 0.6, 0.9), -1),
        (Spread(0.7, 0.6, 1.1), 0),
        (Spread(1, 1, 1), 0),
    ],
)
def test_scatter_is_no_difference(gain: Spread, verdict: int) -> None:
    """Only what every round says, and says clearly, is a difference."""
    assert recommendation.differs(gain) == verdict


def find_advice(result: Result, begin: str) -> str:
    (found,) = [text for text in recommendation.find_all(result) if text.startswith(begin)]
    return found


def test_what_is_faster_in_every_round_is_named_with_its_delay() -> None:
    """And what is so in two rounds of three is not."""
    faster = build_result({"100": [1.5, 1.4, 1.6], "16384": [0.5, 0.4, 0.6]})
    assert "100 is faster (+50%) for a delay p99 of 11 ms" in find_advice(faster, "`linger.ms`")
    assert "Slower in every round: 16384 (-50%)" in find_advice(faster, "`batch.size`")
    assert "keep it; no other" in find_advice(build_result({"100": [1.5, 1.4, 0.9]}), "`linger.ms`")


def test_compression_weighs_size_against_speed() -> None:
    """The smallest is named with what it costs."""
    result = build_result({"zstd": [0.8, 0.8, 0.8], "none": [1.2, 1.2, 1.2]}, {"zstd": 60, "none": 400})
    advice = find_advice(result, "`compression.type`")
    assert (
        "zstd stores least (60 bytes a record, lz4 100) at 0.80 of lz4's rate; the fastest is none" in advice
    )


def test_acks_are_kept_whatever_it_costs() -> None:
    """The price is named, and the promise is not for sale."""
    assert "gives nothing for it" in find_advice(build_result(), "`acks=all`: keep it")
    assert "gives speed for it" in find_advice(build_result({"0": [2, 2, 2]}), "`acks=all`: keep it")


def test_a_name_is_praised_for_the_silence_that_it_spares() -> None:
    """As many partitions stop with a name as without; what differs is for how long."""
    result = build_result()
    result.paused = [
        replace(pause, longest_s=2.8 if pause.change == rebalance.RESTART else 1.1) for pause in result.paused
    ]
    (advice,) = (said for said in recommendation.find_all(result) if "group.instance.id" in said)
    assert "silent for 1.1 s in place of 2.8 s" in advice


def test_the_page_shows_every_run() -> None:
    """A row for each variant, group and change, the base in bold, and the whole is JSON too."""
    result = build_result()
    text = page.render(result, "picture.svg")
    assert text.count("\n| linger.ms ") == 2
    assert "**as our transport has it**" in text
    assert "| 2 | 180 | 180 to 180 | 90 |" in text
    for change in rebalance.CHANGES:
        assert text.count(f"| {change} |") == len(rebalance.PROTOCOLS)
    assert [bar[2] for bar in page.bars(result)].count(True) == 1
    assert len(json.loads(json.dumps(result.as_json()))["sent"]) == len(result.sent)


def test_a_silence_is_the_longest_time_without_a_record() -> None:
    """At the ends of what is watched too."""
    assert rebalance._find_silence([1.0, 1.1, 4.0, 9.0], 1.0, 5.0) == pytest.approx(2.9)  # noqa: SLF001
    assert rebalance._find_silence([], 1.0, 5.0) == pytest.approx(4.0)  # noqa: SLF001
