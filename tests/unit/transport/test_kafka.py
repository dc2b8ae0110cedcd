"""The Kafka log without a broker: what it refuses, and how long it waits."""

import time

import pyarrow as pa
import pytest

from stafford.domain.record import LANDED_SCHEMA
from stafford.errors import ConfigError, ContractViolation, CorruptSegment, Terminal, TransportUnavailable
from stafford.transport import KafkaLog
from stafford.transport.admin import answers

from .builders import NOW, build_records, stand_still

NOBODY = {"bootstrap.servers": "127.0.0.1:1"}  # a port that needs root, so nothing of ours listens there


def test_no_broker_is_reported_within_the_bound() -> None:
    """An append without a broker fails in time, and says what was tried and what to do."""
    log = KafkaLog(NOBODY, "run", stand_still, timeout_s=1)
    began = time.monotonic()
    with pytest.raises(TransportUnavailable, match=r"127\.0\.0\.1:1 .*orders.*stafford kafka start"):
        log.append(build_records(3))
    assert time.monotonic() - began < 5
    log.close()


def test_a_stall_is_given_up_before_the_bound() -> None:
    """Without any acknowledgement an append ends long before its bound, and says after how long."""
    log = KafkaLog(NOBODY, "run", stand_still, timeout_s=300, stall_s=0.5)
    with pytest.raises(TransportUnavailable, match=r"within 0\.5 s \(3 of 3 records are not acknowledged"):
        log.append(build_records(3))
    log.close()


def test_only_the_spool_s_records_are_forwarded() -> None:
    """A record without the one header has no id to be counted by, so it is refused and not sent."""
    log = KafkaLog(NOBODY, "run", stand_still, timeout_s=1)
    headers = [{"key": "ce_id", "value": b"1"}]
    row = {"topic": "orders", "partition": 0, "offset": 0, "timestamp": NOW, "key": b"k", "value": b"{}"}
    landed = pa.RecordBatch.from_pylist([{**row, "headers": headers, "source": "s-1"}], LANDED_SCHEMA)
    with pytest.raises(CorruptSegment, match=r"s-1 has records without the one header `sent`"):
        log.forward(landed)
    log.close()


def test_a_probe_without_a_broker_says_no_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing is printed: librdkafka's log goes to a logger that nobody reads unless asked."""
    began = time.monotonic()
    assert not answers("127.0.0.1:1", timeout_s=0.5)
    assert time.monotonic() - began < 3
    log = KafkaLog(NOBODY, "run", stand_still, timeout_s=0.5)
    with pytest.raises(TransportUnavailable):
        log.append(build_records(1))
    log.close()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "no bootstrap.servers"),
        ({**NOBODY, "acks": "1"}, "acks=1 would break"),
        ({**NOBODY, "enable.idempotence": "false"}, "enable.idempotence=false would break"),
        ({**NOBODY, "no.such.setting": "1"}, "no.such.setting"),
    ],
)
def test_settings_that_break_the_promise_are_refused(config: dict[str, str], said: str) -> None:
    """The delivery guarantee is not for configuration to weaken."""
    with pytest.raises(ConfigError, match=said):
        KafkaLog(config, "run", stand_still)


def test_settings_that_agree_with_the_promise_are_welcome() -> None:
    """A caller may repeat the guarantee and tune everything else."""
    KafkaLog({**NOBODY, "acks": "all", "linger.ms": "1"}, "run", stand_still).close()


def test_another_schema_is_refused() -> None:
    """A batch that lacks a column is never sent."""
    log = KafkaLog(NOBODY, "run", stand_still)
    with pytest.raises(ContractViolation, match="RECORD_SCHEMA"):
        log.append(build_records(1).drop_columns(["key"]))
    log.close()


def test_a_closed_log_refuses() -> None:
    """After close nothing is accepted."""
    log = KafkaLog(NOBODY, "run", stand_still)
    log.close()
    log.close()
    with pytest.raises(Terminal, match="was closed"):
        log.append(build_records(1))
