"""Makes the archive of classes that Spark starts from, once for each Java and each set of jars.

As a program it is the Spark that is watched: it does a little of all that an ingestion does, and ends.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory

import filelock
import pyarrow as pa

from stafford.contracts import load_contracts
from stafford.domain.lake import Lake
from stafford.lakehouse import queries
from stafford.lakehouse.bronze import read_kafka
from stafford.lakehouse.class_data import archive_path, place, to_make
from stafford.lakehouse.commits import append
from stafford.lakehouse.session import close_session, open_session
from stafford.lakehouse.silver.stream import start_silver
from stafford.lakehouse.tables import BRONZE, create_tables
from stafford.lakehouse.triggers import Trigger
from stafford.settings import Settings

_LIMIT_S = 300.0
_END_S = 120.0
"""A JVM takes ten seconds and more to write the archive."""
_NOBODY = {
    "bootstrap.servers": "127.0.0.1:1",
    "request.timeout.ms": "500",
    "default.api.timeout.ms": "1000",
}
"""Who knocks in vain has loaded what reads Kafka."""


def ensure_archive(jars: Path, java_home: Path, progress: Callable[[str], None]) -> None:
    """Make the archive unless it is there and whole, is being made, or could not be made once.

    Spark starts without it as well, in a few seconds more; so nothing that goes wrong here is an error.

    Args:
        jars: the locked jars.
        java_home: of the Java that runs Spark.
        progress: is told what takes half a minute.
    """
    archive = archive_path(jars, java_home)
    summed, refused = archive.with_suffix(".sha256"), archive.with_suffix(".log")
    try:
        if _is_whole(archive, summed) or refused.exists():
            return
        archive.unlink(missing_ok=True)  # a JVM that is given a damaged one dies of it
        with filelock.FileLock(archive.with_suffix(".lock"), timeout=0), _empty_folder(archive) as aside:
            progress("preparing Spark's classes, which makes each start faster (once, half a minute)")
            made = aside / archive.name
            command = [sys.executable, "-m", __name__, str(jars), str(java_home), str(made)]
            done = subprocess.run(command, capture_output=True, timeout=_LIMIT_S, check=False)
            if done.returncode == 0 and made.exists():
                summed.write_text(_sum(made), encoding="utf-8")
                made.replace(archive)
                _remove_outdated(archive, place(jars, java_home))
            else:
                refused.write_bytes(done.stderr)
                progress(f"Spark starts without prepared classes; {refused} says why")
    except (OSError, filelock.Timeout, subprocess.TimeoutExpired):
        return  # the next start tries again


def _is_whole(archive: Path, summed: Path) -> bool:
    return archive.exists() and summed.exists() and summed.read_text(encoding="utf-8") == _sum(archive)


def _sum(archive: Path) -> str:
    with archive.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _remove_outdated(archive: Path, beginning: str) -> None:
    for found in archive.parent.glob(f"{beginning}*"):
        if found.stem != archive.stem:
            with suppress(OSError):  # Windows keeps what a JVM has mapped
                found.unlink()


@contextmanager
def _empty_folder(archive: Path) -> Iterator[Path]:
    prefix = f".{archive.stem}-"
    for leftover in archive.parent.glob(f"{prefix}*"):
        shutil.rmtree(leftover, ignore_errors=True)  # of one that was killed; we hold the lock
    with TemporaryDirectory(dir=archive.parent, prefix=prefix) as folder:
        yield Path(folder)


def _train(jars: Path, java_home: Path, made: Path) -> None:
    settings = Settings()
    contracts = load_contracts(settings.contracts_dir)
    folder = made.parent
    spark = open_session(
        jars,
        folder / "spark",
        master="local[2]",
        driver_memory=settings.spark_driver_memory,
        java_home=java_home,
        conf={"spark.driver.extraJavaOptions": f"-XX:+UseParallelGC {to_make(made)}"},
    )
    lake = Lake(str(folder / "lake"))
    create_tables(lake, contracts.values())
    row = {"topic": "orders", "source": "nobody", "partition": 0, "offset": 0}
    append(lake.bronze, pa.table({name: pa.array([row.get(name)], kind) for name, kind in BRONZE.items()}))
    knocking = read_kafka(spark, _NOBODY, contracts).writeStream.format("noop")
    query = knocking.option("checkpointLocation", str(folder / "kafka")).start()
    queries.finish(start_silver(spark, lake, contracts, str(folder / "silver"), Trigger.AVAILABLE_NOW))
    query.stop()
    close_session(spark, _END_S)


if __name__ == "__main__":
    _train(*map(Path, sys.argv[1:4]))
