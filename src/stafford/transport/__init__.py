"""Makes record batches durable, on Kafka or in checksummed segments, and keeps the topics as planned."""

from stafford.transport.circuit import Backoff, State
from stafford.transport.failover import FailoverLog
from stafford.transport.kafka import KafkaLog
from stafford.transport.log import Clock, Condition, Delivery, DurableLog
from stafford.transport.memory import MemoryLog
from stafford.transport.segments import Segment, list_segments, read_segment, read_segments
from stafford.transport.spool import SpoolLog

__all__ = [
    "Backoff",
    "Clock",
    "Condition",
    "Delivery",
    "DurableLog",
    "FailoverLog",
    "KafkaLog",
    "MemoryLog",
    "Segment",
    "SpoolLog",
    "State",
    "list_segments",
    "read_segment",
    "read_segments",
]
