"""How a topic lies on its partitions, judged without a broker."""

import random
from collections import Counter
from statistics import mean

import pytest

from stafford.transport.topics import Skew, measure_skew
from stafford.transport.topics.skew import PartitionSample


def sample(partition: int, keys: dict[bytes | None, int], span: int | None = None) -> PartitionSample:
    """A partition with records of ten bytes, read whole unless it holds more."""
    records = sum(keys.values())
    return PartitionSample(partition, span or records, records, records, 10 * records, 1, keys)


def place(keys: dict[bytes, int], partitions: int, seed: int = 7) -> Skew:
    """Put each key into a partition by chance, as a hash does."""
    chance = random.Random(seed)  # noqa: S311
    placed: list[Counter[bytes | None]] = [Counter() for _ in range(partitions)]
    for key, records in keys.items():
        placed[chance.randrange(partitions)][key] = records
    return measure_skew("orders", [sample(number, held) for number, held in enumerate(placed)])


def many(keys: int, records: int = 3) -> dict[bytes, int]:
    return {b"key-%d" % number: records for number in range(keys)}


def test_the_numbers_are_those_of_the_definition() -> None:
    """Shares, the coefficient of variation, and the hottest keys, by hand."""
    skew = measure_skew("orders", [sample(0, {b"a": 6}), sample(1, {b"b": 1, b"c": 1}), sample(2, {None: 1})])
    assert [load.records for load in skew.partitions] == [6, 2, 1]
    assert skew.largest_share == pytest.approx(6 / 9)
    assert skew.variation == pytest.approx((14 / 3) ** 0.5 / 3)  # variance (9 + 1 + 4) / 3, mean 3
    assert skew.explained == pytest.approx((2 * (36 + 1 + 1) / 64) ** 0.5)
    assert (skew.sampled, skew.keys, skew.keyless) == (9, 3, 1)
    assert [(key.key, key.partition, key.records) for key in skew.hottest] == [
        ("a", 0, 6),
        ("b", 1, 1),
        ("c", 1, 1),
    ]


def test_a_sample_is_extrapolated() -> None:
    """Where ten of a hundred offsets were read, there are ten times as many records and bytes."""
    (load,) = measure_skew("orders", [sample(0, {b"a": 10}, span=100)]).partitions
    assert (load.records, load.size_bytes) == (100, 1000)


@pytest.mark.parametrize("keys", [20, 500])
def test_what_keys_explain_is_what_chance_makes(keys: int) -> None:
    """Over many placements the mean squared variation is the explained one squared, few keys or many."""
    found = [place(many(keys), 6, seed) for seed in range(300)]
    assert mean(skew.variation**2 for skew in found) == pytest.approx(found[0].explained ** 2, rel=0.15)


def test_unequal_keys_explain_more() -> None:
    """The same number of keys of which one has half the records scatters more."""
    assert place(many(100) | {b"hot": 300}, 6).explained > 3 * place(many(101), 6).explained


@pytest.mark.parametrize(
    ("samples", "advice"),
    [
        ([sample(0, {}), sample(1, {})], "Empty"),
        ([sample(0, {b"a": 9, b"b": 1})], "One partition"),
        ([sample(0, {None: 9}), sample(1, {b"a": 1})], "90% of the records have no key"),
        ([sample(0, many(100) | {b"hot": 400}), sample(1, many(99)), sample(2, many(99))], "Key hot alone"),
        ([sample(0, many(300)), sample(1, {b"x": 3}), sample(2, {b"y": 3})], "The keys do not explain it"),
        ([sample(0, many(9)), sample(1, many(6)), sample(2, {}), sample(3, many(7))], "Partition 2 is idle"),
        ([sample(n, many(9 + 8 * (n == 0))) for n in range(6)], "The largest has 1.6 times the mean"),
        ([sample(n, many(100)) for n in range(3)], "Even enough: the largest partition has 1.00"),
    ],
)  # fmt: skip
def test_the_advice_names_the_cause(samples: list[PartitionSample], advice: str) -> None:
    """Each kind of skew has a sentence of its own, and an even topic has none of them."""
    assert measure_skew("orders", samples).advice.startswith(advice)
    # also when no key is to be named
    assert measure_skew("orders", samples, hottest=0).advice.startswith(advice)
    assert measure_skew("orders", samples, hottest=0).hottest == ()


def test_a_key_that_is_no_text_is_shown() -> None:
    """Bytes that are no UTF-8 are escaped."""
    assert measure_skew("orders", [sample(0, {b"\xff": 1})]).hottest[0].key == "\\xff"
