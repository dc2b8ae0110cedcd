"""Where Prometheus asks for the numbers: HTTP on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server

from stafford.errors import ConfigError

LOOPBACK = "127.0.0.1"


@contextmanager
def serving(registry: CollectorRegistry, port: int) -> Iterator[int]:
    """Answer GET /metrics on loopback for as long as the `with` lasts; gives the port.

    Args:
        registry: what is shown.
        port: 0 for any that is free.

    Raises:
        ConfigError: the port is taken, or not permitted.
    """
    try:
        server, thread = start_http_server(port, addr=LOOPBACK, registry=registry)
    except OSError as exc:
        raise ConfigError(
            f"metrics cannot be shown on {LOOPBACK}:{port}: {exc.strerror}; choose another port"
        ) from exc
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
