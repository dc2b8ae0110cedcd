"""Runs Kafka's own command-line tools from the locked jars, without an installation of Kafka."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from stafford.errors import ConfigError
from stafford.runtime import foreground
from stafford.runtime.java import Java

TOOLS: Mapping[str, str] = MappingProxyType(
    {
        "configs": "kafka.admin.ConfigCommand",
        "console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
        "console-producer": "org.apache.kafka.tools.ConsoleProducer",
        "consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
        "consumer-perf-test": "org.apache.kafka.tools.ConsumerPerformance",
        "log-dirs": "org.apache.kafka.tools.LogDirsCommand",
        "producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
        "topics": "org.apache.kafka.tools.TopicCommand",
    }
)
"""The class behind each of Kafka's scripts, by the script's name without `kafka-` and `.sh`."""

_HEAP = "-Xmx512m"


def build_command(tool: str, arguments: Sequence[str], jars: Sequence[Path], java: Java) -> list[str]:
    """The command line of a tool.

    Args:
        tool: one of TOOLS.
        arguments: as its script takes them.
        jars: the folders with the jars of Kafka and of its tools.
        java: runs it.

    Raises:
        ConfigError: there is no such tool.
    """
    if tool not in TOOLS:
        raise ConfigError(f"no Kafka tool {tool}; there are {', '.join(TOOLS)}")
    classes = os.pathsep.join(str(folder / "*") for folder in jars)
    return [str(java.executable), _HEAP, "-cp", classes, TOOLS[tool], *arguments]


def run(tool: str, arguments: Sequence[str], jars: Sequence[Path], java: Java) -> int:
    """Run a tool to its end, on our own terminal; gives its exit code. Raises as `build_command` does."""
    return foreground.run(build_command(tool, arguments, jars, java))
