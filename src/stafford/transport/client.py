"""Kafka client settings that every client of ours shares, and where librdkafka's log goes."""

import logging
from collections.abc import Mapping
from typing import Any

from stafford.errors import ConfigError

# librdkafka writes to stderr unless it is given a logger; a library's logger stays silent until the
# application adds a handler.
LOGGER = logging.getLogger("stafford.transport.librdkafka")
LOGGER.addHandler(logging.NullHandler())
LOGGER.propagate = False


def client_settings(
    config: Mapping[str, str], defaults: Mapping[str, object], required: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """Lay the caller's client settings over our defaults, under what our promise rests on.

    Raises:
        ConfigError: bootstrap.servers is missing, or a setting would break the delivery guarantee.
    """
    if not config.get("bootstrap.servers"):
        raise ConfigError(
            "the Kafka settings have no bootstrap.servers; set STAFFORD_KAFKA to JSON such as "
            '{"bootstrap.servers": "127.0.0.1:9092"}'
        )
    needed = required or {}
    for name, value in needed.items():
        if str(config.get(name, value)).lower() != str(value).lower():
            raise ConfigError(
                f"Kafka setting {name}={config[name]} would break the delivery guarantee, which needs "
                f"{name}={value}; remove it"
            )
    return {**defaults, **config, **needed}
