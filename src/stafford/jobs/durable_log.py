"""Chooses where a run's records go: Kafka, or files when no broker answers."""

from collections.abc import Callable

from stafford.errors import ConfigError, TransportUnavailable
from stafford.jobs.kafka_client import find_kafka
from stafford.settings import Settings
from stafford.transport import Clock, DurableLog, KafkaLog, SpoolLog
from stafford.transport.admin import answers

TRANSPORTS = ("auto", "kafka", "files")


def open_log(
    settings: Settings, transport: str, run_id: str, clock: Clock, notify: Callable[[str], None]
) -> DurableLog:
    """Open the durable log that was asked for.

    Args:
        settings: which Kafka, and where the spool is.
        transport: `kafka`, `files`, or `auto`: Kafka when a broker answers now, files otherwise.
        run_id: the generator run.
        clock: the wall clock, UTC.
        notify: is told, loudly, when `auto` has to take files.

    Raises:
        TransportUnavailable: `kafka` was asked for and no broker answers.
        ConfigError: there is no such transport, or a Kafka setting is wrong.
    """
    if transport not in TRANSPORTS:
        raise ConfigError(f"transport {transport!r} does not exist; give one of {', '.join(TRANSPORTS)}")
    if transport == "files":
        return SpoolLog(settings.spool_dir, run_id, clock)
    try:
        return KafkaLog(_find_answering(settings), run_id, clock)
    except TransportUnavailable as reason:
        if transport == "kafka":
            raise
        notify(
            f"WRITING TO FILES, NOT TO KAFKA: {reason}. Records are kept in {settings.spool_dir} and nothing "
            "is lost; `stafford ingest` reads them from there."
        )
        return SpoolLog(settings.spool_dir, run_id, clock)


def _find_answering(settings: Settings) -> dict[str, str]:
    config = find_kafka(settings)
    if not answers(config["bootstrap.servers"], config):
        raise TransportUnavailable(
            f"no Kafka broker answers at {config['bootstrap.servers']}; see `stafford kafka status`, start "
            "the embedded one with `stafford kafka start`"
        )
    return config
