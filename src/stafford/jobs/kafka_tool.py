"""Runs one of Kafka's own tools against the broker of the settings."""

from collections.abc import Callable, Sequence

from stafford.jobs.kafka_client import find_kafka
from stafford.runtime import kafka_tools
from stafford.runtime.jars import ensure_jars
from stafford.runtime.java import find_java
from stafford.settings import Settings


def run(settings: Settings, tool: str, arguments: Sequence[str], progress: Callable[[str], None]) -> int:
    """Run a tool; `--bootstrap-server` is added, and nothing else. Gives its exit code.

    Raises:
        ConfigError: there is no such tool, no Java, or the jar lock is wrong.
        CorruptDownload: a jar is not the locked one.
        NotReady: the jars are not there yet and cannot be downloaded now.
        TransportUnavailable: no embedded broker runs and the settings name no other.
    """
    bootstrap = find_kafka(settings)["bootstrap.servers"]
    java = find_java()
    jars = [ensure_jars(bundle, settings.cache_dir, java, progress) for bundle in ("kafka", "kafka-tools")]
    return kafka_tools.run(tool, [*arguments, "--bootstrap-server", bootstrap], jars, java)
