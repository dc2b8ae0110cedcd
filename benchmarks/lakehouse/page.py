"""Writes the page of the benchmark from what was measured."""

from collections.abc import Iterator, Sequence

from benchmarks import plot
from benchmarks.generator.statistics import Spread
from benchmarks.lakehouse.result import WHOLE, Result
from benchmarks.lakehouse.sustained import CAUGHT_UP_S, KINDS, WARM_UP_S, Held
from benchmarks.report import describe_machine, table

NOTHING, BY_DEFAULT, BRONZE, SILVER, AFTER = WHOLE
CLAIMS = (
    (BRONZE, BY_DEFAULT, 0.7),
    (SILVER, BY_DEFAULT, 0.3),
    (BRONZE, NOTHING, 0.7),
    (SILVER, NOTHING, 0.3),
    (AFTER, SILVER, 0.8),
)
"""What is compared with what, and the ratio that is wanted."""
IN_TIME = 0.95
"""Of the records at a rate that is held: p95 is within a time if so many are."""

_INTRODUCTION = """\
<!-- Derived by `make bench`; change benchmarks/lakehouse, not this page. -->

# From Kafka to silver

How fast records go from Kafka into bronze and silver, as a ratio to how fast Spark reads them and throws them
away. Measured on {date} at commit `{commit}`.

<!-- not run: it takes about half an hour, and its numbers are those of the reader's machine -->
```sh
make bench
```

`ARGS="--no-sustained"` leaves out the rates that are held for minutes; `ARGS="--quick"` only shows, in about
a minute, that the rest runs. The raw runs stay below
`data/benchmarks/lakehouse/`. What was tried, and what each attempt gave:
[Spark's speed](../explanation/spark-speed.md).
"""

_METHOD = """\
## What the numbers mean

- All paths run in one process and one Spark session, `{master}` with a heap of {memory}, the settings of
  `stafford ingest` but for its compiler: Spark's own reading is code of the JVM, so both compilers are on.
  The broker is on the same machine and shares its cores.
- Each round reads the same {rows:,} records of nine topics, with a shop's mess, once on every path.
  {warm_ups} rounds warm up and do not count: {warm_rows:,} records on each path. The figures are medians of
  {rounds}; spread is the least and the greatest round. A ratio is taken within its round.
- {nothing}: the same source with the same options, into Spark's `noop` sink.
- {by_default}: the same again, but the broker may hold an answer back for 500 ms, as Kafka has it unless told
  otherwise. That reader waits most of its time, so nearly anything keeps up with it: it is what a pipeline is
  that nobody tuned, and the stricter comparison is the one above.
- {silver}: the seconds of both queries, one after the other: bronze is whole before silver reads it. Silver
  parses, validates, removes doubles, and writes nine silver tables, quarantine and arrivals.
- {after}: the lake has {history:,} ids already, of the days just before, in files like silver's own,
  and with the snapshot of silver's memory that a start on such a lake leaves.
- After each round the rows are counted: every record has exactly one fate, or the run fails.
"""


_RATES, _HELD_AT = "benchmarks-rates.svg", "benchmarks-held-{rate:.0f}.svg"


def draw(result: Result) -> dict[str, str]:
    """The pictures that the page shows, by the names of their files."""
    bars = [(name, result.rate(name).median, name not in (NOTHING, BY_DEFAULT)) for name in WHOLE]
    pictures = {_RATES: plot.draw("Records a second, medians", bars)}
    for one in _without_a_kill(result.held):
        pictures[_HELD_AT.format(rate=one.rate)] = plot.trace(
            f"Seconds from produced_at until silver shows it, at {one.rate:,.0f} records/s",
            [
                ("95th percentile", [(sample.at_s, sample.p95_s) for sample in one.samples[1:]]),
                ("median", [(sample.at_s, sample.median_s) for sample in one.samples[1:]]),
            ],
            wanted=one.within_s,
        )
    return pictures


