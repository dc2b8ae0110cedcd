"""What can be broken, and what an operator does about it beyond starting again what ended."""

import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from confluent_kafka import Consumer, Message, Producer

from chaos.platform import ChaosError, Platform

_LIMIT_S = 120
_REPEATED = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break a running platform.

    inject: breaks it, at a moment that the runner chose. The runner then starts what ended and waits until
    everything is in silver. recovery: in words, what was done; title: what is broken; to_marts: whether the
    verdict is about the marts, too, which are built again before it.
    """

    name: str
    title: str
    recovery: str
    inject: Callable[[Platform, Random], None]
    to_marts: bool = False


def _kill_broker(platform: Platform, _: Random) -> None:
    platform.kill_broker()
    time.sleep(2)


def _freeze_broker(platform: Platform, _: Random) -> None:
    broker = platform.find_broker()
    broker.suspend()
    try:
        time.sleep(30)
    finally:
        broker.resume()


def _kill_driver(platform: Platform, _: Random) -> None:
    platform.kill("ingestion")


def _kill_generator(platform: Platform, _: Random) -> None:
    platform.kill("generator")


def _cut_power(platform: Platform, _: Random) -> None:
    for piece in ("generator", "ingestion"):
        platform.kill(piece)
    platform.kill_broker()


def _kill_before_the_sink_commits(platform: Platform, _: Random) -> None:
    # The checkpoint names a batch before it is written: kill at the moment when a new one is named.
    _kill_when_new(platform, platform.home / "checkpoints" / "silver" / "offsets")


def _kill_before_the_checkpoint_commits(platform: Platform, _: Random) -> None:
    # The last table of a batch has the new version, and the checkpoint does not call the batch done.
    arrivals = platform.home / "lake" / "arrivals" / "_delta_log"
    _kill_when_new(platform, arrivals)
    commits = platform.home / "checkpoints" / "silver" / "commits"
    done = sorted(int(file.name) for file in commits.iterdir() if file.name.isdigit())
    named = sorted(
        int(file.name)
        for file in (platform.home / "checkpoints" / "silver" / "offsets").iterdir()
        if file.name.isdigit()
    )
    if done and done[-1] == named[-1]:  # the kill came later than the commit: then it is taken back
        for file in (commits / str(done[-1]), commits / f".{done[-1]}.crc"):
            file.unlink(missing_ok=True)


def _kill_when_new(platform: Platform, folder: Path) -> None:
    known = set(folder.iterdir())
    deadline = time.monotonic() + _LIMIT_S
    while not {file for file in set(folder.iterdir()) - known if not file.name.startswith(".")}:
        if time.monotonic() > deadline:
            raise ChaosError(f"no new file in {folder} within {_LIMIT_S} s")
        time.sleep(0.002)
    platform.kill("ingestion")


def _delete_checkpoint(platform: Platform, _: Random) -> None:
    platform.kill("ingestion")
    shutil.rmtree(platform.home / "checkpoints" / "silver")


def _corrupt_checkpoint(platform: Platform, _: Random) -> None:
    platform.kill("ingestion")
    offsets = platform.home / "checkpoints" / "silver" / "offsets"
    last = max((file for file in offsets.iterdir() if file.name.isdigit()), key=lambda file: int(file.name))
    last.write_bytes(b"\x00garbage")
    last.with_name(f".{last.name}.crc").unlink(missing_ok=True)
    done = platform.call("ingest", "--json")
    if done.returncode == 0:
        raise ChaosError("ingest read a corrupt checkpoint and said nothing")
    shutil.rmtree(platform.home / "checkpoints" / "silver")


def _restore_old_checkpoint(platform: Platform, _: Random) -> None:
    # A backup from before some batches, as after a restored disk.
    silver, backup = platform.home / "checkpoints" / "silver", platform.home / "old-checkpoint"
    platform.kill("ingestion")
    shutil.rmtree(backup, ignore_errors=True)
    shutil.copytree(silver, backup)
    platform.start_ingestion()
    platform.await_flow(300, _LIMIT_S)
    platform.kill("ingestion")
    shutil.rmtree(silver)
    backup.rename(silver)


def _start_a_second_ingestion(platform: Platform, _: Random) -> None:
    done = platform.call("ingest", "--json")
    if done.returncode == 0 or "another" not in done.stderr:
        raise ChaosError(f"a second ingestion was not refused: {done.returncode} {done.stderr[-300:]}")


def _kill_publish(platform: Platform, moments: Random) -> None:
    _kill_command(platform, "publish", moments)


def _kill_dbt(platform: Platform, moments: Random) -> None:
    platform.run("publish")
    _kill_command(platform, "build", moments)


def _kill_command(platform: Platform, command: str, moments: Random) -> None:
    """The first time to see how long it takes, the second time to end it on its way."""
    began = time.monotonic()
    platform.run(command)
    took_s = time.monotonic() - began
    platform.start(command, command)
    time.sleep(moments.uniform(0.3, 0.9) * took_s)
    if platform.is_running(command):
        platform.kill(command)


def _poison(platform: Platform, moments: Random) -> None:
    """Bytes that are nothing, without headers, among them a large one, as from another program."""
    producer = Producer({"bootstrap.servers": platform.bootstrap})
    for topic in ("clickstream", "orders"):
        for size in (0, 1, 100, 900_000):
            producer.produce(topic, moments.randbytes(size), key=b"poison")
    if producer.flush(30):
        raise ChaosError("the broker did not take the poison")


def _send_again(platform: Platform, _: Random) -> None:
    """What a producer without idempotence does: the last records of every topic once more, as they were."""
    group = f"chaos-{uuid.uuid4().hex[:8]}"
    settings = {"bootstrap.servers": platform.bootstrap, "group.id": group, "auto.offset.reset": "earliest"}
    consumer, producer = Consumer(settings), Producer({"bootstrap.servers": platform.bootstrap})
    consumer.subscribe(["orders", "payments", "clickstream"])
    repeated = 0
    try:
        while repeated < _REPEATED:
            message: Message | None = consumer.poll(20)
            if message is None:
                break
            producer.produce(message.topic(), message.value(), message.key(), headers=message.headers())
            repeated += 1
    finally:
        consumer.close()
    if not repeated or producer.flush(30):
        raise ChaosError(f"{repeated} records were read to be sent again, and the broker did not take them")


FAULTS = (
    Fault("broker-killed", "kill -9 of the broker", "start the broker", _kill_broker),
    Fault("broker-frozen", "the broker stops for 30 s (SIGSTOP)", "none", _freeze_broker),
    Fault("driver-killed", "kill -9 of the Spark driver", "start the ingestion", _kill_driver),
    Fault("generator-killed", "kill -9 of the generator", "start the generator", _kill_generator),
    Fault("power-cut", "broker, driver and generator die at once", "start all three", _cut_power),
    Fault(
        "before-sink", "the driver dies when a batch has begun, before its tables are written",
        "start the ingestion", _kill_before_the_sink_commits,
    ),
    Fault(
        "before-checkpoint", "the driver dies when tables are written, before the checkpoint says so",
        "start the ingestion", _kill_before_the_checkpoint_commits,
    ),
    Fault("checkpoint-deleted", "silver's checkpoint is gone", "start the ingestion", _delete_checkpoint),
    Fault(
        "checkpoint-corrupt", "silver's checkpoint is garbage (ingest refuses it)",
        "delete the checkpoint, start the ingestion", _corrupt_checkpoint,
    ),
    Fault(
        "checkpoint-old", "silver's checkpoint is an older one", "start the ingestion",
        _restore_old_checkpoint,
    ),
    Fault(
        "two-ingestions", "a second ingestion is started (it is refused)", "none",
        _start_a_second_ingestion,
    ),
    Fault(
        "publish-killed", "`publish` dies on its way", "publish and build again", _kill_publish, to_marts=True
    ),
    Fault("dbt-killed", "`build` (dbt) dies on its way", "build again", _kill_dbt, to_marts=True),
    Fault("poison", "eight records of random bytes, up to 900 kB, without headers", "none", _poison),
    Fault("batch-doubled", "500 records are sent once more, as they were", "none", _send_again),
)  # fmt: skip
"""In the order in which the page lists them."""
