"""Writes the page of the benchmark from what was measured."""

from collections.abc import Iterator

from benchmarks.generator.kafka import PARTITIONS, TITLES, TOOL, TRANSPORT, WHOLE, tool_properties
from benchmarks.generator.result import Result
from benchmarks.generator.stafford_files import ONE_WORKER, TWO_WORKERS
from benchmarks.generator.statistics import Spread
from benchmarks.report import describe_machine, table

GIGABYTE = 1e9
TARGETS = {"ndjson": 1_000_000, "parquet": 2_500_000}  # events/s on one core
WORKERS_TARGET = 1.8  # two workers by one
KAFKA_TARGET = 0.8  # of kafka-producer-perf-test
MEMORY_TARGET_GB = 1.0

_INTRODUCTION = """\
<!-- Derived by `make bench-generator`; change benchmarks/generator, not this page. -->

# The generator beside others

How fast `stafford generate` is, what others reach on the same core in the same run, what Kafka's own tool
reaches on the same broker, and how much memory it takes. Measured on {date} at commit `{commit}`.

<!-- not run: it takes about eight minutes, and its numbers are those of the reader's machine -->
```sh
make bench-generator
```

`ARGS="--large"` measures the memory for 100 million events too; `ARGS="--quick"` only shows, in about a
minute, that everything runs. The raw runs stay below `data/benchmarks/generator/`.
"""

_METHOD = """\
## What the numbers mean

- **Events/s** is the median of {rounds}. In each round every program runs once for a short and once for a
  long amount of work, in turn with the others. The rate is the difference in rows by the difference in
  seconds, so it contains neither imports, nor compilation, nor the opening of the shop. Spread is the least
  and the greatest round.
- **Whole process** is the rows of the long run by its seconds from process start to end. The work by which
  the long run is longer takes about {target_s:g} s (jafgen's a year, whatever that takes). **Start-up** is
  what of the long run the rate does not explain.
- {pinning}
- Files go to the disk as each program writes them; nobody waits until the disk has them.

## What can be compared, and what cannot

- **Stafford** lives as a shop of {events_per_day:,} events a day and writes all nine topics in order of
  emission: sessions that go on, orders, payments, shipments and returns that follow from them, stock that
  runs out, the mess on top, and beside each event a label that says what is true about it. Both are written,
  and only events are counted.
- **mimesis** and **Faker** write clickstream events with the fields of ours, as NDJSON through orjson. Each
  row stands alone: no session, no order that follows from a click, no order in time, no mess, no truth.
  They do less for each row.
- **jafgen** simulates dbt's jaffle shop, day by day and customer by customer, and writes CSV. The rows of all
  its files are counted, and they are shorter than ours. It makes whole years only, so its short run is its
  `--help`.
"""

_KAFKA = """\
## Through Kafka to the acknowledgement

{table}
- The ratio is taken round by round. Its target is {target}.
- One broker (embedded, a single node), and the same settings for all, here in the words of the Java client:

  ```text
  {properties}
  ```

  `batch.size` is our client's own; with the 16 KiB of the Java client the tool would be slower.
- The same bytes: the tool sends neither keys nor headers, so its payloads are our keys, headers and bodies,
  one behind the other. That favours the tool. It need not place keys, has one value to copy where we have a
  key, a header and a body, and sends bytes that it has had in memory from the start.
- Our topics have 1 to {partitions} partitions, the tool's has {partitions}.
- All warm up first, which is not counted: Java compiles, and we open the shop. After every 10,000 records we
  wait until all are acknowledged, because only then may the ledger say so; the tool never waits.
- CPU is how much of its core our process used: near 1 the client is the limit, not the broker.
"""