def render(result: Result) -> str:
    """The page, in Markdown."""
    parts = [
        _INTRODUCTION.format(date=f"{result.measured_at:%Y-%m-%d}", commit=result.machine.commit),
        "## Claims\n",
        table(["Claim", "Target", "Measured", "Spread", "Reached"], list(_claims(result))),
        "## Rates\n",
        f"![Records a second of each path](../images/{_RATES})\n",
        table(["Path", "Records/s", "Spread"], list(_rates(result))),
        *_describe_held(result.held),
        *(f"**Not held**: {failure}.\n" for failure in result.failed),
        _METHOD.format(
            rounds=result.rounds,
            rows=result.rows,
            warm_ups=result.warm_ups,
            warm_rows=result.warm_ups * result.rows,
            master=result.master,
            memory=result.driver_memory,
            history=result.history_ids,
            nothing=NOTHING,
            by_default=BY_DEFAULT,
            silver=SILVER,
            after=AFTER,
        ),
        "## The machine\n",
        _machine(result),
    ]
    return "\n".join(parts)


def _claims(result: Result) -> Iterator[list[str]]:
    for name, to, target in CLAIMS:
        found = result.ratio(name, to)
        reached = "yes" if found.median >= target else "**no**"
        yield [f"{name}, by {to}", str(target), f"{found.median:.2f}", _spread(found, ".2f"), reached]
    for one in result.held:
        if one.recovery_s is None:
            held_for, share = f"{one.rate:,.0f} records/s for {one.seconds:.0f} s", one.share_in_time()
            claim = f"{held_for}: in silver within {one.within_s:.0f} s"
            wanted, measured, reached = f"{IN_TIME:.0%}", f"{share:.1%}", share >= IN_TIME
        else:
            claim = f"Back after SIGKILL at {one.rate:,.0f} records/s"
            wanted, measured = f"{one.within_s:.0f} s", f"{one.recovery_s:.1f} s"
            reached = one.recovery_s <= one.within_s
        yield [claim, wanted, measured, "one run", "yes" if reached else "**no**"]


def _without_a_kill(held: Sequence[Held]) -> list[Held]:
    return [one for one in held if one.recovery_s is None]


_HELD = """\
## Rates held

A shop sends at a rate, in real time; broker, shop and ingestion are processes of their own and share the
cores. Nothing counts in the first {warm_up:.0f} seconds. Latency is from `produced_at` until the batch's
rows are committed to silver and quarantine, and p95 is over all records; until 2026-11-30 these pages had
the 95th percentile, over batches, of each batch's own, in which a batch of ten counts as much as one of ten
thousand. First and second half are compared because a lag, or a memory, that grows would show there; of the
batches' median latency and of memory the table has both halves' medians. Memory is what is resident of the
process that sends (shop), of the Python that starts batches and commits them (driver), of Spark (JVM) and of
the Python of its tasks (workers). At the end every record that was sent has its fate.
"""


def _describe_held(held: Sequence[Held]) -> Iterator[str]:
    if not held:
        return
    yield _HELD.format(warm_up=WARM_UP_S)
    kept = _without_a_kill(held)
    for one in kept:
        picture = f"../images/{_HELD_AT.format(rate=one.rate)}"
        yield f"![How late each batch was at {one.rate:,.0f} records/s]({picture})\n"
    yield table(
        [
            "Rate",
            "For",
            "p95",
            "first half",
            "second half",
            "Median, halves",
            *(f"Memory, {kind}" for kind in KINDS),
        ],
        [
            [
                f"**{one.rate:,.0f}/s**",
                f"{one.seconds:.0f} s",
                f"**{one.p95_s():.1f} s**",
                f"{one.p95_s(half=0):.1f} s",
                f"{one.p95_s(half=1):.1f} s",
                f"{one.median_s(0):.1f}, {one.median_s(1):.1f} s",
                *(
                    f"{one.memory_bytes(0, kind) / 1e9:.2f}, {one.memory_bytes(1, kind) / 1e9:.2f} GB"
                    for kind in KINDS
                ),
            ]
            for one in kept
        ],
    )
    for one in held:
        if one.recovery_s is not None:
            yield (
                f"The ingestion was killed at {one.rate:,.0f} records/s, with its JVM, by SIGKILL. "
                f"**{one.recovery_s:.0f} s** after its start silver was again less than {CAUGHT_UP_S:.0f} s "
                "behind, Spark's start included.\n"
            )


def _rates(result: Result) -> Iterator[list[str]]:
    for name in WHOLE:
        rate = result.rate(name)
        yield [name, f"**{rate.median:,.0f}**", _spread(rate, ",.0f")]


def _machine(result: Result) -> str:
    return describe_machine(result.machine, result.versions, libraries=tuple(result.machine.libraries))


def _spread(spread: Spread, form: str) -> str:
    return f"{spread.least:{form}} to {spread.greatest:{form}}"
