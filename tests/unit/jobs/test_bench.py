"""Benchmarks are programs of the repository, beside the package."""

import pytest

from stafford.errors import ConfigError
from stafford.jobs import bench


def test_a_benchmark_that_is_not_there_is_named() -> None:
    """An image or a package has none, and says so instead of a traceback."""
    with pytest.raises(ConfigError, match=r"no benchmark nothing in .*clone"):
        bench.run("nothing", [])
