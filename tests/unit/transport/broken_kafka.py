"""A model of Kafka's worst legal behaviour towards one producer after another, for tests of order."""

import random

import pyarrow as pa

from stafford.errors import TransportUnavailable
from stafford.transport import Condition, Delivery

Row = tuple[bytes, bytes]  # key and body


class BrokenKafka:
    """One partition. What it promises is what an idempotent producer gives, and no more.

    An attempt may fail after any number of its records, in their order and without a gap, were written; and
    of those, the last may still be on their way when the producer gives up: they are written later, in
    between others, in their order.
    """

    def __init__(self, seed: int, *, failing: float) -> None:
        """Fail each attempt with a probability, and draw everything from one seed."""
        self.chance = random.Random(seed)  # noqa: S311 - a test's dice
        self.failing = failing
        self.written: list[Row] = []
        self.is_gapless = True
        self.attempts = 0
        self._late: list[list[Row]] = []

    def connect(self) -> "Connection":
        """Open a producer, unless the broker is away."""
        if self.chance.random() < self.failing:
            raise TransportUnavailable("nobody answers")
        return Connection(self)

    def take(self, rows: list[Row]) -> None:
        """Write an attempt, or a part of it."""
        self.attempts += 1
        if self.chance.random() >= self.failing:
            for row in rows:
                self._mix()
                self.written.append(row)
            return
        reached = self.chance.randint(0, len(rows))
        delayed = self.chance.randint(0, reached)
        part = rows[:reached]
        if not self.is_gapless:
            self.chance.shuffle(part)
        self.written += part[: reached - delayed]
        self._late.append(part[reached - delayed :])
        raise TransportUnavailable("no acknowledgement")

    def settle(self) -> None:
        """Write everything that is still on its way."""
        while any(self._late):
            self._mix()

    def _mix(self) -> None:
        for late in self._late:
            if late and self.chance.random() < 0.3:
                self.written.append(late.pop(0))


class Connection:
    """One producer of a BrokenKafka: of no more use after an error."""

    name = "kafka"
    condition = Condition("kafka")

    def __init__(self, kafka: BrokenKafka) -> None:
        """Belong to a broker."""
        self._kafka = kafka

    def append(self, records: pa.RecordBatch) -> Delivery:
        """Send a batch of RECORD_SCHEMA."""
        self._kafka.take(list(zip(records["key"].to_pylist(), records["value"].to_pylist(), strict=True)))
        return Delivery(records.num_rows, 0)

    forward = append  # both schemas have a key and a value

    def close(self) -> None:
        """Nothing is held."""
