"""Asks a broker whether it is there."""

from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from stafford.errors import TransportUnavailable
from stafford.transport.client import LOGGER, client_settings


def answers(bootstrap: str, config: Mapping[str, str] | None = None, timeout_s: float = 2) -> bool:
    """Tell whether a broker that takes part in its cluster answers within the bound; prints nothing.

    Args:
        bootstrap: host:port, or several with commas between.
        config: further Kafka client settings, such as security.protocol.
        timeout_s: how long to wait, in seconds.
    """
    return _list_topics({**(config or {}), "bootstrap.servers": bootstrap}, timeout_s) is not None


def find_missing(config: Mapping[str, str], topics: Iterable[str], timeout_s: float = 2) -> list[str]:
    """Name those topics that the broker does not have.

    Args:
        config: Kafka client settings; needs bootstrap.servers.
        topics: what ought to be there.
        timeout_s: how long to wait, in seconds.

    Raises:
        TransportUnavailable: no broker answers within the bound.
    """
    found = _list_topics(config, timeout_s)
    if found is None:
        raise TransportUnavailable(
            f"no Kafka broker answers at {config['bootstrap.servers']}; see `stafford kafka status`, start "
            "the embedded one with `stafford kafka start`"
        )
    return sorted(set(topics) - found)


def _list_topics(config: Mapping[str, str], timeout_s: float) -> set[str] | None:
    # A broker that is just starting refuses at first: try again within the bound, not after it.
    settings = client_settings(config, {"reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 250})
    try:
        found = AdminClient(settings, logger=LOGGER).list_topics(timeout=timeout_s)
    except KafkaException:
        return None
    # A broker that is still fenced answers, but is not among the brokers that it names.
    return set(found.topics) if found.brokers else None
