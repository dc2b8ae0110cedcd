"""A continuous ingestion while it runs: it outlives its broker, and lands the spool meanwhile."""

from collections.abc import Callable, Mapping
from threading import Event, Lock, Thread
from typing import Protocol

from pyspark.sql.streaming.query import StreamingQuery

from stafford.errors import NotReady, StaffordError, TransportUnavailable
from stafford.jobs.wall_clock import ClockWatch
from stafford.lakehouse import queries
from stafford.lakehouse.executors import ExecutorWatch
from stafford.lakehouse.upkeep import Rest
from stafford.transport import Backoff

SPOOL_INTERVAL_S = 1.0
"""How long a record waits in the spool at most before a continuous ingestion lands it."""

TEND_INTERVAL_S = 30.0
"""How often it is asked whether tables want tending."""

REST = 2.0
"""How long tending rests after each join, by what it took: the stream catches up, and files are joined for a
third of the time at most."""

LOOK_S = 1.0
"""How often it is asked whether bronze's query still runs."""

PAUSES = Backoff(first_s=0.5, most_s=10.0)
"""Between two looks for a broker that is not there."""

Kafka = Mapping[str, str]


class Source(Protocol):
    """What a follower needs to know of Kafka and bronze."""

    def find(self) -> Kafka | None:
        """Client settings of a broker that answers and has the topics; None where there is none to wait for.

        Raises:
            TransportUnavailable: there is none now; the message says what is missing.
        """
        ...

    def start(self, kafka: Kafka) -> StreamingQuery:
        """Start bronze's query where bronze stands."""
        ...

    def explain(self, kafka: Kafka, error: StaffordError) -> StaffordError:
        """Say more about what stopped the query."""
        ...


