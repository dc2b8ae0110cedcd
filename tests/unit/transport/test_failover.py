"""The failover log against a model of Kafka that may fail at any record: order, loss, room, and restarts."""

import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stafford.errors import ConfigError, HomeInUse, SpoolFull, StaffordError, StorageError, Terminal
from stafford.transport import Backoff, FailoverLog, SpoolLog, State, list_segments
from stafford.transport.drain import drain_alone

from .broken_kafka import BrokenKafka, Connection, Row
from .builders import build_records, stand_still

AT_ONCE = Backoff(0.001, 0.001)


def open_log(kafka: BrokenKafka, spool: Path, **options: object) -> FailoverLog:
    max_bytes = options.pop("max_bytes", None)
    log = SpoolLog(spool, "run", stand_still, segment_bytes=3_000, max_bytes=max_bytes)
    return FailoverLog(kafka.connect, log, backoff=AT_ONCE, **options)


def await_state(log: FailoverLog, state: State) -> None:
    deadline = time.monotonic() + 30
    while log.state is not state:
        assert time.monotonic() < deadline, log.condition
        time.sleep(0.001)


def rows_of(batch: pa.RecordBatch) -> list[Row]:
    return list(zip(batch["key"].to_pylist(), batch["value"].to_pylist(), strict=True))


def by_key(rows: list[Row]) -> dict[bytes, list[bytes]]:
    """First arrivals of each key, in their order."""
    found: dict[bytes, dict[bytes, None]] = {}
    for key, body in rows:
        found.setdefault(key, {})[body] = None
    return {key: list(bodies) for key, bodies in found.items()}


def live(kafka: BrokenKafka, spool: Path, batches: int) -> list[Row]:
    """Send batches, through restarts of the log too, until Kafka has everything."""
    sent: list[Row] = []
    log = open_log(kafka, spool)
    for _ in range(batches):
        batch = build_records(kafka.chance.randint(1, 12), keys=3)
        log.append(batch)
        sent += rows_of(batch)
        if kafka.chance.random() < 0.2:
            time.sleep(0.002)  # lets the drain begin, sometimes
        if kafka.chance.random() < 0.1:
            log.close()
            log = open_log(kafka, spool)
    kafka.failing = min(kafka.failing, 0.5)
    await_state(log, State.CLOSED)
    log.close()
    kafka.settle()
    return sent


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), failing=st.sampled_from([0.05, 0.3, 0.7]))
def test_each_key_keeps_its_order_whatever_fails(seed: int, failing: float) -> None:
    """Attempts fail anywhere, arrive late and mix: first arrivals are the stream, and none is missing."""
    kafka = BrokenKafka(seed, failing=failing)
    with TemporaryDirectory() as spool:
        sent = live(kafka, Path(spool), batches=12)
        assert list_segments(Path(spool)) == []
    assert by_key(kafka.written) == by_key(sent)


def test_the_proof_rests_on_attempts_without_a_gap() -> None:
    """Control: were an attempt to arrive out of its order, first arrivals would be out of theirs."""
    for seed in range(200):
        kafka = BrokenKafka(seed, failing=0.7)
        kafka.is_gapless = False
        with TemporaryDirectory() as spool:
            sent = live(kafka, Path(spool), batches=6)
        if by_key(kafka.written) != by_key(sent):
            return
    pytest.fail("the model is too kind to find anything")


