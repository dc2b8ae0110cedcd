"""Where Prometheus asks for the numbers: HTTP on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from stafford.errors import ConfigError

LOOPBACK = "127.0.0.1"

SILENCE_S = 5.0
"""How long a client may say nothing before it is hung up on."""


class _Server(ThreadingMixIn, WSGIServer):
    # Prometheus' own lets its threads go. Ours are waited for at the end: one may be reading tables, and a
    # process that ends under it hangs or crashes in what Arrow tears down.
    daemon_threads = False


class _Handler(WSGIRequestHandler):
    timeout = SILENCE_S

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing of each request."""


@contextmanager
def serving(registry: CollectorRegistry, port: int) -> Iterator[int]:
    """Answer GET /metrics on loopback for as long as the `with` lasts; gives the port.

    Who asked before the end gets an answer.

    Args:
        registry: what is shown.
        port: 0 for any that is free.

    Raises:
        ConfigError: the port is taken, or not permitted.
    """
    try:
        server = make_server(LOOPBACK, port, make_wsgi_app(registry), _Server, _Handler)
    except OSError as exc:
        raise ConfigError(
            f"metrics cannot be shown on {LOOPBACK}:{port}: {exc.strerror}; choose another port"
        ) from exc
    thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
