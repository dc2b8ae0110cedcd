"""Kafka and spool into bronze, bronze into silver and quarantine."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from stafford.contracts import Contract, load_contracts
from stafford.domain.lake import Lake
from stafford.errors import ConfigError, OffsetOutOfRange, StaffordError, TransportUnavailable
from stafford.jobs.ingest_metrics import IngestMetrics
from stafford.jobs.ingestion import Follower, Ingestion
from stafford.jobs.kafka_client import find_kafka
from stafford.jobs.kafka_to_bronze import KafkaToBronze
from stafford.jobs.live import find_publisher
from stafford.jobs.spark_classes import ensure_archive
from stafford.lakehouse import checkpoints, queries
from stafford.lakehouse.adoption import adopt_contracts, check_contracts, find_unfinished
from stafford.lakehouse.bronze import Lander, read_positions
from stafford.lakehouse.counts import Counts, count
from stafford.lakehouse.executors import watch
from stafford.lakehouse.maintenance import list_ingested
from stafford.lakehouse.quarantine.records import QuarantineReader
from stafford.lakehouse.quarantine.replay import ReplayWriter
from stafford.lakehouse.session import open_session
from stafford.lakehouse.silver.cut_off import remember_cut_off
from stafford.lakehouse.silver.stream import app_id, start_silver
from stafford.lakehouse.triggers import Trigger
from stafford.lakehouse.upkeep import Rest, tend
from stafford.runtime.home import HomeLock, lock_maintenance
from stafford.runtime.jars import ensure_jars
from stafford.runtime.java import Java, find_java
from stafford.settings import Settings
from stafford.transport import read_segments
from stafford.transport.admin import answers, find_missing

KAFKA_ANSWERS_WITHIN_S = 5.0
"""How long a run that is to end waits for a first answer."""

Progress = Callable[[str], None]
FindKafka = Callable[[], Mapping[str, str] | None]
"""Gives client settings; None where there is no Kafka at all. Raises TransportUnavailable: none runs now."""


@dataclass(frozen=True, slots=True)
class IngestJob:
    """The lake, where its records come from, and the Spark session that moves them.

    Running it again continues where it stopped: what is already in the lake is not read twice, and
    a run after a crash repeats the batch that was cut off without doubling it.
    """

    session: Callable[[Progress], SparkSession]
    lake: Lake
    contracts: Mapping[str, Contract]
    checkpoints: str
    find_kafka: FindKafka
    spool: Path
    exclusive: Callable[[], HomeLock]
    maintenance: Callable[[], HomeLock]
    """Is held by a batch job for as long as it reads silver at the versions with which it began."""
    live: Callable[[], AbstractContextManager[object]]
    """Keeps the live numbers in Redis for as long as its `with` lasts; they never stop an ingestion."""
    clock: Callable[[], datetime]
    metrics: IngestMetrics
    """What a continuous ingestion says of itself while it runs."""
    notify: Callable[[str], None] = lambda _: None
    """Is told, loudly, what a person should know."""

    def open(self, progress: Progress = lambda _: None) -> SparkSession:
        """Start Spark and bring the tables in step with the contracts.

        Needs no broker, so it may run while one starts; beside another process only where the lake is new.

        Raises:
            ContractViolation: the lake was made by contracts that these do not follow.
            StaffordError: Spark, or the disk, failed.
        """
        check_contracts(self.lake, self.contracts)
        spark = self.session(progress)
        if before := find_unfinished(self.lake, self.contracts, self.silver_checkpoint):
            progress("finishing a batch that was cut off by the contracts that it began with")
            ReplayWriter(self.lake, before, self.clock).finish()
            queries.finish(self._silver(spark, Trigger.AVAILABLE_NOW, before))
        progress("making tables")
        for column in adopt_contracts(self.lake, self.contracts, self.clock()):
            progress(f"added the column {column} to silver")
        return spark

    def run(self, progress: Progress = lambda _: None, *, accept_loss: bool = False) -> Counts:
        """Ingest everything that is there now, then stop.

        A broker that does not answer keeps no spool out of the lake: `notify` is told, and Kafka waits.

        Delivery: effectively once.

        Args:
            progress: is told what happens.
            accept_loss: go on behind what retention took before it was read, and notify what that is.

        Raises:
            HomeInUse: another ingestion of this home runs.
            ConfigError: there is neither a broker nor a spool to read.
            TransportUnavailable: the broker does not answer, and there is no spool to read.
            OffsetOutOfRange: retention took records before they were read.
            StaffordError: Spark, Kafka or the disk failed; the message says which.
        """
        with self.exclusive():
            # First: nobody waits for Spark, and no table is made, to hear that there is nothing to read.
            kafka = self._find_kafka_now()
            spark = self._resume(progress)
            with self.live():
                if self.spool.exists():
                    progress("landing the spool in bronze")
                    Lander(self.lake).land(batch for _, batch in read_segments(self.spool))
                if kafka is not None:
                    progress("copying Kafka into bronze")
                    self._copy(spark, kafka, accept_loss=accept_loss)
                progress("validating and deduplicating into silver")
                queries.finish(self._silver(spark, Trigger.AVAILABLE_NOW, self.contracts))
            self.tend()
            return self.count()

    @contextmanager
    def stream(self, progress: Progress = lambda _: None) -> Iterator[Ingestion]:
        """Ingest continuously for as long as the `with` lasts, and stop after the batches in flight.

        A broker that is not there, at the start or later, is waited for, and `notify` says so.

        Raises:
            HomeInUse: another ingestion of this home runs.
        """
        with self.exclusive():
            spark = self._resume(progress)

            lander = Lander(self.lake)

            def land_spool() -> None:
                if self.spool.exists():
                    lander.land(batch for _, batch in read_segments(self.spool))

            with self.live(), self.metrics.watching(spark):
                source = _Source(self.find_kafka, self._bronze, spark)
                ingestion = Ingestion(
                    Follower(source, self.notify),
                    lambda: self._silver(spark, Trigger.FOLLOWING, self.contracts),
                    land_spool,
                    self.tend,
                    watch(spark),
                )
                try:
                    yield ingestion
                finally:
                    progress("stopping after the batches in flight")
                    ingestion.stop()

    def count(self) -> Counts:
        """Rows in the lake now."""
        counts = count(self.lake, self.contracts)
        self.metrics.count(counts)
        return counts

    def _resume(self, progress: Progress) -> SparkSession:
        """Open, and finish a replay that was cut off: silver judges doubles by what replays put there."""
        spark = self.open(progress)
        ReplayWriter(self.lake, self.contracts, self.clock).finish()
        return spark

    def tend(self, rest: Rest = lambda _: False) -> None:
        """Join small files and shorten logs; where that fails, `notify` is told, and nothing else happens."""
        try:
            tables = list_ingested(self.lake, self.contracts)
            tend(tables, self.silver_checkpoint, rest, is_pinned=not self.maintenance().is_free())
        except StaffordError as exc:
            # What was ingested is safe, and what goes on becomes slower by and by.
            self.notify(f"TABLES ARE NOT TENDED: {exc}")

    @property
    def silver_checkpoint(self) -> str:
        """Folder of silver's checkpoint."""
        return f"{self.checkpoints}/silver"

    @property
    def _bronze(self) -> KafkaToBronze:
        checkpoint = f"{self.checkpoints}/bronze"
        return KafkaToBronze(self.lake, tuple(self.contracts), checkpoint, self.clock, self.notify)

    def _find_kafka_now(self) -> Mapping[str, str] | None:
        """Give the settings of a broker that answers; None where the spool is all there is to read."""
        reason = "no Kafka is named"
        try:
            kafka = self.find_kafka()
        except TransportUnavailable as exc:
            kafka, reason = None, str(exc)
            # Who never had a broker misses none.
            if self.spool.exists() and read_positions(self.lake):
                self._leave_kafka(reason)
        if kafka is None:
            if not self.spool.exists():
                raise ConfigError(
                    f"nothing to ingest: {reason}, and there is no spool {self.spool}, which "
                    "`stafford simulate --transport files` would make"
                )
            return None
        bootstrap = kafka["bootstrap.servers"]
        if answers(bootstrap, kafka, KAFKA_ANSWERS_WITHIN_S):
            return kafka
        if not self.spool.exists():
            raise TransportUnavailable(
                f"no Kafka broker answers at {bootstrap} within {KAFKA_ANSWERS_WITHIN_S:g} s, and there is "
                f"no spool {self.spool} to read; see `stafford kafka status`"
            )
        self._leave_kafka(f"no broker answers at {bootstrap}")
        return None

    def _leave_kafka(self, reason: str) -> None:
        self.notify(
            f"KAFKA IS NOT READ: {reason}. What is in the spool goes into the lake; run `stafford ingest` "
            "again when Kafka is back."
        )

    def _copy(self, spark: SparkSession, kafka: Mapping[str, str], *, accept_loss: bool) -> None:
        bronze = self._bronze
        try:
            queries.finish(bronze.start(spark, kafka, Trigger.AVAILABLE_NOW, accept_loss=accept_loss))
        except OffsetOutOfRange as exc:
            raise bronze.explain(kafka, exc) from exc

    def _silver(
        self, spark: SparkSession, trigger: Trigger, contracts: Mapping[str, Contract]
    ) -> StreamingQuery:
        checkpoint = self.silver_checkpoint
        tables = [self.lake.arrivals, self.lake.quarantine, *map(self.lake.silver, contracts)]
        # What is judged again is found in `arrivals`, so a new checkpoint costs time and doubles nothing.
        if checkpoints.is_older_than(checkpoint, tables, app_id):
            aside = checkpoints.set_aside(checkpoint, self.clock())
            self.notify(f"silver's checkpoint is older than its tables; moved to {aside}, a new one is made")
        if checkpoints.last_batch(checkpoint) is None:
            remember_cut_off(self.lake, contracts)
        return start_silver(spark, self.lake, contracts, checkpoint, trigger, self.metrics.measure)


