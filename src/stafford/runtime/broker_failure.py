"""Says in plain words why a broker ended while it was starting."""

import re
from collections.abc import Callable
from pathlib import Path

from stafford.errors import ConfigError, HomeInUse, StorageError, Terminal

_FRAME = re.compile(r"\s+(at |\.\.\. \d+ more)")  # of a stack trace
PORT_TAKEN = re.compile(r"Address already in use|BindException")

_KNOWN: tuple[tuple[re.Pattern[str], Callable[[str], Terminal], str], ...] = (
    (
        re.compile(r"No space left on device|There is not enough space on the disk"),
        StorageError,
        "the disk of {directory} is full; free some space and start again",
    ),
    (
        re.compile(r"Failed to acquire lock on file"),
        HomeInUse,
        "another broker, perhaps in a container, is using the data in {directory}; stop it first",
    ),
    (
        re.compile(r"UnsupportedClassVersionError"),
        ConfigError,
        "this Java is too old for Kafka; run `stafford doctor`",
    ),
    (
        re.compile(r"Could not reserve enough space|insufficient memory|Could not create the Java Virtual"),
        ConfigError,
        "Java could not get the memory that the broker needs; close something and start again",
    ),
    (
        re.compile(
            r"AccessDeniedException|Permission denied|Stored node id|meta\.properties|CorruptRecord"
            r"|InconsistentClusterId|Error while reading|KafkaStorageException|NoSuchFileException"
        ),
        StorageError,
        (
            "the Kafka data in {directory} cannot be read; permit reading it, or move its data folder away "
            "to start with an empty broker (what bronze has already stays there)"
        ),
    ),
)


def explain(directory: Path, output: str) -> Terminal:
    """Make an error of what a broker wrote before it ended, with its last meaningful lines."""
    lines = "\n".join(f"  {line}" for line in meaningful(output)) or "  (it wrote nothing)"
    for pattern, error, meaning in _KNOWN:
        if pattern.search(output):
            return error(f"Kafka did not start: {meaning.format(directory=directory)}\n{lines}")
    return Terminal(
        f"Kafka did not start, and ended by itself; read {directory / 'kafka.log'}. Its last words:\n{lines}"
    )


def meaningful(output: str, most: int = 6) -> list[str]:
    """The last lines that speak of an error, or simply the last lines."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip() and not _FRAME.match(line)]
    if len(lines) <= most:
        return lines
    telling = [line for line in lines if re.search(r"ERROR|FATAL|Exception|Error", line)]
    return (telling or lines)[-most:]
