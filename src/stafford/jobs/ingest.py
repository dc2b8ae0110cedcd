"""Kafka and spool into bronze, bronze into silver and quarantine."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock, Thread

from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from stafford.contracts import Contract, load_contracts
from stafford.domain.lake import Lake
from stafford.errors import ConfigError, StaffordError, TransportUnavailable
from stafford.jobs.ingest_metrics import IngestMetrics
from stafford.jobs.kafka_client import find_kafka
from stafford.jobs.live import find_publisher
from stafford.lakehouse import queries
from stafford.lakehouse.adoption import adopt_contracts, check_contracts
from stafford.lakehouse.bronze import Lander, start_bronze
from stafford.lakehouse.counts import Counts, count
from stafford.lakehouse.quarantine.replay import ReplayWriter
from stafford.lakehouse.session import open_session
from stafford.lakehouse.silver.stream import start_silver
from stafford.lakehouse.triggers import Trigger
from stafford.runtime.home import HomeLock
from stafford.runtime.jars import ensure_jars
from stafford.runtime.java import Java, find_java
from stafford.settings import Settings
from stafford.transport import read_segments

Progress = Callable[[str], None]
FindKafka = Callable[[], Mapping[str, str] | None]

SPOOL_INTERVAL_S = 1.0
"""How long a record waits in the spool at most before a continuous ingestion lands it."""


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
    live: Callable[[], AbstractContextManager[object]]
    """Keeps the live numbers in Redis for as long as its `with` lasts; they never stop an ingestion."""
    clock: Callable[[], datetime]
    metrics: IngestMetrics | None = None
    """Serves numbers for Prometheus while a continuous ingestion runs."""

    def open(self, progress: Progress = lambda _: None) -> SparkSession:
        """Start Spark and bring the tables in step with the contracts.

        Needs no broker, so it may run while one starts; beside another process only where the lake is new.

        Raises:
            ContractViolation: the lake was made by contracts that these do not follow.
            StaffordError: Spark, or the disk, failed.
        """
        check_contracts(self.lake, self.contracts)
        spark = self.session(progress)
        progress("making tables")
        for column in adopt_contracts(self.lake, self.contracts, self.clock()):
            progress(f"added the column {column} to silver")
        return spark

    def run(self, progress: Progress = lambda _: None) -> Counts:
        """Ingest everything that is there now, then stop.

        Delivery: effectively once.

        Raises:
            HomeInUse: another ingestion of this home runs.
            ConfigError: there is neither a broker nor a spool to read.
            OffsetOutOfRange: retention took records before they were read.
            StaffordError: Spark, Kafka or the disk failed; the message says which.
        """
        with self.exclusive():
            spark = self._resume(progress)
            kafka = self.find_kafka()
            if kafka is None and not self.spool.exists():
                raise ConfigError(
                    f"nothing to ingest: no broker runs and there is no spool {self.spool}. "
                    "Start one with `stafford kafka start`, or send with "
                    "`stafford simulate --transport files`"
                )
            with self.live():
                if self.spool.exists():
                    progress("landing the spool in bronze")
                    Lander(self.lake).land(batch for _, batch in read_segments(self.spool))
                if kafka is not None:
                    progress("copying Kafka into bronze")
                    queries.finish(self._bronze(spark, kafka, Trigger.AVAILABLE_NOW))
                progress("validating and deduplicating into silver")
                queries.finish(self._silver(spark, Trigger.AVAILABLE_NOW))
            return self.count()

    @contextmanager
    def stream(self, progress: Progress = lambda _: None) -> Iterator["Ingestion"]:
        """Ingest continuously for as long as the `with` lasts, and stop after the batches in flight.

        Raises:
            HomeInUse: another ingestion of this home runs.
        """
        with self.exclusive():
            spark = self._resume(progress)
            kafka = self.find_kafka()

            lander = Lander(self.lake)

            def land_spool() -> None:
                if self.spool.exists():
                    lander.land(batch for _, batch in read_segments(self.spool))

            watching = nullcontext() if self.metrics is None else self.metrics.watching(spark)
            with self.live(), watching:
                running = [] if kafka is None else [self._bronze(spark, kafka, Trigger.CONTINUOUS)]
                ingestion = Ingestion(running, land_spool)
                try:
                    running.append(self._silver(spark, Trigger.CONTINUOUS))
                    yield ingestion
                finally:
                    progress("stopping after the batches in flight")
                    ingestion.stop()

    def count(self) -> Counts:
        """Rows in the lake now."""
        counts = count(self.lake, self.contracts)
        if self.metrics is not None:
            self.metrics.count(counts)
        return counts

    def _resume(self, progress: Progress) -> SparkSession:
        """Open, and finish a replay that was cut off: silver judges doubles by what replays put there."""
        spark = self.open(progress)
        ReplayWriter(self.lake, self.contracts, self.clock).finish()
        return spark

    def _bronze(self, spark: SparkSession, kafka: Mapping[str, str], trigger: Trigger) -> StreamingQuery:
        return start_bronze(spark, self.lake, kafka, self.contracts, f"{self.checkpoints}/bronze", trigger)

    def _silver(self, spark: SparkSession, trigger: Trigger) -> StreamingQuery:
        watch = None if self.metrics is None else self.metrics.measure
        return start_silver(spark, self.lake, self.contracts, f"{self.checkpoints}/silver", trigger, watch)


class Ingestion:
    """A continuous ingestion: two streaming queries, and a thread that lands the spool."""

    def __init__(self, running: list[StreamingQuery], land_spool: Callable[[], None]) -> None:
        self._running = running
        self._land_spool = land_spool
        self._landing = Lock()
        self._stopping = Event()
        self._failure: StaffordError | None = None
        self._lander = Thread(target=self._keep_landing, name="spool-lander", daemon=True)
        self._lander.start()

    def check(self) -> None:
        """Raise what stopped a part of the ingestion, if anything did."""
        if self._failure is not None:
            raise self._failure
        for query in self._running:
            queries.check(query)

    def drain(self, timeout_s: float) -> None:
        """Wait until everything that is in Kafka and the spool now is in silver or quarantine.

        Raises:
            NotReady: it did not get there in time.
        """
        self._land()
        for query in self._running:
            queries.drain(query, timeout_s)
        self.check()

    def stop(self) -> None:
        """Stop after the batches in flight; stopping twice is harmless."""
        self._stopping.set()
        self._lander.join()
        for query in self._running:
            queries.stop(query)

    def _keep_landing(self) -> None:
        while not self._stopping.wait(SPOOL_INTERVAL_S):
            try:
                self._land()
            except StaffordError as exc:
                self._failure = exc
                return

    def _land(self) -> None:
        # One at a time: what bronze has already is looked up before it is appended to.
        with self._landing:
            self._land_spool()


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
            the broker that the settings or the home name, where one runs.
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
            conf=settings.spark_conf,
        )

    def find_running_kafka() -> Mapping[str, str] | None:
        try:
            return find_kafka(settings)
        except TransportUnavailable:
            return None

    return IngestJob(
        session=session,
        lake=Lake(settings.lake_uri),
        contracts=load_contracts(settings.contracts_dir),
        checkpoints=settings.checkpoint_uri,
        find_kafka=kafka or find_running_kafka,
        spool=settings.spool_dir,
        exclusive=lambda: HomeLock(settings.home_dir / "checkpoints"),
        live=find_publisher(settings, notify),
        clock=lambda: datetime.now(UTC),
        metrics=None if metrics_port is None else IngestMetrics(metrics_port),
    )


def fetch_jars(settings: Settings, progress: Progress) -> tuple[Java, Path]:
    """Give the Java and the folder of connectors that Spark needs, fetched on the first run.

    Raises:
        ConfigError: there is no Java.
        CorruptDownload: a jar is not the locked one.
    """
    java = find_java()
    return java, ensure_jars("spark", settings.cache_dir, java, progress)
