"""Health of Spark's services, asked of those who know: `python -m spark_health master|worker|history|application`."""

import json
import socket
import sys
import urllib.request
from typing import Any

MASTER = "http://spark-master:8080/json/"
HISTORY = "http://127.0.0.1:18080/api/v1/applications?limit=1"
LIMIT_S = 4


def read(url: str) -> Any:
    """Fetch JSON within the limit."""
    with urllib.request.urlopen(url, timeout=LIMIT_S) as answer:  # noqa: S310  # the two addresses above
        return json.load(answer)


def is_healthy(part: str, address: str) -> bool:
    """Whether a part does its job; `address` is this container's own.

    Raises:
        OSError: whoever knows does not answer.
    """
    if part == "history":
        return isinstance(read(HISTORY), list)
    master = read(MASTER)
    if part == "master":
        return bool(master["status"] == "ALIVE")
    if part == "worker":
        return any(worker["host"] == address and worker["state"] == "ALIVE" for worker in master["workers"])
    # A driver whose executors are gone waits for new ones; it is the cores that say whether work is done.
    return any(app["state"] == "RUNNING" and app["cores"] > 0 for app in master["activeapps"])


if __name__ == "__main__":
    try:
        sys.exit(0 if is_healthy(sys.argv[1], socket.gethostbyname(socket.gethostname())) else 1)
    except OSError as exc:
        sys.exit(f"{sys.argv[1]}: {exc}")
