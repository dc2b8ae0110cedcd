"""What Spark is told where it runs: on one machine, on a cluster of our own, in a cloud.

The master's URL says where, and the command whether it is a stream or a batch job. STAFFORD_SPARK_CONF wins
over all of it. `stafford ingest` without --continuous is a stream that ends: docker/compose/shop.yaml asks
there for what BATCH_ELSEWHERE says.
"""

from collections.abc import Mapping

STREAM = {
    # A stream has work every second, so its executors are never idle for long, and getting one back that was
    # taken away takes seconds in which the stream falls behind. A batch job is
    # the opposite: it gives its cores back when it is done, and nobody waits for its first task.
    "spark.dynamicAllocation.enabled": "false",
}

ON_DISKS = {
    # Spark's other way to write a checkpoint starts a process for some questions to the disk, eight times a
    # second with two streams. Both write aside and rename.
    "spark.sql.streaming.checkpointFileManagerClass": (
        "org.apache.spark.sql.execution.streaming.checkpointing.FileSystemBasedCheckpointFileManager"
    ),
}

EMBEDDED = {
    **ON_DISKS,
    # Executors are threads of the driver, and two cores want two tasks. More only cost their start.
    "spark.sql.shuffle.partitions": "2",
    # Tables are small: 50 tasks to list a snapshot cost more than the work itself.
    "spark.databricks.delta.snapshotPartitions": "1",
}

CLUSTER = {
    **STREAM,
    **ON_DISKS,
    # Two workers with two cores each, as in the Docker stack.
    "spark.sql.shuffle.partitions": "4",
    "spark.databricks.delta.snapshotPartitions": "1",
    # Records are in Python workers, beside the heap.
    "spark.executor.memory": "512m",
}

CLOUD = {
    **STREAM,
    # Streams shuffle nothing; batch jobs group months.
    "spark.sql.shuffle.partitions": "16",
    # Histories of months: listing a snapshot is work for several.
    "spark.databricks.delta.snapshotPartitions": "4",
    "spark.executor.memory": "4g",
    "spark.executor.cores": "2",
    # Machines there are taken away with a warning; what a batch job has shuffled goes to others first.
    "spark.decommission.enabled": "true",
    "spark.storage.decommission.enabled": "true",
}


BATCH = {
    # A batch job's plan lives long enough to be planned again from what its first stages measured: partitions
    # that are small are read together, and those of a hot key are split where a join meets it.
    "spark.sql.adaptive.enabled": "true",
    # More than cores, so that a year of clicks is sorted in portions that a small heap holds; those of a day
    # are read together again.
    "spark.sql.shuffle.partitions": "32",
}

BATCH_ELSEWHERE = {
    **BATCH,
    # Executors come with the tasks that wait and go when they are idle: nobody waits for the first task, and
    # the stream wants the cores back. No shuffle service runs: an executor stays while its files are needed.
    "spark.dynamicAllocation.enabled": "true",
    "spark.dynamicAllocation.shuffleTracking.enabled": "true",
    "spark.dynamicAllocation.minExecutors": "0",
    "spark.dynamicAllocation.executorIdleTimeout": "30s",
}


def batch_settings_for(master: str) -> Mapping[str, str]:
    """What a batch job is told beyond, and against, the settings of its place."""
    return BATCH if settings_for(master) is EMBEDDED else BATCH_ELSEWHERE


def settings_for(master: str) -> Mapping[str, str]:
    """The settings of the place that a master's URL names."""
    if master.startswith("local"):
        return EMBEDDED
    return CLUSTER if master.startswith("spark://") else CLOUD
