"""Everything that can be broken here, in the order in which it is done and the page lists it."""

from functools import partial

from chaos import checkpoints, clock, crashes, disks, maintenance, records
from chaos.fault import Fault

FAULTS = (
    Fault("broker-killed", "kill -9 of the broker", "start the broker", crashes.kill_broker),
    Fault("broker-frozen", "the broker stops for 30 s (SIGSTOP)", "none", crashes.freeze_broker),
    Fault("driver-killed", "kill -9 of the Spark driver", "start the ingestion", crashes.kill_driver),
    Fault("generator-killed", "kill -9 of the generator", "start the generator", crashes.kill_generator),
    Fault("power-cut", "broker, driver and generator die at once", "start all three", crashes.cut_power),
    Fault(
        "bronze-before-sink", "the driver dies when a batch of bronze has begun, before it is written",
        "start the ingestion", partial(crashes.kill_before_the_sink_commits, query="bronze"),
    ),
    Fault(
        "bronze-before-checkpoint", "the driver dies when bronze is written, before the checkpoint says so",
        "start the ingestion", partial(crashes.kill_before_the_checkpoint_commits, query="bronze"),
    ),
    Fault(
        "before-sink", "the driver dies when a batch of silver has begun, before its tables are written",
        "start the ingestion", partial(crashes.kill_before_the_sink_commits, query="silver"),
    ),
    Fault(
        "before-checkpoint",
        "the driver dies when silver's tables are written, before the checkpoint says so",
        "start the ingestion", partial(crashes.kill_before_the_checkpoint_commits, query="silver"),
    ),
    Fault(
        "checkpoint-deleted", "the checkpoints of bronze and silver are gone", "start the ingestion",
        checkpoints.delete,
    ),
    Fault(
        "checkpoint-corrupt", "silver's checkpoint is garbage (`ingest` refuses it)",
        "delete the checkpoint, start the ingestion", checkpoints.corrupt, checkpoints.remove_silver,
    ),
    Fault(
        "checkpoint-old", "the checkpoints of bronze and silver are older ones", "start the ingestion",
        checkpoints.restore_old,
    ),
    Fault(
        "two-ingestions", "a second ingestion is started (it is refused)", "none",
        crashes.start_a_second_ingestion,
    ),
    Fault("poison", "eight records of random bytes, up to 900 kB, without headers", "none", records.poison),
    Fault("batch-doubled", "500 records are sent once more, as they were", "none", records.send_again),
    Fault(
        "maintenance", "`maintain compact` and `vacuum` run beside the ingestion", "none",
        maintenance.maintain,
    ),
    Fault(
        "spool-full", "the broker dies, and the spool's disk is full (the stream waits)", "start the broker",
        disks.fill_spool, find_obstacle=disks.find_obstacle,
    ),
    Fault(
        "broker-full", "the broker's disk is full (it ends by itself)", "more disk, start the broker",
        disks.fill_broker, disks.enlarge_broker, find_obstacle=disks.find_obstacle,
    ),
    Fault(
        "lake-full", "the lake's disk is full (`ingest` ends with 74)", "more disk, start the ingestion",
        disks.fill_lake, disks.enlarge_lake, find_obstacle=disks.find_obstacle,
    ),
    Fault(
        "publish-killed", "`publish` dies on its way", "publish and build again", crashes.kill_publish,
        to_marts=True,
    ),
    Fault("dbt-killed", "`build` (dbt) dies on its way", "build again", crashes.kill_dbt, to_marts=True),
    Fault(
        "clock-back", "the clock of all pieces jumps back by a minute, and stays", "none", clock.turn_back,
        find_obstacle=clock.find_obstacle,
    ),
    # Last, because what it deletes is missing in every verdict after it.
    Fault(
        "retention-overrun", "records are deleted in Kafka before bronze read them",
        "`ingest --accept-loss`, start the ingestion", records.overrun, records.accept_the_loss,
    ),
)  # fmt: skip
