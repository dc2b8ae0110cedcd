"""What Spark makes of the version checksum files that stand beside bronze's commits."""

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.slow]


def open_anew(spark: SparkSession, uri: str, group: str):
    """A snapshot as of a process that has just started, its metadata, and by how many jobs that came."""
    delta = spark._jvm.org.apache.spark.sql.delta.DeltaLog  # noqa: SLF001  # it has no Python of its own
    delta.clearCache()
    spark.sparkContext.setJobGroup(group, group)
    snapshot = delta.forTable(spark._jsparkSession, uri).unsafeVolatileSnapshot()  # noqa: SLF001
    metadata = [json.loads(said.json()) for said in (snapshot.metadata(), snapshot.protocol())]
    return snapshot, metadata, len(spark.sparkContext.statusTracker().getJobIdsForGroup(group))


def test_spark_asks_the_file_and_not_the_log(small_lake):
    """Control: without the file it needs a job, and learns the same."""
    for number in range(3):
        small_lake.land("orders", small_lake.body("orders", number))
    spark, bronze = small_lake.spark, small_lake.lake.bronze
    snapshot, said, jobs = open_anew(spark, bronze, "with")
    assert jobs == 0
    # Delta compares what the file says with what the log says, and raises where they differ.
    assert snapshot.validateChecksum(getattr(snapshot, "validateChecksum$default$1")())
    (newest,) = sorted((Path(bronze) / "_delta_log").glob("*.crc"))[-1:]
    newest.unlink()
    _, read, jobs = open_anew(spark, bronze, "without")
    assert jobs > 0
    assert said == read
