"""The shapes of what flows between the stages, as Arrow schemas."""

import pyarrow as pa

UTC_MICROS = pa.timestamp("us", tz="UTC")

RECORD_SCHEMA = pa.schema(
    [
        pa.field("topic", pa.string(), nullable=False),
        pa.field("key", pa.binary(), nullable=False),
        pa.field("value", pa.binary(), nullable=False),
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("event_type", pa.string(), nullable=False),
        pa.field("occurred_at", UTC_MICROS, nullable=False),
        pa.field("contract_version", pa.string(), nullable=False),
        # When the shop's own clock says that the record leaves the device: the order of the stream.
        pa.field("emitted_at", UTC_MICROS, nullable=False),
    ]
)
"""What the generator hands to transport: one row is one record to be sent.

`value` may be defective on purpose; `event_id`, `event_type`, `occurred_at` and `contract_version`
are what the producer believed. The id also travels beside the body, in the header SENT.
"""

LABEL_SCHEMA = pa.schema(
    [
        pa.field("topic", pa.string(), nullable=False),
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("event_type", pa.string(), nullable=False),
        pa.field("copy", pa.int16(), nullable=False),  # 0 is the first sending of the event
        pa.field("defect", pa.string(), nullable=False),  # "clean", or what the mess did to it
        pa.field("outcome", pa.string(), nullable=False),  # an Outcome
        pa.field("reason", pa.string()),  # what quarantine must say; null elsewhere
        pa.field("amount_cents", pa.int64()),  # the money of the event; null where it has none
    ]
)
"""The truth about each record, row by row beside RECORD_SCHEMA. (topic, event_id, copy) is unique."""

SENT = "sent"
"""Name of the header that every record of ours has: "event_id produced_at run_id", text, a space between.

An id has no space and the time is RFC 3339 in UTC with microseconds, so what follows the second space is the
run, whatever is in it: "019a3b5e-7c00-7d3a-9f10-0123456789ab 2026-01-15T20:31:07.125000Z run-42".
"""

HEADER_TYPE = pa.list_(pa.struct([pa.field("key", pa.string()), pa.field("value", pa.binary())]))

LANDED_SCHEMA = pa.schema(
    [
        pa.field("topic", pa.string(), nullable=False),
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("timestamp", UTC_MICROS, nullable=False),  # log-append time
        pa.field("key", pa.binary()),
        pa.field("value", pa.binary()),
        pa.field("headers", HEADER_TYPE),
        pa.field("source", pa.string(), nullable=False),  # "kafka", or the name of the spool segment
    ]
)
"""A record as a durable log holds it. (source, topic, partition, offset) is unique.

From the spool, `partition` is 0 and `offset` is the position in the segment.
"""
