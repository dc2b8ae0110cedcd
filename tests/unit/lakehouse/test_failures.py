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


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        ("KAFKA_DATA_LOSS: some data may have been lost", OffsetOutOfRange, "no longer has records"),
        ("UnknownTopicOrPartitionException: gone", ConfigError, "stafford topics apply"),
        ("Timed out: java.util.concurrent.TimeoutException", NotReady, "stafford kafka status"),
        ("java.io.IOException: No space left on device", StorageError, "disk of the lake is full"),
        (WRAPPED, Terminal, "killed between two writes"),
        ("", Terminal, "no message"),
    ],
)
def test_each_failure_says_what_to_do(text, kind, says):
    """The kind tells a script what to do next, the message tells a person."""
    error = translate(RuntimeError(text), "bronze")
    assert type(error) is kind
    assert says in str(error)
    assert str(error).startswith("bronze stopped")