@dataclass(frozen=True, slots=True)
class _Source:
    """Kafka and bronze, as a continuous ingestion follows them."""

    find_kafka: FindKafka
    bronze: KafkaToBronze
    spark: SparkSession

    def find(self) -> Mapping[str, str] | None:
        kafka = self.find_kafka()
        if kafka is not None and (missing := find_missing(kafka, self.bronze.topics)):
            raise TransportUnavailable(
                f"the broker at {kafka['bootstrap.servers']} lacks {', '.join(missing)}; make them with "
                "`stafford topics apply`"
            )
        return kafka

    def start(self, kafka: Mapping[str, str]) -> StreamingQuery:
        return self.bronze.start(self.spark, kafka, Trigger.CONTINUOUS)

    def explain(self, kafka: Mapping[str, str], error: StaffordError) -> StaffordError:
        return self.bronze.explain(kafka, error)


def build(
    settings: Settings,
    *,
    kafka: FindKafka | None = None,
    notify: Callable[[str], None] = lambda _: None,
    metrics_port: int | None = None,
) -> IngestJob:
    """Wire the home's lake to its broker and spool.

    Args:
        settings: where everything is.
        kafka: gives the Kafka client settings when asked, or None to read the spool alone; by default
            the broker that the settings or the home name.
        notify: is told, loudly, what a person should know.
        metrics_port: where a continuous ingestion answers Prometheus, on loopback; None for nowhere.
    """

    def session(progress: Progress) -> SparkSession:
        java, jars = fetch_jars(settings, progress)
        progress("starting Spark")
        return open_session(
            jars,
            settings.home_dir / "spark",
            master=settings.spark_master,
            driver_memory=settings.spark_driver_memory,
            java_home=java.home,
            only_plans=True,
            conf=settings.spark_conf,
        )

    lake = Lake(settings.lake_uri)
    return IngestJob(
        session=session,
        lake=lake,
        contracts=load_contracts(settings.contracts_dir),
        checkpoints=settings.checkpoint_uri,
        find_kafka=kafka or partial(find_kafka, settings),
        spool=settings.spool_dir,
        exclusive=lambda: HomeLock(settings.home_dir / "checkpoints"),
        maintenance=lambda: lock_maintenance(settings.home_dir),
        live=find_publisher(settings, notify),
        clock=lambda: datetime.now(UTC),
        notify=notify,
        # Nobody asks where there is no port.
        metrics=IngestMetrics(
            metrics_port, dict if metrics_port is None else QuarantineReader(lake).count_by_reason
        ),
    )


def fetch_jars(settings: Settings, progress: Progress) -> tuple[Java, Path]:
    """Give the Java and the folder of connectors that Spark needs, fetched and prepared on the first run.

    Raises:
        ConfigError: there is no Java.
        CorruptDownload: a jar is not the locked one.
    """
    java = find_java()
    jars = ensure_jars("spark", settings.cache_dir, java, progress)
    if java.home is not None:
        ensure_archive(jars, java.home, progress)
    return java, jars
