"""Ports for tests that run beside each other: each worker of pytest-xdist has a range of its own.

Two that look for the first free port at the same moment find the same one, and the second to listen fails.
"""

import os

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def own(port: int) -> int:
    """The port that this worker asks for where a test alone would ask for `port`."""
    return port + 1000 * _WORKER
