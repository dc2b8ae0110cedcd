"""Spark starts from the archive of its classes, and without it as well."""

import shlex
import subprocess
from pathlib import Path

import psutil
import pytest
from pyspark import SparkContext

from stafford.lakehouse.class_data import archive_path, to_use
from stafford.runtime.java import Java

CAN_ASK = pytest.mark.skipif(
    not hasattr(psutil.Process, "memory_maps"), reason="this system does not say what a process has mapped"
)


@CAN_ASK
@pytest.mark.usefixtures("spark")
def test_spark_maps_the_archive(spark_jars: Path, java: Java) -> None:
    """The JVM of a session has the archive in its memory; the negative control asks for another file."""
    assert java.home is not None
    archive = archive_path(spark_jars, java.home)
    process = psutil.Process(SparkContext._gateway.proc.pid)  # type: ignore[union-attr]  # noqa: SLF001
    mapped = {Path(region.path).name for region in process.memory_maps()}
    assert archive.name in mapped
    assert archive_path(spark_jars, java.home / "another").name not in mapped


def test_a_jvm_goes_on_without_an_archive_of_other_jars(spark_jars: Path, java: Java, tmp_path: Path) -> None:
    """It costs time, and says nothing where a command's own output goes."""
    assert java.home is not None
    options = shlex.split(to_use(archive_path(spark_jars, java.home)))
    command = [str(java.executable), *options, "-cp", str(tmp_path), "-version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert options
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "version" in done.stderr


def test_nothing_is_asked_for_where_there_is_no_archive(tmp_path: Path) -> None:
    """A file that is not there would be an error of the JVM."""
    assert to_use(tmp_path / "none.jsa") == ""
