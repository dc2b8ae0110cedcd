"""Writes the page of the benchmark from what was measured."""

from collections.abc import Iterator

from benchmarks.generator.statistics import Spread
from benchmarks.kafka import recommendation
from benchmarks.kafka.rebalance import EVERY_S, MEMBERS, PARTITIONS, PROTOCOLS, UNUSUAL_S
from benchmarks.kafka.result import Result
from benchmarks.kafka.variants import BASE, TITLES, Variant
from benchmarks.report import describe_machine, table

_INTRODUCTION = """\
<!-- Derived by `stafford bench kafka`; change benchmarks/kafka, not this page. -->

# Kafka's settings, measured

What each setting of a producer gives and costs, how a group of consumers scales, and how long a
group stops when a member comes or goes. Our client (librdkafka) and Kafka's own tools (Java) send
and read the same bytes with the same settings on one broker, in turns. Measured on {date} at commit
`{commit}`.

<!-- not run: it takes about ten minutes, and its numbers are those of the reader's machine -->
```sh
stafford bench kafka
```

`--quick` only shows, in less than a minute, that everything runs. The raw runs stay below
`data/benchmarks/kafka/`.
"""

_SENDING = """\
One setting is changed at a time; the others are those of our transport, which is the row in bold:

```text
{base}
```

![Records a second of our client with each setting]({plot})

{table}
- **Records/s** of our client is the median of {rounds}, with the least and the greatest; a record
  counts when it is acknowledged. **By the base** is the same divided by the base of the same round.
  **By the tool** is divided by `kafka-producer-perf-test` of the same round.
- **Stored** is what one of our records takes in the broker's log.
- **Delay** is from send to acknowledgement at {rate:,} records/s, by Kafka's tool: median and 99th
  percentile. At full speed a delay says nothing but how long the queue is.
- The records are our events of one day: key, header and body one behind the other as the value,
  without a key, because Kafka's tool sends none. {bytes:.0f} bytes is what the base stores of each.
- {pinning}
- With `acks=0` nothing is acknowledged: its figures say how fast records leave, not how fast they
  arrive. Both other ways than `all` are without idempotence, so a retry can double and reorder.
- One broker is one copy: `acks=all` waits for nobody else here. On three brokers it does.
"""

_READING = """\
{table}
- A topic of {rows:,} records on 6 partitions, read by the members of one group, each a process,
  from the group's first record to its last. Members and broker share all cores, so this says what
  *these cores* bear; it is not a limit of Kafka.
- The tool is `kafka-consumer-perf-test`. It warms up within what is measured, because it knows no
  warm-up.
"""

_REBALANCING = """\
{table}
- {members} members read {partitions} partitions that get a record every {every:.0f} ms. **Longest
  silence** is the longest time between two records of one partition; **all silent** is the longest
  time in which no partition had one. **Stopped** is how many partitions were silent for more than
  {unusual:.0f} ms. **Until** is from the change to the first record of the member that came.
  Medians of {rounds}.
- All intervals are the defaults: a heartbeat of 3 s with the classic protocol, and of 5 s with
  KIP-848, which the broker sets. A member learns of a change by its next heartbeat, so these
  intervals are most of what is seen.
- A member that restarts is away for a second. A static one has a `group.instance.id`: its
  partitions wait for it.
"""


def bars(result: Result) -> list[tuple[str, float, bool]]:
    """Our client's rates for the picture; the base stands out."""
    return [
        (_name(variant), result.rate_of(variant, "ours").median, not variant.factor)
        for variant in result.variants()
    ]


def render(result: Result, plot: str) -> str:
    """The page, in Markdown; `plot` is the picture's path as the page sees it."""
    rounds = f"{result.rounds} rounds" if result.rounds > 1 else "a single round"
    pinning = (
        "Each client is tied to one core, the broker to the others."
        if result.machine.can_pin
        else "This system ties no process to a core: clients and broker share all of them."
    )
    parts = [
        _INTRODUCTION.format(date=f"{result.measured_at:%Y-%m-%d}", commit=result.machine.commit),
        "## Recommendation\n",
        "".join(f"- {text}\n" for text in recommendation.find_all(result)),
        "## Sending\n",
        _SENDING.format(
            base="\n".join(f"{name}={value}" for name, value in BASE.client().items())
            + f"\npartitions={BASE.partitions}",
            plot=plot,
            table=table(
                ["Setting", "Records/s", "Spread", "By the base", "By the tool", "Stored", "Delay p50, p99"],
                list(_sent(result)),
            ),
            rounds=rounds,
            rate=result.rate,
            bytes=result.stored(result.variants()[0]),
            pinning=pinning,
        ),
        "## Reading\n",
        _READING.format(
            table=table(["Consumers", "Ours, records/s", "Spread", "Tool, records/s"], list(_read(result))),
            rows=result.read_rows,
        ),
        "## Rebalancing\n",
        _REBALANCING.format(
            table=table(
                ["Change", "Protocol", "Longest silence", "All silent", "Stopped", "Until"],
                list(_paused(result)),
            ),
            members=MEMBERS,
            partitions=PARTITIONS,
            every=EVERY_S * 1000,
            unusual=UNUSUAL_S * 1000,
            rounds=rounds,
        ),
        "## The machine\n",
        _machine(result),
    ]
    return "\n".join(parts)


def _name(variant: Variant) -> str:
    return f"{TITLES[variant.factor]} {variant.value}" if variant.factor else "as our transport has it"


def _sent(result: Result) -> Iterator[list[str]]:
    for variant in result.variants():
        rate, p = result.rate_of(variant, "ours"), result.delay(variant)
        mark = "" if variant.factor else "**"
        yield [
            f"{mark}{_name(variant)}{mark}",
            f"{mark}{rate.median:,.0f}{mark}",
            f"{rate.least:,.0f} to {rate.greatest:,.0f}",
            f"{result.gain(variant).median:.2f}",
            f"{result.ratio(variant).median:.2f}",
            f"{result.stored(variant):.0f} B",
            f"{p[0]:.0f} ms, {p[1]:.0f} ms",
        ]


def _read(result: Result) -> Iterator[list[str]]:
    for consumers in dict.fromkeys(read.consumers for read in result.read):
        ours, tool = result.read_by(consumers, "ours"), result.read_by(consumers, "tool")
        spread = f"{ours.least:,.0f} to {ours.greatest:,.0f}"
        yield [str(consumers), f"{ours.median:,.0f}", spread, f"{tool.median:,.0f}"]


def _paused(result: Result) -> Iterator[list[str]]:
    for change in dict.fromkeys(paused.change for paused in result.paused):
        for protocol in PROTOCOLS:
            found = [p for p in result.paused if (p.change, p.protocol) == (change, protocol)]
            longest = Spread.of(p.longest_s for p in found)
            yield [
                change,
                protocol,
                f"**{longest.median:.1f} s** ({longest.least:.1f} to {longest.greatest:.1f})",
                f"{Spread.of(p.all_silent_s for p in found).median:.1f} s",
                f"{Spread.of(p.stopped for p in found).median:.0f} of {found[0].partitions}",
                f"{Spread.of(p.until_s for p in found).median:.1f} s",
            ]


def _machine(result: Result) -> str:
    return describe_machine(result.machine, result.versions, libraries=("confluent-kafka",))
