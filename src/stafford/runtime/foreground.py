"""Runs a program on our own terminal, to its own end."""

import subprocess
from collections.abc import Mapping, Sequence


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Run a program and give its exit code.

    Ctrl-C reaches it as it reaches us; we wait until it has ended in good order, as long as that takes. When
    we are told to end, it is told too.

    Args:
        command: program and arguments.
        environment: all of its variables; ours without it.
    """
    with subprocess.Popen(command, env=environment) as process:
        try:
            while True:
                try:
                    return process.wait()
                except KeyboardInterrupt:
                    # subprocess.run would kill it a quarter of a second later, with what it has started.
                    continue
        except BaseException:
            process.terminate()
            raise
