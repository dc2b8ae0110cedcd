"""When a streaming query runs a micro-batch."""

from enum import Enum

from pyspark.sql.streaming.readwriter import DataStreamWriter


class Trigger(Enum):
    """Batch and continuous are the same query; only its trigger differs."""

    AVAILABLE_NOW = "available now"
    """Everything that is there, in bounded micro-batches, then stop."""

    CONTINUOUS = "continuous"
    """A micro-batch a second, until stopped."""

    def apply(self, writer: DataStreamWriter) -> DataStreamWriter:
        """Give a query this trigger."""
        if self is Trigger.AVAILABLE_NOW:
            return writer.trigger(availableNow=True)
        return writer.trigger(processingTime="1 second")
