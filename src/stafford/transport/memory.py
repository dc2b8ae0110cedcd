"""A durable log in memory, for tests and experiments: as durable as they need it."""

import pyarrow as pa

from stafford.domain.record import LANDED_SCHEMA, UTC_MICROS
from stafford.errors import Terminal, TransportUnavailable
from stafford.transport.headers import nest_headers, stamp_records
from stafford.transport.log import Clock, Condition, Delivery, check_schema


class MemoryLog:
    """Keeps batches of LANDED_SCHEMA in a list; can be told to fail."""

    name = "memory"

    def __init__(self, run_id: str, clock: Clock) -> None:
        """Begin empty."""
        self.landed: list[pa.RecordBatch] = []
        self.failures = 0  # as many appends as this fail, after having kept the batch all the same
        self._run_id, self._clock, self._is_closed = run_id, clock, False

    @property
    def condition(self) -> Condition:
        """Memory, and nothing waits."""
        return Condition(self.name)

    def append(self, records: pa.RecordBatch) -> Delivery:
        """Keep a batch. See DurableLog."""
        if self._is_closed:
            raise Terminal("the log in memory was closed; make a new one")
        check_schema(records)
        rows, now = records.num_rows, self._clock()
        start = sum(batch.num_rows for batch in self.landed)
        columns = [
            records.column("topic"),
            pa.repeat(pa.scalar(0, pa.int32()), rows),
            pa.array(range(start, start + rows), pa.int64()),
            pa.repeat(pa.scalar(now, UTC_MICROS), rows),
            records.column("key"),
            records.column("value"),
            nest_headers(stamp_records(records, self._run_id, now)),
            pa.repeat("memory", rows),
        ]
        self.landed.append(pa.RecordBatch.from_arrays(columns, schema=LANDED_SCHEMA))
        if self.failures:
            self.failures -= 1
            raise TransportUnavailable("the log in memory was told to fail")
        return Delivery(acknowledged=rows, spooled=0)

    def close(self) -> None:
        """Refuse from now on."""
        self._is_closed = True