class Follower:
    """Keeps bronze's query on Kafka: waits for a broker, at the start and whenever it is lost.

    Delivery: that of the query. One that stopped because the broker was away goes on at its checkpoint;
    whatever else stops it, a loss of records above all, ends the follower too.
    """

    def __init__(
        self,
        source: Source,
        notify: Callable[[str], None],
        pauses: Backoff = PAUSES,
        clock: ClockWatch | None = None,
    ) -> None:
        """Start the query, or begin to wait for the broker.

        Args:
            source: where Kafka is, and what starts the query.
            notify: is told what is waited for, and that the waiting is over.
            pauses: between two looks.
            clock: is asked at each look; the query starts anew where it went back.

        Raises:
            StaffordError: the query cannot be started, for another reason than a broker that is not there.
        """
        self._source = source
        self._notify = notify
        self._pauses = pauses
        self._clock = clock or ClockWatch()
        self._misses = 0
        self._kafka: Kafka | None = None
        self._query: StreamingQuery | None = None
        self._waits_for = ""
        self._failure: Exception | None = None
        self._stopping = Event()
        self._thread: Thread | None = None
        if self._try() or self._waits_for:
            self._thread = Thread(target=self._follow, name="kafka-follower", daemon=True)
            self._thread.start()

    @property
    def waits_for(self) -> str:
        """What is missing; empty while the query runs, or where there is no Kafka to wait for."""
        return self._waits_for

    def check(self) -> None:
        """Raise what stopped it, if anything did."""
        if self._failure is not None:
            raise self._failure

    def drain(self, timeout_s: float) -> None:
        """Wait until bronze has what is in Kafka now.

        Raises:
            NotReady: it did not get there in time, or the broker is away.
        """
        if self._waits_for:
            raise NotReady(f"bronze waits for Kafka: {self._waits_for}")
        if self._query is not None:
            queries.drain(self._query, timeout_s)

    def stop(self) -> None:
        """Stop after the batch in flight; stopping twice is harmless."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        if self._query is not None:
            queries.stop(self._query)

    def _follow(self) -> None:
        try:
            while not self._stopping.wait(self._pause_s()):
                if self._query is None:
                    self._try()
                else:
                    self._look(self._query)
        except Exception as exc:  # noqa: BLE001 - a thread has nobody to raise it to; `check` does
            self._failure = exc

    def _pause_s(self) -> float:
        return self._pauses.pause_s(self._misses, 1.0) if self._misses else LOOK_S

    def _try(self) -> bool:
        """Start the query; false where that cannot be."""
        try:
            self._kafka = self._source.find()
            if self._kafka is None:
                return False
            self._query = self._source.start(self._kafka)
        except TransportUnavailable as exc:
            self._miss(exc)
            return False
        if self._waits_for:
            self._notify("KAFKA IS BACK: bronze goes on where it stood.")
        self._waits_for, self._misses = "", 0
        return True

    def _look(self, query: StreamingQuery) -> None:
        try:
            queries.check(query)
        except NotReady as exc:
            self._query = None
            self._miss(exc)
        except StaffordError as exc:
            raise self._source.explain(self._kafka or {}, exc) from exc
        if self._clock.went_back():
            self._notify("THE CLOCK WENT BACK: bronze and silver start anew rather than wait for it.")
            queries.stop(query)
            self._query = None
            self._try()

    def _miss(self, reason: StaffordError) -> None:
        self._misses += 1
        if not self._waits_for:
            self._notify(
                f"WAITING FOR KAFKA: {reason}. It is looked for at least every {self._pauses.most_s:g} s; "
                "what is in the spool goes into the lake meanwhile."
            )
        self._waits_for = str(reason)


class Ingestion:
    """A continuous ingestion: Kafka into bronze, silver's query, and threads that land the spool and tend."""

    def __init__(
        self,
        bronze: Follower,
        start_silver: Callable[[], StreamingQuery],
        land_spool: Callable[[], None],
        tend_tables: Callable[[Rest], None],
        executors: ExecutorWatch,
    ) -> None:
        """Start silver, the landing and the tending beside what goes on already; the caller stops it."""
        self._bronze = bronze
        self._land_spool = land_spool
        self._tend_tables = tend_tables
        self._start_silver = start_silver
        self._executors = executors
        self._clock = ClockWatch()
        self._landing = Lock()
        self._stopping = Event()
        self._failure: StaffordError | None = None
        self._silver: StreamingQuery | None = None
        self._threads = [
            Thread(target=self._keep_landing, name="spool-lander", daemon=True),
            Thread(target=self._keep_tending, name="upkeep", daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        try:
            self._silver = start_silver()
        except BaseException:
            self.stop()
            raise

    @property
    def waits_for(self) -> str:
        """What is missing of Kafka; empty while all is well."""
        return self._bronze.waits_for

    def check(self) -> None:
        """Raise what stopped a part of the ingestion, if anything did."""
        if self._failure is not None:
            raise self._failure
        self._bronze.check()
        if self._silver is not None:
            queries.check(self._silver)

    def drain(self, timeout_s: float) -> None:
        """Wait until everything that is in Kafka and the spool now is in silver or quarantine.

        Raises:
            NotReady: it did not get there in time.
        """
        self._land()
        self._bronze.drain(timeout_s)
        if self._silver is not None:
            queries.drain(self._silver, timeout_s)
        self.check()

    def stop(self) -> None:
        """Stop after the batches in flight; stopping twice is harmless."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._bronze.stop()
        if self._silver is not None:
            queries.stop(self._silver)

    def _keep_landing(self) -> None:
        while not self._stopping.wait(SPOOL_INTERVAL_S):
            try:
                self._executors.check()
                self._land()
                if self._silver is not None and self._clock.went_back():
                    queries.stop(self._silver)
                    self._silver = self._start_silver()
            except StaffordError as exc:
                self._failure = exc
                return

    def _keep_tending(self) -> None:
        while not self._stopping.wait(TEND_INTERVAL_S):
            self._tend_tables(lambda took_s: self._stopping.wait(REST * took_s))

    def _land(self) -> None:
        # One at a time: what bronze has already is looked up before it is appended to.
        with self._landing:
            self._land_spool()
