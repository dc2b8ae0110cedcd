"""Kafka's way into bronze: where it goes on, and what the log no longer has of what is missing there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from stafford.domain.lake import Lake
from stafford.errors import OffsetOutOfRange, StaffordError
from stafford.lakehouse import checkpoints
from stafford.lakehouse.bronze import Positions, app_id, read_positions, start_bronze
from stafford.lakehouse.failures import translate
from stafford.lakehouse.triggers import Trigger
from stafford.transport.ranges import read_ranges
from stafford.transport.topics import Cluster

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Gap:
    """Offsets of one partition, `first` to `last`, that the broker deleted before bronze read them."""

    topic: str
    partition: int
    first: int
    last: int

    @property
    def records(self) -> int:
        """How many offsets that is."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        """As a person reads it."""
        return f"{self.topic}/{self.partition} offsets {self.first:,} to {self.last:,}"


@dataclass(frozen=True, slots=True)
class KafkaToBronze:
    """What starts bronze's query."""

    lake: Lake
    topics: tuple[str, ...]
    checkpoint: str
    clock: Callable[[], datetime]
    notify: Callable[[str], None]
    """Is told, loudly, when a checkpoint is taken out of use, and what is given up."""

    def start(
        self, spark: SparkSession, kafka: Mapping[str, str], trigger: Trigger, *, accept_loss: bool = False
    ) -> StreamingQuery:
        """Go on where the checkpoint stands; where there is none that holds, where the table itself does.

        Args:
            kafka: client settings of a broker that answers.
            accept_loss: go on behind what the broker deleted before it was read, and say what that is;
                without it such a gap stops the query.

        Raises:
            TransportUnavailable: the broker is gone again.
            StaffordError: checkpoint or table cannot be read.
        """
        if checkpoints.is_older_than(self.checkpoint, [self.lake.bronze], app_id):
            aside = checkpoints.set_aside(self.checkpoint, self.clock())
            self.notify(f"bronze's checkpoint is older than its table; moved to {aside}, a new one is made")
        if accept_loss and (gaps := self.find_gaps(kafka)):
            if checkpoints.read_offsets(self.checkpoint) is not None:
                checkpoints.set_aside(self.checkpoint, self.clock())
            self.notify(f"GIVEN UP: {describe(gaps)}, deleted before bronze read them")
        is_new = checkpoints.last_batch(self.checkpoint) is None
        start_at = self._stand(kafka, skip_gaps=accept_loss) if is_new else None
        try:
            read = partial(read_ranges, kafka)
            return start_bronze(
                spark, self.lake, kafka, self.topics, self.checkpoint, trigger, read, start_at
            )
        except PySparkException as exc:
            raise translate(exc, "bronze") from exc

    def find_gaps(self, kafka: Mapping[str, str]) -> list[Gap]:
        """What the broker no longer has of what neither bronze has nor was given up before.

        Of a partition that was silent since its records were given up, only the checkpoint knows.

        Raises:
            TransportUnavailable: no broker answers.
            StaffordError: checkpoint or table cannot be read.
        """
        stands = [read_positions(self.lake), checkpoints.read_offsets(self.checkpoint) or {}]
        return find_gaps(stands, _read_starts(kafka, self.topics))

    def explain(self, kafka: Mapping[str, str], error: StaffordError) -> StaffordError:
        """Say of a loss exactly what is lost; gives other errors as they are."""
        if not isinstance(error, OffsetOutOfRange):
            return error
        try:
            gaps = self.find_gaps(kafka)
        except StaffordError:
            return error  # what is known has to do
        if not gaps:
            return error
        return OffsetOutOfRange(
            f"bronze stopped: the broker deleted records before bronze read them: {describe(gaps)}. "
            "Nothing was skipped. Have their producer send them again, if it can; `stafford ingest "
            "--accept-loss` then goes on with what is left, and `stafford reconcile` names what is lost"
        )

    def _stand(self, kafka: Mapping[str, str], *, skip_gaps: bool) -> Positions | None:
        stands = read_positions(self.lake)
        if not stands and not skip_gaps:
            return None
        return {
            topic: {
                partition: _choose(stands.get(topic, {}).get(partition), low, skip_gaps=skip_gaps)
                for partition, low in partitions.items()
            }
            for topic, partitions in _read_starts(kafka, self.topics).items()
        }


def find_gaps(stands: Sequence[Positions], starts: Positions) -> list[Gap]:
    """What lies before a log's start and behind the furthest of `stands`, of all partitions of `starts`."""
    return [
        Gap(topic, partition, stand, low - 1)
        for topic, partitions in sorted(starts.items())
        for partition, low in sorted(partitions.items())
        if (stand := max(stand.get(topic, {}).get(partition, 0) for stand in stands)) < low
    ]


def describe(gaps: Iterable[Gap]) -> str:
    """All of them in a sentence: how many records, and where the first of them are."""
    gaps = list(gaps)
    more = f" and {len(gaps) - SHOWN} partitions more" if len(gaps) > SHOWN else ""
    places = ", ".join(map(str, gaps[:SHOWN]))
    return f"{sum(gap.records for gap in gaps):,} records ({places}{more})"


def _choose(stand: int | None, low: int, *, skip_gaps: bool) -> int:
    # Of what bronze has nothing, everything that is there is new.
    if stand is None:
        return low
    return max(stand, low) if skip_gaps else stand


def _read_starts(kafka: Mapping[str, str], topics: Iterable[str]) -> dict[str, dict[int, int]]:
    with Cluster(kafka) as cluster:
        return {
            found.topic: {part.partition: part.low for part in found.partitions}
            for found in cluster.describe(topics)
        }
