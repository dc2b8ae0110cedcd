"""What a script says whose Python has none of our packages; so nothing is imported here that needs one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needed() -> Iterator[None]:
    """Import within it what needs packages; where one is missing, a line says so and all ends with 78."""
    try:
        yield
    except ModuleNotFoundError as missing:
        sys.stderr.write(
            f"error: {missing} in {sys.executable}; install with `pip install -r requirements.txt`, or call "
            "the Python of the environment that has it\n"
        )
        sys.exit(78)
