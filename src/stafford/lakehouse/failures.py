"""Spark's errors in the words of this project."""

import re

from stafford.errors import ConfigError, NotReady, OffsetOutOfRange, StaffordError, StorageError, Terminal

LOST = ("failOnDataLoss", "OffsetOutOfRange", "KAFKA_DATA_LOSS")
CUT = ("DELTA_MISSING_FILES_UNEXPECTED_VERSION", "DELTA_VERSION_NOT_FOUND")
NO_TOPIC = ("UnknownTopicOrPartition", "does not host this topic-partition")
UNREACHABLE = ("TimeoutException", "Connection to node")
FULL = ("No space left on device",)
DAMAGED = (
    "MALFORMED_LOG_FILE",
    "Incomplete log file",
    "ChecksumException",
    "DELTA_INVALID_SOURCE_OFFSET_FORMAT",
    'Expected e.g. {"topicA"',  # what Kafka's reader says to offsets that are cut
)

MADE_ANEW = "run this again: it is made anew from what the tables hold, and nothing is doubled"
"""Behind what says that a checkpoint is to be moved away."""

_NAMED = r"(?:[\w.]*(?:Error|Exception)|(?:\w+\.)+[A-Z]\w*)"
"""An error's name: not each ends as most do, such as `pyarrow.lib.ArrowInvalid`."""


def translate(error: Exception, query: str) -> StaffordError:
    """Name what stopped a query, and what to do next.

    Args:
        error: what Spark raised.
        query: name of the streaming query, or of the write.
    """
    text = _unfold(error)
    cut = any(word in text for word in CUT)
    # Delta names the same option as Kafka's reader does.
    if not cut and any(word in text for word in LOST):
        return OffsetOutOfRange(
            f"{query} stopped: the broker no longer has records that bronze never read. They are lost unless "
            f"their producer sends them again; after that, start from what is left: {_cause(text)}"
        )
    if any(word in text for word in NO_TOPIC):
        return ConfigError(
            f"{query} stopped: a topic is missing on the broker; make it with `stafford topics apply`. "
            f"{_cause(text)}"
        )
    if any(word in text for word in UNREACHABLE):
        return NotReady(
            f"{query} stopped: Kafka did not answer. Is it up? `stafford kafka status`. {_cause(text)}"
        )
    if any(word in text for word in FULL):
        return StorageError(
            f"{query} stopped: the disk of the lake is full. Free it and run the command again."
        )
    if cut or any(word in text for word in DAMAGED):
        why = "its table's log no longer has what it would go on with" if cut else "its checkpoint is damaged"
        return Terminal(
            f"{query} stopped: {why}. Move the folder checkpoints/{query} of this home away and {MADE_ANEW}. "
            f"{_cause(text)}"
        )
    return Terminal(
        f"{query} stopped: {_cause(text)}. Nothing half-written is visible; run it again to go on."
    )


def _unfold(error: Exception) -> str:
    """What an error says, and below it what its causes in the JVM say: Spark shows the outermost alone.

    "Task failed while writing rows" is all there is to a full disk otherwise.
    """
    lines = [str(error)]
    cause: object = error
    while cause is not None:
        # PySpark keeps both and has no public way to either.
        trace = str(getattr(cause, "_stackTrace", None) or "")
        lines += [line.strip() for line in trace.splitlines() if line.startswith("Caused by: ")]
        cause = getattr(cause, "_cause", None)
    return "\n".join(dict.fromkeys(lines))


def _cause(text: str) -> str:
    # A failure in foreachBatch arrives wrapped in traces of two languages; the last error that is named
    # in them is the one that happened. What only announces a trace of Python names none.
    found = re.findall(rf"^(?:Caused by: )?({_NAMED}: .+)$", text, re.MULTILINE)
    named = [error for error in found if not error.endswith("Traceback (most recent call last):")]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return str(named[-1]) if named else (lines[0] if lines else "no message")
