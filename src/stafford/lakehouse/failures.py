"""Spark's errors in the words of this project."""

from stafford.errors import ConfigError, NotReady, OffsetOutOfRange, StaffordError, StorageError, Terminal

LOST = ("failOnDataLoss", "OffsetOutOfRange", "KAFKA_DATA_LOSS")
NO_TOPIC = ("UnknownTopicOrPartition", "does not host this topic-partition")
UNREACHABLE = ("TimeoutException", "Connection to node")
FULL = ("No space left on device",)


def translate(error: Exception, query: str) -> StaffordError:
    """Name what stopped a query, and what to do next.

    Args:
        error: what Spark raised.
        query: name of the streaming query, or of the write.
    """
    text = str(error)
    if any(word in text for word in LOST):
        return OffsetOutOfRange(
            f"{query} stopped: the broker no longer has records that bronze never read. They are lost unless "
            f"their producer sends them again; after that, start from what is left: {_first_line(text)}"
        )
    if any(word in text for word in NO_TOPIC):
        return ConfigError(
            f"{query} stopped: a topic is missing on the broker; make it with `stafford topics apply`. "
            f"{_first_line(text)}"
        )
    if any(word in text for word in UNREACHABLE):
        return NotReady(
            f"{query} stopped: Kafka did not answer. Is it up? `stafford kafka status`. {_first_line(text)}"
        )
    if any(word in text for word in FULL):
        return StorageError(
            f"{query} stopped: the disk of the lake is full. Free it and run the command again."
        )
    return Terminal(
        f"{query} stopped: {_first_line(text)}. Nothing half-written is visible; run it again to go on."
    )


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "no message")
