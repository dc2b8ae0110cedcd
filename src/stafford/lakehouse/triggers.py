"""When a streaming query runs a micro-batch."""

from enum import Enum

from pyspark.sql.streaming.readwriter import DataStreamWriter


class Trigger(Enum):
    """Batch and continuous are the same query; only its trigger differs."""

    AVAILABLE_NOW = "available now"
    """Everything that is there, in bounded micro-batches, then stop."""

    CONTINUOUS = "continuous"
    """A micro-batch a second, until stopped."""

    FOLLOWING = "following"
    """A micro-batch soon after there is something, until stopped: for who reads what CONTINUOUS ones write.
    Spark looks at whole multiples of an interval, so at the same second both would begin, compete for the
    cores, and what the first writes would wait for the next."""

    def apply(self, writer: DataStreamWriter) -> DataStreamWriter:
        """Give a query this trigger."""
        if self is Trigger.AVAILABLE_NOW:
            return writer.trigger(availableNow=True)
        return writer.trigger(processingTime=_INTERVALS[self])


_INTERVALS = {Trigger.CONTINUOUS: "1 second", Trigger.FOLLOWING: "250 milliseconds"}
