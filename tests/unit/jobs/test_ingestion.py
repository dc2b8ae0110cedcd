"""A continuous ingestion and its broker: waiting, losing it, going on."""

import time
from collections.abc import Callable

import pytest
from pyspark.errors import PySparkException

from stafford.errors import NotReady, OffsetOutOfRange, StaffordError, TransportUnavailable
from stafford.jobs.ingestion import Follower, Kafka
from stafford.jobs.wall_clock import ClockWatch
from stafford.transport import Backoff

SOON = Backoff(first_s=0.01, most_s=0.02)
UNREACHABLE = "org.apache.kafka.common.errors.TimeoutException: no answer"
LOST = "KAFKA_DATA_LOSS: gone"


class Query:
    """A streaming query that fails when it is told to."""

    name = "bronze"

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.is_stopped = False

    def exception(self) -> Exception | None:
        return self.error

    def stop(self) -> None:
        self.is_stopped = True


class Source:
    """A broker that is there or not, and the queries that were started on it."""

    def __init__(self, *, is_there: bool) -> None:
        self.is_there = is_there
        self.queries: list[Query] = []

    def find(self) -> Kafka | None:
        if not self.is_there:
            raise TransportUnavailable("no broker runs here")
        return {"bootstrap.servers": "here:9092"}

    def start(self, kafka: Kafka) -> Query:
        assert kafka
        self.queries.append(Query())
        return self.queries[-1]

    def explain(self, kafka: Kafka, error: StaffordError) -> StaffordError:
        assert kafka
        return OffsetOutOfRange(f"12 records: {error}") if isinstance(error, OffsetOutOfRange) else error


def wait_for(is_so: Callable[[], bool]) -> None:
    """Within ten seconds."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than once a second."""
    monkeypatch.setattr("stafford.jobs.ingestion.LOOK_S", 0.01)


def test_a_broker_that_comes_later_is_found() -> None:
    """It is said once what is waited for, and once that it is over."""
    source, said = Source(is_there=False), []
    follower = Follower(source, said.append, SOON)
    time.sleep(0.1)
    assert source.queries == []
    assert "no broker runs here" in follower.waits_for
    with pytest.raises(NotReady, match="waits for Kafka"):
        follower.drain(1)
    source.is_there = True
    wait_for(lambda: not follower.waits_for)
    follower.stop()
    assert [text.split(":")[0] for text in said] == ["WAITING FOR KAFKA", "KAFKA IS BACK"]
    assert [query.is_stopped for query in source.queries] == [True]


def test_a_broker_that_is_lost_is_waited_for() -> None:
    """The query that died is replaced by one that goes on at the checkpoint."""
    source = Source(is_there=True)
    follower = Follower(source, lambda _: None, SOON)
    source.is_there = False
    source.queries[0].error = PySparkException(UNREACHABLE)
    wait_for(lambda: bool(follower.waits_for))
    follower.check()
    source.is_there = True
    wait_for(lambda: len(source.queries) == 2)
    wait_for(lambda: not follower.waits_for)
    follower.check()
    follower.stop()


def test_a_clock_that_went_back_holds_no_query() -> None:
    """Spark would wait until it is where it was."""
    source, said, wall, looks = Source(is_there=True), list[str](), [1000.0], list[float]()

    def look() -> float:
        looks.append(wall[0])
        return wall[0] + time.monotonic()

    follower = Follower(source, said.append, SOON, ClockWatch(look))
    wait_for(lambda: len(looks) > 5)
    wall[0] += 3600
    wait_for(lambda: looks[-5:] == [wall[0]] * 5)
    assert len(source.queries) == 1  # on again after a sleep of the machine: nothing waits for that
    wall[0] -= 60
    wait_for(lambda: len(source.queries) == 2)
    time.sleep(0.1)
    follower.stop()
    assert [query.is_stopped for query in source.queries] == [True, True]
    assert len(said) == 1
    assert said[0].startswith("THE CLOCK WENT BACK")


def test_a_loss_of_records_is_never_waited_out() -> None:
    """Control: what is no outage ends the ingestion, with what is known about it."""
    source = Source(is_there=True)
    follower = Follower(source, lambda _: None, SOON)
    source.queries[0].error = PySparkException(LOST)
    with pytest.raises(OffsetOutOfRange, match="12 records"):  # noqa: PT012 - it comes with the next look
        while True:
            follower.check()
            time.sleep(0.005)
    time.sleep(0.05)
    assert len(source.queries) == 1
    follower.stop()


def test_where_there_is_no_kafka_at_all_nobody_waits() -> None:
    """As in a demo on files."""

    class Files(Source):
        def find(self) -> Kafka | None:
            return None

    said: list[str] = []
    follower = Follower(Files(is_there=False), said.append, SOON)
    follower.drain(1)
    follower.stop()
    assert said == []
    assert follower.waits_for == ""
