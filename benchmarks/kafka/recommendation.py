"""What the numbers advise; a difference within the scatter of the rounds advises nothing."""

from collections.abc import Iterator

from benchmarks.generator.statistics import Spread
from benchmarks.kafka.rebalance import COOPERATIVE, EAGER, JOIN, NEW, RESTART, STATIC
from benchmarks.kafka.result import Result
from benchmarks.kafka.variants import BASE, TITLES, Variant

NOISE = 0.05
"""A median that differs by less than this from the base's is no difference, however the rounds lie."""


def find_all(result: Result) -> Iterator[str]:
    """Sentences, one for each thing that was varied."""
    for factor in ("linger_ms", "batch_bytes"):
        if _variants(result, factor):
            yield _about_waiting(result, factor)
    yield _about_compression(result)
    if _variants(result, "acks"):
        yield _about_acks(result)
    if _variants(result, "partitions"):
        yield _about_partitions(result)
    if len({read.consumers for read in result.read}) > 1:
        yield _about_consumers(result)
    yield from _about_groups(result)


def differs(gain: Spread) -> int:
    """Whether a variant is faster (1) or slower (-1) than the base in every round, or neither (0)."""
    if gain.least > 1 and gain.median > 1 + NOISE:
        return 1
    if gain.greatest < 1 and gain.median < 1 - NOISE:
        return -1
    return 0


def _variants(result: Result, factor: str) -> list[Variant]:
    return [variant for variant in result.variants() if variant.factor == factor]


def _base(result: Result) -> Variant:
    return result.variants()[0]


def _percent(gain: Spread) -> str:
    return f"{gain.median - 1:+.0%}"


def _list(result: Result, variants: list[Variant]) -> str:
    return ", ".join(f"{v.value} ({_percent(result.gain(v))})" for v in variants)


def _about_waiting(result: Result, factor: str) -> str:
    others = _variants(result, factor)
    title, now = f"`{TITLES[factor]}`", getattr(BASE, factor)
    faster = [v for v in others if differs(result.gain(v)) > 0]
    slower = [v for v in others if differs(result.gain(v)) < 0]
    delay = result.delay(_base(result))[1]
    said = f"{title} {now:,}: "
    if faster:
        best = max(faster, key=lambda v: result.gain(v).median)
        said += (
            f"{best.value} is faster ({_percent(result.gain(best))}) for a delay p99 of "
            f"{result.delay(best)[1]:.0f} ms in place of {delay:.0f} ms; take it where speed alone counts."
        )
    else:
        said += "keep it; no other value was faster in every round."
    return said + (f" Slower in every round: {_list(result, slower)}." if slower else "")


def _about_compression(result: Result) -> str:
    measured = [_base(result), *_variants(result, "compression")]
    smallest = min(measured, key=result.stored)
    name = smallest.value or BASE.compression
    fastest = max(measured, key=lambda v: result.gain(v).median)
    return (
        f"`compression.type`: {name} stores least ({result.stored(smallest):.0f} bytes a record, "
        f"{BASE.compression} {result.stored(_base(result)):.0f}) at {result.gain(smallest).median:.2f} of "
        f"{BASE.compression}'s rate; the fastest is {fastest.value or BASE.compression}. Where disk or "
        f"network is the limit take {name}; where a core is, keep {BASE.compression}."
    )


def _about_acks(result: Result) -> str:
    costs = [v for v in _variants(result, "acks") if differs(result.gain(v)) > 0]
    gained = _list(result, _variants(result, "acks"))
    verdict = "gives speed for it" if costs else "gives nothing for it that stands out of the noise"
    return (
        f"`acks=all`: keep it. The promise rests on it, and giving it up {verdict} on this single broker: "
        f"{gained} against all."
    )


def _about_partitions(result: Result) -> str:
    others = _variants(result, "partitions")
    moved = [v for v in others if differs(result.gain(v))]
    if not moved:
        return (
            f"Partitions: {', '.join(v.value for v in others)} are no faster and no slower for one producer "
            f"than {BASE.partitions}; choose them by consumers and keys."
        )
    return (
        f"Partitions: {_list(result, moved)} against {BASE.partitions}; the others do not stand out of the "
        "noise."
    )


def _about_consumers(result: Result) -> str:
    counts = list(dict.fromkeys(read.consumers for read in result.read))
    best = max(counts, key=lambda n: result.read_by(n, "ours").median)
    one = result.read_by(counts[0], "ours").median
    cores = f"{result.machine.cores} cores, which they share with the broker"
    if best == 1:
        return f"Consumers: one reads as fast as several on {cores}."
    times = result.read_by(best, "ours").median / one
    return f"Consumers: {best} read fastest on {cores}: {times:.1f} times one."


def _about_groups(result: Result) -> Iterator[str]:
    def pause(change: str, protocol: str) -> tuple[float, float] | None:
        found = [p for p in result.paused if (p.change, p.protocol) == (change, protocol)]
        if not found:
            return None
        return Spread.of(p.longest_s for p in found).median, Spread.of(p.stopped for p in found).median

    eager, cooperative, new = (pause(JOIN, protocol) for protocol in (EAGER, COOPERATIVE, NEW))
    if eager and cooperative and new:
        yield (
            f"`group.protocol=consumer` (KIP-848): while a member joins, the longest silence of a partition "
            f"is {new[0]:.1f} s and {new[1]:.0f} stop, against {eager[0]:.1f} s and {eager[1]:.0f} with the "
            f"classic protocol's default, and {cooperative[0]:.1f} s and {cooperative[1]:.0f} with its "
            "cooperative assignor."
        )
    restart, static = pause(RESTART, EAGER), pause(STATIC, EAGER)
    if restart and static:
        yield (
            f"`group.instance.id`: with the classic protocol's default a restart of a second leaves a "
            f"partition silent for {static[0]:.1f} s in place of {restart[0]:.1f} s."
        )
