"""Runs a benchmark of this repository as a program of its own."""

import os
import sys
from collections.abc import Sequence

from stafford.errors import ConfigError
from stafford.runtime import foreground
from stafford.settings import PROJECT_DIR


def run(name: str, arguments: Sequence[str]) -> int:
    """Run benchmarks/<name> with its arguments, on our own terminal; gives its exit code.

    A benchmark is not part of the package: it measures the package from outside, in processes of its own.

    Raises:
        ConfigError: this installation has no benchmarks.
    """
    if not (PROJECT_DIR / "benchmarks" / name / "__main__.py").is_file():
        raise ConfigError(
            f"there is no benchmark {name} in {PROJECT_DIR}; benchmarks come with a clone of the repository, "
            "not with an image or a package"
        )
    paths = [str(PROJECT_DIR / "src"), str(PROJECT_DIR), os.environ.get("PYTHONPATH", "")]
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
    return foreground.run(command, surroundings)