def render(result: Result, plot: str) -> str:
    """The page, in Markdown; `plot` is the picture's path as the page sees it."""
    pinning = (
        "**One core**: each program is tied to one core, two workers to two, and each Kafka client to one;\n"
        "  the broker has the other cores."
        if result.machine.can_pin
        else "**Not pinned**: this system ties no process to a core. Thread pools were asked for one\n"
        "  thread; what a program does beside them may use other cores."
    )
    parts = [
        _INTRODUCTION.format(date=f"{result.measured_at:%Y-%m-%d}", commit=result.machine.commit),
        "## Claims\n",
        table(["Claim", "Target", "Measured", "Reached"], list(_claims(result))),
        "## Speed on one core\n",
        f"![Events a second of each program]({plot})\n",
        table(
            ["Program", "Events/s", "Spread", "Whole process", "Start-up", "Rows of the long run", "Writes"],
            list(_rates(result)),
        ),
        _METHOD.format(
            rounds=f"{result.rounds} rounds" if result.rounds > 1 else "a single round",
            target_s=result.target_s,
            events_per_day=result.events_per_day,
            pinning=pinning,
        ),
    ]
    if result.sent:
        parts.append(
            _KAFKA.format(
                table=table(["Client", "Records/s", "Spread", "By the tool", "CPU"], list(_clients(result))),
                target=KAFKA_TARGET,
                properties="\n  ".join(tool_properties()),
                partitions=PARTITIONS,
            )
        )
    parts += ["## Memory\n", _memory(result), "## The machine\n", _machine(result)]
    if result.notes:
        parts += ["## Not measured\n", "".join(f"- {note}.\n" for note in result.notes)]
    return "\n".join(parts)


def _claims(result: Result) -> Iterator[list[str]]:
    for kind, target in TARGETS.items():
        one, two = result.rate(ONE_WORKER[kind]), result.rate(TWO_WORKERS[kind])
        title = "NDJSON" if kind == "ndjson" else "Parquet"
        if one:
            rate = one.rows_per_s.median
            yield _claim(f"Events/s to {title}, one core", f"{target:,}", f"{rate:,.0f}", rate >= target)
        if one and two:
            ratio = two.rows_per_s.median / one.rows_per_s.median
            claim = f"Two workers by one, {title}"
            yield _claim(claim, str(WORKERS_TARGET), f"{ratio:.2f}", ratio >= WORKERS_TARGET)
    for client in (TRANSPORT, WHOLE):
        ratio_by_tool = result.kafka_ratio(client)
        if ratio_by_tool:
            found = ratio_by_tool.median
            claim = f"Acknowledged by Kafka, {client}, by what its own tool reaches"
            yield _claim(claim, str(KAFKA_TARGET), f"{found:.2f}", found >= KAFKA_TARGET)
    for footprint in result.footprints:
        gigabytes = footprint.peak_bytes / GIGABYTE
        claim = f"Memory for {_millions(footprint.events)} events"
        yield _claim(claim, f"{MEMORY_TARGET_GB:g} GB", f"{gigabytes:.2f} GB", gigabytes <= MEMORY_TARGET_GB)


def _claim(claim: str, target: str, measured: str, is_reached: bool) -> list[str]:
    return [claim, target, measured, "yes" if is_reached else "**no**"]


def _rates(result: Result) -> Iterator[list[str]]:
    for contender in result.contenders:
        rate = result.rate(contender.name)
        if rate:
            yield [
                contender.title,
                f"**{rate.rows_per_s.median:,.0f}**",
                _spread(rate.rows_per_s),
                f"{rate.whole_per_s.median:,.0f}",
                f"{rate.start_s:.1f} s",
                f"{rate.rows:,}",
                contender.writes,
            ]


def _clients(result: Result) -> Iterator[list[str]]:
    for client, title in TITLES.items():
        rate, ratio = result.sent_per_s(client), result.kafka_ratio(client)
        if rate and ratio:
            shares = [sent.cpu_share for sent in result.sent if sent.client == client and sent.cpu_share]
            cpu = f"{Spread.of(shares).median:.2f}" if shares else ""
            by_tool = "1" if client == TOOL else f"**{ratio.median:.2f}**"
            yield [title, f"**{rate.median:,.0f}**", _spread(rate), by_tool, cpu]


def _memory(result: Result) -> str:
    rows = [
        [f"{footprint.events:,}", f"{footprint.peak_bytes / GIGABYTE:.2f} GB", f"{footprint.seconds:.0f} s"]
        for footprint in result.footprints
    ]
    return table(["Events", "Peak resident memory of all its processes", "Took"], rows)


def _machine(result: Result) -> str:
    return describe_machine(result.machine, result.versions, libraries=tuple(result.machine.libraries))


def _millions(events: int) -> str:
    return f"{events / 1e6:.0f} million" if events >= 10**6 else f"{events:,}"


def _spread(spread: Spread) -> str:
    return f"{spread.least:,.0f} to {spread.greatest:,.0f}"
