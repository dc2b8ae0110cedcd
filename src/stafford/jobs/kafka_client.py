"""Which Kafka a command talks to: the one that the settings name, or the embedded one of this home."""

from stafford.errors import TransportUnavailable
from stafford.jobs import broker
from stafford.settings import Settings
from stafford.transport.admin import find_missing


def find_kafka(settings: Settings) -> dict[str, str]:
    """Give the Kafka client settings, with bootstrap.servers; starts nothing.

    Raises:
        TransportUnavailable: the settings name no broker, and the embedded one does not run.
    """
    if settings.kafka.get("bootstrap.servers"):
        return dict(settings.kafka)
    state = broker.status(settings)
    if state is None:
        raise TransportUnavailable(
            f"no broker runs for {settings.home_dir}, and STAFFORD_KAFKA names no bootstrap.servers; "
            f"start the embedded one with `{settings.command('kafka start')}`"
        )
    return {**settings.kafka, "bootstrap.servers": state.bootstrap}


def find_answering(settings: Settings) -> dict[str, str]:
    """Give the settings of a broker that answers now.

    Raises:
        TransportUnavailable: none does.
    """
    config = find_kafka(settings)
    find_missing(config, ())
    return config
