"""Health of Spark's services, asked of those who know.

python -m spark_health master|worker|history|application
"""

import json
import os
import socket
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

MASTER = "http://spark-master:8080/json/"
HISTORY = "http://127.0.0.1:18080/api/v1/applications?limit=1"
LIMIT_S = 4
STUCK_S = 300
"""A micro-batch that was planned this long ago and is not committed: nobody works on it."""


def read(url: str) -> Any:
    """Fetch JSON within the limit."""
    with urllib.request.urlopen(url, timeout=LIMIT_S) as answer:  # noqa: S310  # the two addresses above
        return json.load(answer)


def is_moving(query: Path, now: float) -> bool:
    """Whether a streaming query has committed what it planned, or planned it just now.

    Args:
        query: its checkpoint, which has one file for each planned and one for each committed batch.
        now: seconds since the epoch.
    """
    planned = [file for file in (query / "offsets").glob("[0-9]*") if file.name.isdigit()]
    committed = {file.name for file in (query / "commits").glob("[0-9]*")}
    return all(file.name in committed or now - file.stat().st_mtime < STUCK_S for file in planned)


def is_healthy(part: str, name: str) -> bool:
    """Whether a part does its job; `name` is that of the worker or the application in this container.

    Raises:
        OSError: whoever knows does not answer.
    """
    if part == "history":
        return isinstance(read(HISTORY), list)
    master = read(MASTER)
    if part == "master":
        return bool(master["status"] == "ALIVE")
    if part == "worker":
        return any(worker["host"] == name and worker["state"] == "ALIVE" for worker in master["workers"])
    # The master still lists an application whose tasks fail over and over, so the checkpoints have a say.
    checkpoints = Path(os.environ["STAFFORD_HOME"]) / "checkpoints"
    queries = [checkpoints / query for query in ("bronze", "silver")]
    runs = any(
        app["name"] == name and app["state"] == "RUNNING" and app["cores"] > 0 for app in master["activeapps"]
    )
    return runs and all(query.is_dir() and is_moving(query, time.time()) for query in queries)


if __name__ == "__main__":
    try:
        name = os.environ.get("SPARK_LOCAL_HOSTNAME", socket.gethostname())
        sys.exit(0 if is_healthy(sys.argv[1], name) else 1)
    except OSError as exc:
        sys.exit(f"{sys.argv[1]}: {exc}")
