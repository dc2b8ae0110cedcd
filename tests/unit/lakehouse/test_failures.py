"""Spark's errors come out in the words of this project."""

import pytest

from stafford.errors import ConfigError, NotReady, OffsetOutOfRange, StorageError, Terminal
from stafford.lakehouse.failures import translate

WRAPPED = """[STREAM_FAILED] Query [id = 1] terminated with exception: an error
Traceback (most recent call last):
  File "stream.py", line 1, in write
RuntimeError: killed between two writes
 SQLSTATE: 39000
"""


class Wrapped(RuntimeError):
    """An error as PySpark gives it: the text of the outermost, and the others in what it keeps for itself."""

    def __init__(self, text: str, trace: str, cause: "Wrapped | None" = None) -> None:
        super().__init__(text)
        self._stackTrace, self._cause = trace, cause  # its names


def test_a_cause_that_spark_does_not_show_is_found():
    """A full disk is "Task failed while writing rows", and its cause stands two errors further down."""
    trace = "SparkException: failed\n\tat Some.where\nCaused by: java.io.IOException: No space left on device"
    error = Wrapped(
        "[TASK_WRITE_FAILED] Task failed", "frame", Wrapped("Task failed", "frame", Wrapped("failed", trace))
    )
    assert type(translate(error, "bronze")) is StorageError
    # control: a frame that only looks like it is no cause
    harmless = Wrapped(
        "Task failed", "\tat java.util.concurrent.TimeoutException.of(No space left on device)"
    )
    assert type(translate(harmless, "bronze")) is Terminal
    assert "Task failed" in str(translate(harmless, "bronze"))


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("KAFKA_DATA_LOSS: some data may have been lost", OffsetOutOfRange, "no longer has records"),
        ("UnknownTopicOrPartitionException: gone", ConfigError, "stafford topics apply"),
        ("Timed out: java.util.concurrent.TimeoutException", NotReady, "stafford kafka status"),
        ("java.io.IOException: No space left on device", StorageError, "disk of the lake is full"),
        # whatever else it broke: the disk comes first
        ("[MALFORMED_LOG_FILE] read: No space left on device", StorageError, "disk of the lake is full"),
        ("[MALFORMED_LOG_FILE] failed to read", Terminal, "Move the folder checkpoints/bronze of this home"),
        (
            '[DELTA_MISSING_FILES_UNEXPECTED_VERSION] set .option("failOnDataLoss", "false")',
            Terminal,
            "Move the folder checkpoints/bronze of this home away",
        ),
        (WRAPPED, Terminal, "killed between two writes"),
        (
            WRAPPED.replace("RuntimeError", "pyarrow.lib.ArrowInvalid"),
            Terminal,
            "stopped: pyarrow.lib.ArrowInvalid",
        ),
        ("", Terminal, "no message"),
    ],
)
def test_each_failure_says_what_to_do(text, kind, says):
    """The kind tells a script what to do next, the message tells a person."""
    error = translate(RuntimeError(text), "bronze")
    assert type(error) is kind
    assert says in str(error)
    assert str(error).startswith("bronze stopped")
