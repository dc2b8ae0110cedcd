"""What Spark is told where it runs: on one machine, on a cluster of our own, in a cloud.

The master's URL says where. STAFFORD_SPARK_CONF wins over all of it; there a batch job on a cluster asks for
dynamic allocation, as docker/compose/shop.yaml does.
"""

from collections.abc import Mapping

STREAM = {
    # A stream has work every second, so its executors are never idle for long, and getting one back that was
    # taken away takes seconds in which the stream falls behind. A batch job is
    # the opposite: it gives its cores back when it is done, and nobody waits for its first task.
    "spark.dynamicAllocation.enabled": "false",
}

EMBEDDED = {
    # Executors are threads of the driver, and two cores want two tasks. More only cost their start.
    "spark.sql.shuffle.partitions": "2",
    # Tables are small: 50 tasks to list a snapshot cost more than the work itself.
    "spark.databricks.delta.snapshotPartitions": "1",
}

CLUSTER = {
    **STREAM,
    # Two workers with two cores each, as in the Docker stack.
    "spark.sql.shuffle.partitions": "4",
    "spark.databricks.delta.snapshotPartitions": "1",
    # Rows go through Python workers beside the heap, ten thousand at a time.
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


def settings_for(master: str) -> Mapping[str, str]:
    """The settings of the place that a master's URL names."""
    if master.startswith("local"):
        return EMBEDDED
    return CLUSTER if master.startswith("spark://") else CLOUD
