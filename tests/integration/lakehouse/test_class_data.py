"""Spark starts from the archive of its classes, and without it as well."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from pyspark import SparkContext
from pyspark.sql import SparkSession

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


COMPILES_ONCE = "-XX:TieredStopAtLevel=1"


def test_an_ingestion_s_jvm_compiles_once(spark: SparkSession, tmp_path: Path) -> None:
    """It only plans; the session of the tests, whose batch jobs do work in it, has both compilers."""
    code = (
        "from stafford.jobs import ingest; from stafford.settings import Settings\n"
        "spark = ingest.build(Settings()).session(lambda _: None)\n"
        "print(*spark._jvm.java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments())\n"
    )
    home = {**os.environ, "STAFFORD_HOME": str(tmp_path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=home, capture_output=True, text=True, timeout=120, check=True)
    assert COMPILES_ONCE in done.stdout.split()
    beans = spark._jvm.java.lang.management.ManagementFactory  # type: ignore[union-attr]  # noqa: SLF001
    assert COMPILES_ONCE not in list(beans.getRuntimeMXBean().getInputArguments())