def test_the_proof_rests_on_draining_before_going_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: a log that went back to Kafka with the spool still full would be found."""
    monkeypatch.setattr("stafford.transport.failover.drain", lambda *_, **__: 0)
    kafka = BrokenKafka(1, failing=1.0)
    log = open_log(kafka, tmp_path)
    first, second = build_records(3), build_records(3)
    log.append(first)
    kafka.failing = 0.0
    await_state(log, State.CLOSED)
    log.append(second)
    log.close()
    assert by_key(kafka.written) != by_key(rows_of(first) + rows_of(second))


def test_a_lost_topic_and_a_refusal_are_outages_too(tmp_path: Path) -> None:
    """What KafkaLog calls a wrong setting may be mended while the stream goes on; the reason is kept."""
    kafka = BrokenKafka(1, failing=0.0)
    log = open_log(kafka, tmp_path)
    batch = build_records(3)
    refusals: list[StaffordError] = [ConfigError("topic orders is not on the broker")] * 4

    def take(rows: list[Row]) -> None:
        if refusals:
            raise refusals.pop()
        kafka.written += rows

    kafka.take = take  # type: ignore[method-assign]
    assert log.append(batch).spooled == 3
    assert log.condition.transport == "files"
    assert "topic orders" in log.condition.trouble
    await_state(log, State.CLOSED)
    log.close()
    assert refusals == []
    assert kafka.written == rows_of(batch)


def test_a_record_that_kafka_never_takes_is_an_error(tmp_path: Path) -> None:
    """Nothing is spooled that would stop the drain for good."""
    kafka = BrokenKafka(1, failing=0.0)
    log = open_log(kafka, tmp_path)

    def take(_rows: list[Row]) -> None:
        raise Terminal("record 7 has 20 MB")

    kafka.take = take  # type: ignore[method-assign]
    with pytest.raises(Terminal, match="20 MB"):
        log.append(build_records(1))
    log.close()
    assert list_segments(tmp_path) == []


def test_a_full_spool_refuses_until_it_is_drained(tmp_path: Path) -> None:
    """At its bound it takes nothing and loses nothing; when Kafka is back there is room again."""
    kafka = BrokenKafka(1, failing=1.0)
    log = open_log(kafka, tmp_path, max_bytes=1)
    accepted, refused = build_records(5), build_records(5)
    log.append(accepted)
    for _ in range(2):
        with pytest.raises(SpoolFull, match=r"at most 0; .*STAFFORD_SPOOL_MAX_MB"):
            log.append(refused)
    assert log.condition.backlog == 5
    kafka.failing = 0.0
    await_state(log, State.CLOSED)
    assert log.append(refused).acknowledged == 5
    log.close()
    kafka.settle()
    assert by_key(kafka.written) == by_key(rows_of(accepted) + rows_of(refused))


def test_older_segments_go_first(tmp_path: Path) -> None:
    """What an earlier process left waits for nobody: Kafka has it before the first new record."""
    left = SpoolLog(tmp_path, "run", stand_still)
    old, new = build_records(4), build_records(4)
    left.append(old)
    left.close()
    kafka = BrokenKafka(1, failing=0.0)
    log = open_log(kafka, tmp_path)
    log.append(new)
    await_state(log, State.CLOSED)
    log.close()
    assert kafka.written == rows_of(old) + rows_of(new)


def test_a_drain_by_somebody_else_is_waited_for(tmp_path: Path) -> None:
    """While another process drains this spool, the stream goes on in files."""
    kafka = BrokenKafka(1, failing=1.0)
    log = open_log(kafka, tmp_path)
    log.append(build_records(2))
    with ExitStack() as held:
        while True:  # this log's own thread has it now and then
            with suppress(HomeInUse):
                held.enter_context(drain_alone(tmp_path))
                break
        kafka.failing = 0.0
        deadline = time.monotonic() + 5
        while "another process drains" not in log.condition.trouble:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        assert log.append(build_records(2)).spooled == 2
        assert kafka.written == []
    await_state(log, State.CLOSED)
    log.close()


def test_closing_in_the_middle_keeps_what_waits(tmp_path: Path) -> None:
    """A log that ends during the outage leaves its records in sealed segments, and no thread."""
    kafka = BrokenKafka(1, failing=1.0)
    threads = threading.active_count()
    log = open_log(kafka, tmp_path)
    log.append(build_records(4))
    log.close()
    log.close()
    assert threading.active_count() == threads
    assert [segment.is_sealed for segment in list_segments(tmp_path)] == [True]
    with pytest.raises(Terminal, match="was closed"):
        log.append(build_records(1))


def test_a_broken_drain_is_not_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw ends the thread, and the next append raises it."""

    def explode(_self: Connection, _records: pa.RecordBatch) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Connection, "forward", explode)
    kafka = BrokenKafka(1, failing=1.0)
    log = open_log(kafka, tmp_path)
    log.append(build_records(1))
    kafka.failing = 0.0

    def append_until_it_fails() -> None:
        for _ in range(5_000):
            log.append(build_records(1))
            time.sleep(0.001)

    with pytest.raises(ZeroDivisionError):
        append_until_it_fails()
    log.close()


def test_a_spool_that_cannot_be_written_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is waited for; any other trouble with it is not."""
    kafka = BrokenKafka(1, failing=1.0)
    log = open_log(kafka, tmp_path)
    for number, expected in ((28, SpoolFull), (5, StorageError)):

        def fail(_descriptor: int, number: int = number) -> None:
            raise OSError(number, "as the system says")

        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", fail)
            with pytest.raises(expected, match="nothing of it was kept"):
                log.append(build_records(1))
    assert log.append(build_records(1)).spooled == 1
    log.close()
