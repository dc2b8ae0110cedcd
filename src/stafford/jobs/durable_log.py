"""Chooses where a run's records go: Kafka, files, or whichever of them there is at each moment."""

from collections.abc import Callable

from stafford.errors import ConfigError, UnsafeChange
from stafford.jobs.kafka_client import find_answering
from stafford.settings import Settings
from stafford.transport import Clock, DurableLog, FailoverLog, KafkaLog, SpoolLog, list_segments

TRANSPORTS = ("auto", "kafka", "files")
STALL_S = 3.0
"""Without an acknowledgement for so long a broker counts as lost: the spool has the batch within 5 s."""


def open_log(
    settings: Settings, transport: str, run_id: str, clock: Clock, notify: Callable[[str], None]
) -> DurableLog:
    """Open the durable log that was asked for.

    Args:
        settings: which Kafka, and where the spool is.
        transport: `kafka`, `files`, or `auto`: Kafka while a broker answers, files while none does.
        run_id: the generator run.
        clock: the wall clock, UTC.
        notify: is told, loudly, when `auto` has to take files, and when it is back on Kafka.

    Raises:
        TransportUnavailable: `kafka` was asked for and no broker answers.
        ConfigError: there is no such transport, or a Kafka setting is wrong.
        UnsafeChange: `kafka` was asked for while older records wait in the spool.
    """
    if transport not in TRANSPORTS:
        raise ConfigError(f"transport {transport!r} does not exist; give one of {', '.join(TRANSPORTS)}")
    if transport == "files":
        return SpoolLog(settings.spool_dir, run_id, clock)
    if transport == "kafka":
        log = KafkaLog(find_answering(settings), run_id, clock)
        if waiting := list_segments(settings.spool_dir):
            log.close()
            raise UnsafeChange(
                f"{len(waiting)} spool segments in {settings.spool_dir} are older than what would go to "
                "Kafka now, and would come after it; run `stafford spool drain` first, or use --transport "
                "auto, which does that by itself"
            )
        return log
    spool = SpoolLog(settings.spool_dir, run_id, clock, max_bytes=settings.spool_max_mb * 1_000_000)
    return FailoverLog(
        lambda: KafkaLog(find_answering(settings), run_id, clock, stall_s=STALL_S), spool, notify=notify
    )
