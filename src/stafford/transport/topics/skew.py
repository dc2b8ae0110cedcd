"""How evenly a topic's records lie on its partitions, and whether its keys explain it: pure.

If each key goes to a partition by chance, and key k has the share s(k) of all records, then the share of
one partition scatters around 1/P with the variance sum(s(k)²) × (1/P) × (1 - 1/P). The coefficient of
variation that the keys alone explain is therefore sqrt((P - 1) × sum(s(k)²)): a few keys, or one that has
most records, scatter much; many small ones hardly.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from math import sqrt

HOT = 1.5
"""From this multiple of the mean a partition is called hot: its consumer is busy half again as long."""

UNEXPLAINED = 3.0
"""From this multiple of what the keys explain, something else places the records."""


@dataclass(frozen=True, slots=True)
class PartitionSample:
    """What was read of one partition.

    span: offsets that it holds. sampled_span: offsets of them that were read. records, size_bytes: found
    there; a size is that of keys, values and headers, uncompressed. newest: epoch milliseconds of the last.
    """

    partition: int
    span: int
    sampled_span: int
    records: int
    size_bytes: int
    newest: int | None
    keys: Mapping[bytes | None, int]


@dataclass(frozen=True, slots=True)
class PartitionLoad:
    """What one partition holds; exact where all of it was read, else extrapolated. newest: as sampled."""

    partition: int
    records: int
    size_bytes: int
    newest: int | None


@dataclass(frozen=True, slots=True)
class HotKey:
    """A key, its records in the sample, and their share of it."""

    key: str
    partition: int
    records: int
    share: float


@dataclass(frozen=True, slots=True)
class Skew:
    """How a topic lies on its partitions.

    sampled: records that were read. keys: distinct ones among them. keyless: those without one.
    variation: coefficient of variation of records by partition. explained: what the keys alone explain.
    """

    topic: str
    partitions: tuple[PartitionLoad, ...]
    sampled: int
    keys: int
    keyless: int
    hottest: tuple[HotKey, ...]
    largest_share: float
    variation: float
    explained: float
    advice: str


def measure_skew(topic: str, samples: Sequence[PartitionSample], hottest: int = 5) -> Skew:
    """Compare the partitions of a topic.

    Args:
        topic: its name.
        samples: one of each partition.
        hottest: how many keys to name.
    """
    loads = tuple(_extrapolate(sample) for sample in samples)
    counts = Counter[tuple[bytes, int]]()
    for sample in samples:
        for key, records in sample.keys.items():
            if key is not None:
                counts[key, sample.partition] += records
    sampled = sum(sample.records for sample in samples)
    keyless = sum(sample.keys.get(None, 0) for sample in samples)
    # A key counts once, though it may lie in two partitions where some were added later.
    by_key = Counter[bytes]()
    for (key, _), records in counts.items():
        by_key[key] += records
    keyed = sampled - keyless
    concentration = sum((records / keyed) ** 2 for records in by_key.values()) if keyed else 0.0
    total = sum(load.records for load in loads)
    ranked = nsmallest(max(1, hottest), counts.items(), key=lambda item: (-item[1], item[0]))
    named = [
        HotKey(key.decode(errors="backslashreplace"), partition, records, records / sampled)
        for (key, partition), records in ranked
    ]
    largest = max((load.records for load in loads), default=0) / total if total else 0.0
    variation = _vary([load.records for load in loads])
    explained = sqrt(max(0, len(loads) - 1) * concentration)
    return Skew(
        topic,
        loads,
        sampled,
        len(by_key),
        keyless,
        tuple(named[:hottest]),
        largest,
        variation,
        explained,
        next(_find_advice(loads, named, keyless, sampled, len(by_key), variation, explained)),
    )


def _extrapolate(sample: PartitionSample) -> PartitionLoad:
    factor = sample.span / sample.sampled_span if sample.sampled_span else 0.0
    return PartitionLoad(
        sample.partition, round(sample.records * factor), round(sample.size_bytes * factor), sample.newest
    )


def _vary(counts: Sequence[int]) -> float:
    if not any(counts):
        return 0.0
    mean = sum(counts) / len(counts)
    return sqrt(sum((count - mean) ** 2 for count in counts) / len(counts)) / mean


def _find_advice(
    loads: Sequence[PartitionLoad],
    hottest: Sequence[HotKey],
    keyless: int,
    sampled: int,
    keys: int,
    variation: float,
    explained: float,
) -> Iterator[str]:
    # What is true of the topic, the most important first; only the first is said.
    partitions = len(loads)
    total = sum(load.records for load in loads)
    if not total:
        yield "Empty: there is nothing to judge."
    if partitions == 1:
        yield "One partition: all of it is in order, and one consumer of a group reads it."
    if keyless * 2 > sampled:
        yield (
            f"{keyless / sampled:.0%} of the records have no key: they are spread by batches, and nothing "
            "orders them. Give them the key of what must stay in order."
        )
    idle = [str(load.partition) for load in loads if not load.records]
    ratio = max(load.records for load in loads) * partitions / max(total, 1)
    # A key of share s, on a partition that has 1/P of the rest, makes it s × (P - 1) + 1 times the mean.
    if hottest and hottest[0].share * (partitions - 1) + 1 > HOT:
        yield (
            f"Key {hottest[0].key} alone has {hottest[0].share:.0%} of the records: more partitions do not "
            "help, because a key is never split. Give it a topic of its own, or key by something finer."
        )
    if ratio > HOT and variation > UNEXPLAINED * explained:
        yield (
            "The keys do not explain it: another partitioner places some records, or partitions were added "
            "later. Compare the producers' `partitioner` settings."
        )
    if idle:
        one = len(idle) == 1
        yield (
            f"{'Partition' if one else 'Partitions'} {', '.join(idle)} {'is' if one else 'are'} idle: {keys} "
            f"keys for {partitions} partitions. Whoever waits for all partitions waits for "
            f"{'it' if one else 'them'}; fewer partitions would do."
        )
    if ratio > HOT:
        yield (
            f"The largest has {ratio:.1f} times the mean, by chance: {keys} keys are few for {partitions} "
            "partitions. More keys even out; more partitions do not."
        )
    yield f"Even enough: the largest partition has {ratio:.2f} times the mean."
