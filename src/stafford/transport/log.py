"""What every durable log promises."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import pyarrow as pa

from stafford.domain.record import RECORD_SCHEMA
from stafford.errors import ContractViolation

Clock = Callable[[], datetime]
"""The wall clock, in UTC; tests give one that stands still."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where the rows of one batch went; the two numbers sum to the rows given."""

    acknowledged: int  # rows that Kafka has on every in-sync replica
    spooled: int  # rows that are fsynced in a spool segment


@dataclass(frozen=True, slots=True)
class Condition:
    """How a durable log is now, for people to see."""

    transport: str  # where the next batch goes: "kafka" or "files"
    backlog: int = 0  # records in the spool that Kafka is still to be given
    trouble: str = ""  # why Kafka is not used, when it should be


class DurableLog(Protocol):
    """A place where an accepted batch survives the death of this process."""

    @property
    def name(self) -> str:
        """What a person sees: "kafka" or "files"."""
        ...

    @property
    def condition(self) -> Condition:
        """How it is now; cheap, asks nobody."""
        ...

    def append(self, records: pa.RecordBatch) -> Delivery:
        """Append a batch of RECORD_SCHEMA; when it returns, every row is durable.

        Delivery: at least once. After an error any part of the batch may be in the log already;
        send the same batch again, readers keep one row for each `event_id`.
        Order: kept per topic and key, counting the first arrival of each record.

        Raises:
            TransportUnavailable: the log did not take the batch in time; try the same batch again.
            SpoolFull: there is no room for the batch now; try the same batch again, for as long as it takes.
            ContractViolation: the batch does not have RECORD_SCHEMA.
            Terminal: the log is closed, or a record can never be taken; the message names it.
        """
        ...

    def close(self) -> None:
        """Release what the log holds; closing twice is harmless."""
        ...


def check_schema(records: pa.RecordBatch) -> None:
    """Refuse a batch that no log could carry.

    Raises:
        ContractViolation: a column is missing, added or of another type.
    """
    if not records.schema.equals(RECORD_SCHEMA):
        raise ContractViolation(
            f"a batch of {records.num_rows} rows was given to a log with columns "
            f"{', '.join(f'{field.name} {field.type}' for field in records.schema)}; "
            "build it with stafford.domain.record.RECORD_SCHEMA"
        )
