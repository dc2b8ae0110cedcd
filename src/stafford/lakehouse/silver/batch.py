"""One micro-batch on its way: each topic read once, and what becomes of each record."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

from stafford.contracts import Contract
from stafford.domain.outcome import Outcome
from stafford.lakehouse.silver.deduplication import FATE, decide_fates
from stafford.lakehouse.silver.judging import FIELDS, judge
from stafford.lakehouse.silver.latency import Latency, measure_latency
from stafford.lakehouse.silver.spans import MAX_PREFIXES, PREFIX, find_spans, within
from stafford.lakehouse.silver.suspicion import find_known, find_suspects, give_verdicts, with_fate
from stafford.lakehouse.tables import ARRIVALS, LINEAGE, QUARANTINE

ROWS_PER_FILE = 50_000
"""Fewer rows than this share a file: each file costs a task to write and another to read."""

_BY_REASONS = f"CASE WHEN is_good THEN '{Outcome.SILVER.value}' ELSE '{Outcome.QUARANTINE.value}' END"


@dataclass(frozen=True, slots=True)
class Batch:
    """The records of a micro-batch, cached, with verdicts on those that may be doubles.

    frames: what `judge` gave, by topic. rows: how many a topic has to be written to silver (True) and to
    quarantine (False). unjudged: how many were not judged before. verdicts: as `give_verdicts` gave them;
    None where nothing was suspicious.
    """

    frames: Mapping[str, DataFrame]
    rows: Mapping[tuple[str, bool], int]
    unjudged: int
    verdicts: DataFrame | None

    def silver(self, topic: str) -> DataFrame | None:
        """The topic's rows for silver; None where there are none."""
        if not self.rows[topic, True]:
            return None
        good = self._settled(self.frames[topic].withColumn("is_good", F.size("reasons") == 0))
        return self._in_few_files(
            good.filter(F.col(FATE) == Outcome.SILVER.value).select(f"{FIELDS}.*", *LINEAGE),
            self.rows[topic, True],
        )

    def quarantine(self) -> DataFrame | None:
        """Every topic's rows for quarantine; None where there are none."""
        topics = [topic for topic in self.frames if self.rows[topic, False]]
        if not topics:
            return None
        broken = _union(
            self.frames[topic].filter(F.size("reasons") > 0).drop(FIELDS).withColumn("is_good", F.lit(False))
            for topic in topics
        )
        return self._in_few_files(
            self._settled(broken)
            .filter(F.col(FATE) == Outcome.QUARANTINE.value)
            .withColumn("quarantine_id", F.col("identity"))
            .withColumn("reason", F.get("reasons", F.lit(0)))
            .select(*QUARANTINE),
            sum(self.rows[topic, False] for topic in topics),
        )

    def arrivals(self) -> DataFrame | None:
        """Every record that was not judged before, with its fate; None where all were."""
        if not self.unjudged:
            return None
        settled = self._settled(_union(map(_identify, self.frames.values()))).select(*ARRIVALS)
        return self._in_few_files(settled, self.unjudged)

    def latency(self, visible_at: datetime) -> Latency | None:
        """How long the records took until a moment; None where none says when it was produced."""
        return measure_latency(
            _union(frame.select("_produced_at") for frame in self.frames.values()), visible_at
        )

    def _settled(self, records: DataFrame) -> DataFrame:
        if self.verdicts is None:
            return records.withColumn(FATE, F.expr(_BY_REASONS))
        return with_fate(records, self.verdicts, otherwise=_BY_REASONS)

    @staticmethod
    def _in_few_files(frame: DataFrame, rows: int) -> DataFrame:
        return frame.coalesce(1 + rows // ROWS_PER_FILE)


@contextmanager
def judged(bronze: DataFrame, arrivals: DataFrame, contracts: Mapping[str, Contract]) -> Iterator[Batch]:
    """Judge a micro-batch, and keep it in memory, or on disk where there is too much, inside the `with`.

    Args:
        bronze: the records.
        arrivals: every record that was judged before.
        contracts: by topic.
    """
    kept: list[DataFrame] = []

    def keep(frame: DataFrame) -> DataFrame:
        kept.append(frame.persist(StorageLevel.MEMORY_AND_DISK))
        return frame

    try:
        topics = sorted(row["topic"] for row in bronze.select("topic").distinct().collect())
        if not topics:
            yield Batch({}, {}, 0, None)
            return
        frames = {topic: keep(judge(bronze, topic, contracts)) for topic in topics}
        identified = _union(map(_identify, frames.values()))
        # Reads all topics in one job, which fills the caches of all of them.
        summary = _summarise(identified)
        known = keep(find_known(identified, _prune(arrivals, summary)))
        suspects = keep(find_suspects(identified, known))
        verdicts = keep(give_verdicts(suspects, decide_fates(suspects, known)))
        found = verdicts.groupBy("topic", "is_good", FATE).count().collect()
        rows = Counter({(topic, is_good): 0 for topic in frames for is_good in (True, False)})
        for row in summary:
            rows[row["topic"], row["is_good"]] += row["count"]
        unjudged = rows.total() - sum(row["count"] for row in found if row[FATE] is None)
        for row in found:
            if row[FATE] in {None, Outcome.DUPLICATE}:
                rows[row["topic"], row["is_good"]] -= row["count"]
        yield Batch(frames, rows, unjudged, verdicts if found else None)
    finally:
        for frame in reversed(kept):
            frame.unpersist()


def _identify(frame: DataFrame) -> DataFrame:
    names = [name for name in ARRIVALS if name != FATE]
    return frame.select(*names, "reasons", (F.size("reasons") == 0).alias("is_good"))


def _summarise(identified: DataFrame) -> list[Row]:
    prefix = F.substring("event_id", 1, PREFIX).alias("prefix")
    return identified.groupBy("topic", "is_good", prefix).count().collect()


def _prune(arrivals: DataFrame, summary: list[Row]) -> DataFrame:
    """The part of the history where the ids of the batch can be: one identity always has one event id."""
    prefixes = {row["prefix"] for row in summary}
    # What is not UTF-8 arrives here as replacement characters, and would be looked for in the wrong place.
    if len(prefixes) > MAX_PREFIXES or any("\ufffd" in prefix for prefix in prefixes - {None}):
        return arrivals
    spans = find_spans(prefixes - {None})
    return arrivals.filter(within("event_id", spans, or_null=None in prefixes))


def _union(frames: Iterable[DataFrame]) -> DataFrame:
    return reduce(DataFrame.unionByName, frames)
