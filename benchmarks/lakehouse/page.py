"""Writes the page of the benchmark from what was measured."""

from collections.abc import Iterator

from benchmarks.generator.statistics import Spread
from benchmarks.lakehouse.result import WHOLE, Result
from benchmarks.report import describe_machine, table

NOTHING, BRONZE, SILVER, AFTER = WHOLE
CLAIMS = ((BRONZE, NOTHING, 0.7), (SILVER, NOTHING, 0.3), (AFTER, SILVER, 0.8))
"""What is compared with what, and the ratio that is wanted."""

_INTRODUCTION = """\
<!-- Derived by `make bench`; change benchmarks/lakehouse, not this page. -->

# From Kafka to silver

How fast records go from Kafka into bronze and silver, as a ratio to how fast Spark reads them and throws them
away. Measured on {date} at commit `{commit}`.

<!-- not run: it takes about ten minutes, and its numbers are those of the reader's machine -->
```sh
make bench
```

`ARGS="--quick"` only shows, in about a minute, that everything runs. The raw runs stay below
`data/benchmarks/lakehouse/`. What was tried, and what each attempt gave:
[Spark's speed](../explanation/spark-speed.md).
"""

_METHOD = """\
## What the numbers mean

- All paths run in one process and one Spark session, `{master}` with a heap of {memory}, the settings of
  `stafford ingest`. The broker is on the same machine and shares its cores.
- Each round reads the same {rows:,} records of nine topics, with a shop's mess, once on every path.
  {warm_ups} rounds warm up and do not count: {warm_rows:,} records on each path. The figures are medians of
  {rounds}; spread is the least and the greatest round. A ratio is taken within its round.
- {nothing}: the same source with the same options, into Spark's `noop` sink.
- {silver}: the seconds of both queries, one after the other: bronze is whole before silver reads it. Silver
  parses, validates, removes doubles, and writes nine silver tables, quarantine and arrivals.
- {after}: the lake has {history:,} ids already, of the days just before, in files like silver's own.
- After each round the rows are counted: every record has exactly one fate, or the run fails.
"""


def render(result: Result) -> str:
    """The page, in Markdown."""
    parts = [
        _INTRODUCTION.format(date=f"{result.measured_at:%Y-%m-%d}", commit=result.machine.commit),
        "## Claims\n",
        table(["Claim", "Target", "Measured", "Spread", "Reached"], list(_claims(result))),
        "## Rates\n",
        table(["Path", "Records/s", "Spread"], list(_rates(result))),
        _METHOD.format(
            rounds=result.rounds,
            rows=result.rows,
            warm_ups=result.warm_ups,
            warm_rows=result.warm_ups * result.rows,
            master=result.master,
            memory=result.driver_memory,
            history=result.history_ids,
            nothing=NOTHING,
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


def _rates(result: Result) -> Iterator[list[str]]:
    for name in WHOLE:
        rate = result.rate(name)
        yield [name, f"**{rate.median:,.0f}**", _spread(rate, ",.0f")]


def _machine(result: Result) -> str:
    return describe_machine(result.machine, result.versions, libraries=tuple(result.machine.libraries))


def _spread(spread: Spread, form: str) -> str:
    return f"{spread.least:{form}} to {spread.greatest:{form}}"
