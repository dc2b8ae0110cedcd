"""The durable log on Kafka."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from stafford.domain.record import SENT
from stafford.errors import ConfigError, CorruptSegment, StaffordError, Terminal, TransportUnavailable
from stafford.transport.client import LOGGER, client_settings
from stafford.transport.headers import stamp_records, unnest_headers
from stafford.transport.log import Clock, Condition, Delivery, check_schema

# What the promise of DurableLog rests on; nobody may change these.
REQUIRED = {
    "acks": "all",
    "enable.idempotence": "true",
    # No record times out by itself: a later one of its key, still waiting, might then go through and
    # overtake it. The bound is ours, and at the bound everything that waits is given up together, so that
    # what Kafka has of a failed batch is always its beginning, partition by partition.
    "message.timeout.ms": "0",
}
DEFAULTS = {
    "client.id": "stafford",
    "compression.type": "lz4",
    "linger.ms": 5,
    "topic.metadata.propagation.max.ms": 3000,
    # Java clients place keys with murmur2; the same key must be in the same partition for everyone.
    "partitioner": "murmur2_random",
    "reconnect.backoff.max.ms": 1000,
}
ANY_PARTITION = -1  # the partitioner chooses by the key
NOW = 0  # as the producer's own time of a record; our topics are stamped by the broker
ROWS_AT_ONCE = 500
POLL_S = 0.1  # Python handles Ctrl-C between two polls

_MISSING_TOPIC = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC}  # noqa: SLF001 - its public name
_DENIED = {
    KafkaError._AUTHENTICATION,  # noqa: SLF001 - its public name
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}


class KafkaLog:
    """Appends batches to Kafka topics, keyed.

    Delivery: at least once. `append` returns when every in-sync replica has every row. Within one append
    the idempotent producer writes each row once, whatever is retried; after an error the producer is
    dropped, so rows that were sent again are there twice, with the same `event_id`.
    Order: kept per topic and key, counting first arrivals.
    """

    name = "kafka"

    def __init__(
        self,
        config: Mapping[str, str],
        run_id: str,
        clock: Clock,
        timeout_s: float = 30,
        stall_s: float | None = None,
    ) -> None:
        """Prepare a producer; connecting happens at the first append.

        Args:
            config: Kafka client settings; needs bootstrap.servers.
            run_id: the generator run, for the header.
            clock: gives `produced_at`, UTC.
            timeout_s: bound of one append, in seconds.
            stall_s: gives up earlier when for so many seconds no record was acknowledged; None leaves it to
                the bound.

        Raises:
            ConfigError: a setting is missing, unknown, or would break the delivery guarantee.
        """
        defaults = DEFAULTS
        if stall_s is not None:
            # A topic that is gone is to be named as the cause before the stall is.
            defaults = {**DEFAULTS, "topic.metadata.propagation.max.ms": int(stall_s * 500)}
        self._settings = client_settings(config, defaults, REQUIRED)
        self._settings["error_cb"] = self._note_trouble
        # That a record is acknowledged is seen by its leaving the client's queue; a report of each would
        # cost a Python call and four objects a record.
        self._settings["delivery.report.only.error"] = True
        self._bootstrap = config["bootstrap.servers"]
        self._run_id = run_id
        self._clock = clock
        self._timeout_s = timeout_s
        self._stall_s = timeout_s if stall_s is None else stall_s
        self._trouble = "no broker answered"
        self._is_closed = False
        self._producer: Producer | None = self._connect()

    def append(self, records: pa.RecordBatch) -> Delivery:
        """Append a batch; when it returns, Kafka has acknowledged every row. See DurableLog.

        Raises:
            TransportUnavailable: not every row was acknowledged in time; send the same batch again.
            ConfigError: a topic is missing, or the broker does not let us in.
            ContractViolation: the batch does not have RECORD_SCHEMA.
            Terminal: the log is closed, or a record is larger than Kafka takes; the message names it.
        """
        check_schema(records)
        return self._deliver(records, stamp_records(records, self._run_id, self._clock()))

    def forward(self, landed: pa.RecordBatch) -> Delivery:
        """Append records of LANDED_SCHEMA as the spool has them: with the headers of their first sending.

        Delivery, order and errors: as `append`.

        Raises:
            CorruptSegment: a record has other headers than the spool writes.
        """
        stamps = unnest_headers(landed.column("headers"))
        if stamps is None:
            source = landed.column("source")[0].as_py()
            raise CorruptSegment(
                f"spool segment {source} has records without the one header `{SENT}`; it was written by "
                "something else, move it away"
            )
        return self._deliver(landed, stamps)

    @property
    def condition(self) -> Condition:
        """Kafka, and nothing waits."""
        return Condition(self.name)

    def _deliver(self, records: pa.RecordBatch, stamps: pa.Array) -> Delivery:
        if self._is_closed:
            raise Terminal(f"the log on Kafka at {self._bootstrap} was closed; open a new KafkaLog to append")
        self._producer = self._producer or self._connect()
        now = time.monotonic()
        sending = _Sending(now + self._timeout_s, now)
        topics = ", ".join(sorted(records.column("topic").unique().to_pylist()))
        try:
            self._send(self._producer, records, stamps, sending)
            self._await(self._producer, sending)
        except BaseException as exc:
            # Reports of this batch must never be counted for the next one: a new producer has no memory.
            self._drop()
            if isinstance(exc, TimeoutError | KafkaException):
                # A KafkaException here is the client itself that broke: a new one may fare better.
                raise self._unavailable(topics, str(exc)) from exc
            raise
        if sending.failure:
            self._drop()
            raise self._explain(sending.failure, records)
        return Delivery(acknowledged=sending.sent, spooled=0)

    def close(self) -> None:
        """Let go of the producer; closing twice is harmless."""
        self._is_closed = True
        self._drop()

    def _connect(self) -> Producer:
        try:
            return Producer(self._settings, logger=LOGGER)
        except KafkaException as exc:
            raise ConfigError(
                f"Kafka refuses its settings: {exc.args[0].str()}; correct STAFFORD_KAFKA"
            ) from exc

    def _send(
        self, producer: Producer, records: pa.RecordBatch, stamps: pa.Array, sending: "_Sending"
    ) -> None:
        columns = (*(records.column(name) for name in ("topic", "key", "value")), stamps)
        produce, report = producer.produce, sending.report  # looked up once, not for each record
        # One for all records: the client copies what is in it before `produce` returns.
        headers: dict[str, str | bytes | None] = {}
        for topic, key, value, stamp in _rows(columns):
            headers[SENT] = stamp
            while not sending.failure:
                try:
                    # By position: CPython 3.11 makes and hashes each name anew for each record. The report is
                    # `callback`: given as `on_delivery` behind a None, it would never be called.
                    produce(topic, value, key, ANY_PARTITION, report, None, NOW, headers)
                except BufferError:
                    # The client's queue is full: wait until the broker has taken some of it.
                    producer.poll(POLL_S)
                    self._check_time(producer, sending)
                except KafkaException as exc:
                    sending.refuse(exc.args[0], topic, key, value)
                else:
                    sending.sent += 1
                    break
        producer.poll(0)

    def _await(self, producer: Producer, sending: "_Sending") -> None:
        # A record leaves the client's queue when it is acknowledged, or after its failure was reported here.
        # Flushing rather than polling, because then the last records do not linger.
        while producer.flush(POLL_S) and not sending.failure:
            self._check_time(producer, sending)

    def _check_time(self, producer: Producer, sending: "_Sending") -> None:
        now, waiting = time.monotonic(), len(producer)
        if waiting != sending.waiting:
            sending.waiting, sending.moved_at = waiting, now
        is_late = now > sending.deadline or now > sending.moved_at + self._stall_s
        if is_late and waiting and not sending.failure:
            waiting = min(waiting, sending.sent)  # events of the client stand in the queue too
            raise TimeoutError(f"{waiting} of {sending.sent} records are not acknowledged")

    def _drop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            # Purged first, or closing would wait for a broker that is not there.
            producer.purge()
            producer.poll(0)
            producer.close()

    def _note_trouble(self, error: KafkaError) -> None:
        self._trouble = error.str()

    def _explain(self, failure: "_Failure", records: pa.RecordBatch) -> StaffordError:
        code = failure.error.code()
        if code == KafkaError.MSG_SIZE_TOO_LARGE:
            return Terminal(
                f"record {failure.find_event_id(records)} of topic {failure.topic} has {len(failure.value)} "
                "bytes, more than Kafka takes; raise max_message_bytes in config/topics.yaml and "
                "message.max.bytes in STAFFORD_KAFKA, or make the record smaller"
            )
        if code in _MISSING_TOPIC:
            return ConfigError(
                f"topic {failure.topic} is not on the broker at {self._bootstrap}; "
                "make it with `stafford topics apply`"
            )
        if code in _DENIED:
            return ConfigError(
                f"the broker at {self._bootstrap} refused topic {failure.topic}: {failure.error.str()}; "
                "check the credentials in STAFFORD_KAFKA and what they allow"
            )
        return self._unavailable(failure.topic, failure.error.str())

    def _unavailable(self, topics: str, reason: str) -> TransportUnavailable:
        limit = f"{min(self._timeout_s, self._stall_s):g} s"
        return TransportUnavailable(
            f"Kafka at {self._bootstrap} did not take a batch for {topics} within {limit} ({reason}; "
            f"last trouble: {self._trouble}); check `stafford kafka status`, start it with "
            "`stafford kafka start`; the same batch may be sent again"
        )


def _rows(columns: Sequence[pa.Array]) -> Iterator[tuple[Any, ...]]:
    # A few rows at a time: what one portion of Python objects leaves free, the next takes, so that memory
    # is not asked of the system, and given back to it, with every batch.
    for start in range(0, len(columns[0]), ROWS_AT_ONCE):
        yield from zip(*(column.slice(start, ROWS_AT_ONCE).to_pylist() for column in columns), strict=True)


class _Failure:
    def __init__(self, error: KafkaError, topic: str, key: bytes, value: bytes) -> None:
        self.error, self.topic, self.key, self.value = error, topic, key, value

    def find_event_id(self, records: pa.RecordBatch) -> str:
        # A delivery report carries no headers, so the id is found by the body.
        named = "event_id" if "event_id" in records.schema.names else "offset"
        for row in records.select(["topic", "value", named]).to_pylist():
            if row["topic"] == self.topic and row["value"] == self.value:
                return str(row[named])
        return f"with key {self.key!r}"


class _Sending:
    # What is known of one batch: one shared callback, and no object for each record.

    def __init__(self, deadline: float, now: float) -> None:
        self.deadline = deadline
        self.waiting, self.moved_at = 0, now  # records in the client's queue, and since when so many
        self.sent = 0
        self.failure: _Failure | None = None

    def report(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:  # the client reports nothing else, but its types do not say so
            self.refuse(error, message.topic() or "", message.key() or b"", message.value() or b"")

    def refuse(self, error: KafkaError, topic: str, key: bytes, value: bytes) -> None:
        self.failure = self.failure or _Failure(error, topic, key, value)
