"""Looks at the consumer groups of a broker, and moves them."""

from collections.abc import Mapping
from datetime import UTC, datetime

from stafford.jobs.kafka_client import find_kafka
from stafford.settings import Settings
from stafford.transport.groups import Groups


def build(settings: Settings, *, kafka: Mapping[str, str] | None = None, timeout_s: float = 15) -> Groups:
    """Wire the groups to the broker.

    Args:
        settings: which broker.
        kafka: Kafka client settings, in place of those that the settings name.
        timeout_s: bound of each call to the broker, in seconds.

    Raises:
        TransportUnavailable: no embedded broker runs and the settings name no other.
    """
    return Groups(kafka or find_kafka(settings), lambda: datetime.now(UTC), timeout_s)
