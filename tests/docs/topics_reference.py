"""Writes docs/reference/topics.md from plan and contracts: `python -m tests.docs.topics_reference`."""

from datetime import timedelta

import typer

from stafford.contracts import load_contracts
from stafford.settings import PROJECT_DIR
from stafford.transport.topics import Cleanup, TopicSpec, load_topics

PATH = PROJECT_DIR / "docs" / "reference" / "topics.md"
INTRODUCTION = """\
<!-- Derived by `python -m tests.docs.topics_reference`; change config/topics.yaml, not this page. -->

# Topics, keys and partitions

The plan is [config/topics.yaml](../../config/topics.yaml); keys stand in the [contracts](contracts.md),
where a rule demands them of every event. `stafford topics apply` makes the broker so, `stafford topics
skew` measures what became of it, `stafford topics size` says what another load would need.

| Topic | Key | Partitions | Cleanup | Kept | Why |
| --- | --- | --- | --- | --- | --- |
"""
STRATEGY = """\
## How keys are chosen

The key is what must stay in order, and nothing coarser. Kafka orders records within a partition only,
and puts all records of a key into one; so whatever has to be read in the order in which it happened
needs the same key.

- **`order_id`** for orders, payments, shipments and returns: a refund must not be seen before its
  payment. The same key in the same number of partitions has the same partition number in all four, so a
  reader that joins them finds both sides together.
- **`session_id`** for clickstream: a visit is what clicks are ordered in. A customer would be coarser,
  and a customer who never logs in has no id.
- **`product_id`** for products, inventory and reviews: stock is a sum of movements, and a level that is
  read out of order is wrong. A bestseller is a hot key here; these topics are small, and `skew` shows
  when that ends.
- **`customer_id`** for customers: the last event of each is what a new reader wants, and compaction
  keeps exactly that.

## How partitions are chosen

Partitions bound how many members of a group can work at once, and they cost: files, memory, time to
elect leaders. The largest topic has six, the others three, products one because a total order of a
small catalogue is worth more than parallel reading. Adding some later moves keys: of three partitions
made six, about every second key has its old records in one place and its new ones in another. `apply`
therefore wants `--allow-reordering` ([0014](../adr/0014-unsafe-topic-changes-need-a-flag.md)), and
`skew` sees it afterwards. Our producers place keys by murmur2, as Java's do; librdkafka's own default
is another hash, and two producers of one topic that differ in it break the order of a key without any
error.

## What it looks like

Two weeks of a shop of 50,000 events a day (fashion-retail, seed 7, 692,419 records) on one broker, by
`stafford topics skew --sample 1000000`. Largest: the largest partition by the mean. Variation: the
coefficient of variation of the partitions, and what the keys alone make of it by chance.

| Topic | Records | Keys | Largest | Variation | Explained | Hottest key |
| --- | --- | --- | --- | --- | --- | --- |
| `clickstream` | 646,477 | 108,468 | 1.03 | 0.014 | 0.011 | 0.01% |
| `customers` | 22,169 | 21,019 | 1.01 | 0.009 | 0.010 | 0.01% |
| `shipments` | 8,317 | 2,990 | 1.01 | 0.008 | 0.026 | 0.06% |
| `inventory` | 7,828 | 306 | 1.21 | 0.165 | 0.124 | 3.97% |
| `payments` | 3,523 | 3,314 | 1.00 | 0.003 | 0.025 | 0.17% |
| `orders` | 3,387 | 3,315 | 1.00 | 0.004 | 0.025 | 0.09% |
| `products` | 324 | 306 | 1.00 | | | 0.62% |
| `returns` | 303 | 238 | 1.06 | 0.043 | 0.099 | 1.32% |
| `reviews` | 91 | 72 | 1.25 | 0.191 | 0.185 | 4.40% |

Nothing is hot. The topics by product vary most, because they have few keys and a bestseller among them: a
partition that is a fifth larger than the mean is what 306 such keys do by chance. A key becomes a problem
on three partitions from a quarter of the records on.
"""


def render() -> str:
    """The page."""
    contracts = load_contracts(PROJECT_DIR / "contracts")
    topics = load_topics(PROJECT_DIR / "config" / "topics.yaml")
    rows = [_row(name, spec, contracts[name].key) for name, spec in topics.items()]
    return INTRODUCTION + "\n".join(rows) + "\n\n" + STRATEGY


def _row(name: str, spec: TopicSpec, key: str) -> str:
    why = " ".join(spec.why.split())
    cells = (f"`{name}`", f"`{key}`", str(spec.partitions), str(spec.cleanup), _kept(spec), why)
    return f"| {' | '.join(cells)} |"


def _kept(spec: TopicSpec) -> str:
    if spec.cleanup is Cleanup.COMPACT:
        return f"latest of each key; all for {_days(spec.min_compaction_lag)}"
    return _days(spec.retention)


def _days(age: timedelta | None) -> str:
    assert age is not None
    return f"{age / timedelta(days=1):g} days"


if __name__ == "__main__":
    PATH.write_text(render(), encoding="utf-8", newline="\n")
    typer.echo(f"wrote {PATH}")
