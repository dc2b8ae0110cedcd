"""Where Prometheus asks for the numbers: HTTP on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from stafford.errors import ConfigError
from stafford.observability.metrics import CONTENT_TYPE, Metrics

LOOPBACK = "127.0.0.1"
PATH = "/metrics"


@contextmanager
def serving(metrics: Metrics, port: int) -> Iterator[int]:
    """Answer GET /metrics on loopback for as long as the `with` lasts; gives the port.

    Args:
        metrics: what is shown.
        port: 0 for any that is free.

    Raises:
        ConfigError: the port is taken, or not permitted.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that the base class looks for
            if self.path != PATH:
                self.send_error(HTTPStatus.NOT_FOUND, f"ask for {PATH}")
                return
            body = metrics.render().encode()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: a line for each question would tear the view."""

    try:
        server = ThreadingHTTPServer((LOOPBACK, port), Handler)
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
