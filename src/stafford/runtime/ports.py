"""Finds ports that nobody listens on."""

import socket
import sys
from collections.abc import Collection

from stafford.errors import ConfigError

LOOPBACK = "127.0.0.1"
_TRIED = 64


def is_free(port: int) -> bool:
    """Whether nobody answers on the port and it can be bound on loopback."""
    # Both: a listener on all interfaces does not stop a bind to loopback on macOS.
    with socket.socket() as client:
        client.settimeout(0.5)
        if client.connect_ex((LOOPBACK, port)) == 0:
            return False
    with socket.socket() as server:
        if sys.platform != "win32":  # there it would permit to share a port
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def first_free(start: int, taken: Collection[int] = ()) -> int:
    """Return the first free port at or after `start` that is not among `taken`.

    Raises:
        ConfigError: none of 64 ports is free.
    """
    for port in range(start, min(start + _TRIED, 65536)):
        if port not in taken and is_free(port):
            return port
    raise ConfigError(
        f"no free port from {start} to {min(start + _TRIED, 65536) - 1}; stop what listens there, "
        "or set STAFFORD_KAFKA_PORT to another port"
    )
