"""Asks a broker whether it is there."""

from collections.abc import Mapping

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from stafford.transport.client import LOGGER, client_settings


def answers(bootstrap: str, config: Mapping[str, str] | None = None, timeout_s: float = 2) -> bool:
    """Tell whether a broker that takes part in its cluster answers within the bound; prints nothing.

    Args:
        bootstrap: host:port, or several with commas between.
        config: further Kafka client settings, such as security.protocol.
        timeout_s: how long to wait, in seconds.
    """
    settings = client_settings(
        {**(config or {}), "bootstrap.servers": bootstrap},
        # A broker that is just starting refuses at first: try again within the bound, not after it.
        {"reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 250},
    )
    try:
        # A broker that is still fenced answers, but is not among the brokers that it names.
        return bool(AdminClient(settings, logger=LOGGER).list_topics(timeout=timeout_s).brokers)
    except KafkaException:
        return False
