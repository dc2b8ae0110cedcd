"""One Spark session, with every setting explained."""

import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired

from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkRuntimeError
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from stafford.errors import ConfigError
from stafford.lakehouse.class_data import archive_path, to_use
from stafford.lakehouse.places import settings_for

LOG = "spark.log"

SETTINGS = {
    # Of every place; what differs between places is in places.py.
    # Timestamps on the wire are UTC; a laptop's time zone must not leak into a cast.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    # Micro-batches are too short for re-planning to pay.
    "spark.sql.adaptive.enabled": "false",
    # None of our streams keeps state: what was judged is a table (ADR 33). One that is added, as a window is,
    # has it on disk beside the heap, and each batch writes what changed rather than all of it.
    "spark.sql.streaming.stateStore.providerClass": (
        "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
    ),
    "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled": "true",
    # Half the size of snappy at about the same speed.
    "spark.sql.parquet.compression.codec": "zstd",
    # Nobody looks at the web page of a run that lasts a minute, and it would bind a port.
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.streaming.metricsEnabled": "false",
    # Progress bars on stderr would tear the live view.
    "spark.ui.showConsoleProgress": "false",
}


_UNHEARD = logging.NullHandler()
"""Py4J tells the root logger, with a traceback on standard error, what it raises all the same: a JVM that
ends while a person presses Ctrl-C would fill the screen."""


def open_session(
    jars: Path,
    scratch: Path,
    *,
    master: str,
    driver_memory: str,
    java_home: Path | None,
    only_plans: bool = False,
    conf: Mapping[str, str] | None = None,
) -> SparkSession:
    """Start Spark in this process, or return the session that already runs.

    Args:
        jars: folder with the Delta and Kafka connectors.
        scratch: folder for shuffle files and Spark's own warehouse; made when missing.
        master: Spark master URL, such as "local[2]".
        driver_memory: heap of the driver, such as "1g".
        java_home: the JDK to run on; None leaves it to the PATH.
        only_plans: no record passes this JVM, it only plans and shares out, as for our streams: what it uses
            often is compiled fast, and not once more to be fast (ADR 42).
        conf: Spark settings of this environment, such as the driver's address in a cluster; they win over
            ours.

    Raises:
        ConfigError: the JVM did not start.
    """
    logging.getLogger().addHandler(_UNHEARD)
    if SparkContext._active_spark_context is not None:  # noqa: SLF001  # there is no public way to ask
        return SparkSession.builder.getOrCreate()
    scratch.mkdir(parents=True, exist_ok=True)
    # Workers would otherwise start with the system's python, which has none of our packages.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    if java_home is not None:
        os.environ["JAVA_HOME"] = str(java_home)
    prepared = "" if java_home is None else to_use(archive_path(jars, java_home))
    compiler = "-XX:TieredStopAtLevel=1" if only_plans else ""
    settings = SETTINGS | {
        **settings_for(master),
        "spark.app.name": "stafford",
        "spark.master": master,
        "spark.driver.memory": driver_memory,
        "spark.driver.extraClassPath": str(jars / "*"),
        # Executors in processes of their own find the jars at the same path: they run in the same image.
        "spark.executor.extraClassPath": str(jars / "*"),
        # Two cores and a small heap: the parallel collector wastes the least of both.
        "spark.driver.extraJavaOptions": (
            f"-Dderby.system.home={scratch} -XX:+UseParallelGC {compiler} {prepared}"
        ),
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": str(scratch / "spark-warehouse"),
        **(conf or {}),
    }
    os.environ["SPARK_LOCAL_IP"] = settings["spark.driver.bindAddress"]
    spark_conf = SparkConf(loadDefaults=False).setAll(list(settings.items()))
    try:
        # What the JVM says would tear the live view; a person finds it in the log.
        with (scratch / LOG).open("ab") as log:
            gateway = launch_gateway(spark_conf, popen_kwargs={"stderr": log})  # type: ignore[no-untyped-call]
        context = SparkContext(conf=spark_conf, gateway=gateway)
    except (PySparkRuntimeError, Py4JError, OSError) as exc:
        raise ConfigError(
            f"Spark did not start on {master}: {exc}. Its log is {scratch / LOG}; run `stafford doctor`."
        ) from exc
    context.setLogLevel("ERROR")
    return SparkSession(context)


def close_session(spark: SparkSession, wait_s: float = 20) -> None:
    """Stop Spark and end its JVM, which would otherwise outlive its last query by a moment.

    One that is gone already, or was interrupted while it stopped, is no error.

    Args:
        spark: what `open_session` gave.
        wait_s: how long the JVM may take before it is killed: what it left undone is done at the next start.
    """
    process = SparkContext._gateway.proc  # type: ignore[union-attr]  # noqa: SLF001  # there is no public way
    with suppress(Py4JError, OSError):
        spark.stop()
    process.stdin.close()  # the JVM ends with the pipe
    try:
        process.wait(wait_s)
    except TimeoutExpired:
        process.kill()
        process.wait()
    SparkContext._gateway = SparkContext._jvm = None  # noqa: SLF001  # the next session has a JVM of its own
