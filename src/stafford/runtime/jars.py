"""Keeps the jars of Kafka and of Spark: downloaded once, checked against the lock at every use.

`python -m stafford.runtime.jars` resolves the roots again and rewrites the lock.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from stafford.errors import ConfigError, CorruptDownload, NotReady, StorageError
from stafford.runtime import ivy
from stafford.runtime.jar_lock import LOCK_PATH, Bundle, Coordinate, Jar, read_lock, write_lock
from stafford.runtime.java import Java, find_java

ROOTS = {
    # Kafka's jars log through SLF4J and carry no backend; without one a dying broker says nothing.
    "kafka": ("org.apache.kafka:kafka_2.13:4.2.0", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.3"),
    # Kafka's own commands, beside the jars above: for the images that stand in for Kafka's in tests/stack.
    "kafka-tools": ("org.apache.kafka:kafka-tools:4.2.0",),
    # The artifact's name carries the Spark version; delta-spark_2.13 is for another Spark.
    "spark": ("io.delta:delta-spark_4.2_2.13:4.4.0", "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0"),
}
KEPT = {
    # The rest is what the broker has already, or what Kafka Connect's test tools serve pages with.
    "kafka-tools": {"kafka-tools"},
    # Of 40 jars resolved, the pyspark wheel has the others, most of them newer, or nothing loads them:
    # delta-kernel and unitycatalog serve only Delta's V2 connector and Unity Catalog.
    "spark": {
        "commons-pool2",
        "delta-spark_4.2_2.13",
        "delta-storage",
        "kafka-clients",
        "spark-sql-kafka-0-10_2.13",
        "spark-token-provider-kafka-0-10_2.13",
    },
}


def ensure_jars(
    bundle: str,
    cache_dir: Path,
    java: Java,
    progress: Callable[[str], None],
    *,
    lock_path: Path = LOCK_PATH,
    repository: str | None = None,
    wait_s: float = 900,
) -> Path:
    """Return a directory with exactly the jars that the lock names.

    Every jar is summed at every call. A missing or damaged one is downloaded once; a jar is moved
    into place only after its sum is right, so a kill at any instant leaves nothing that looks whole.
    Concurrent callers wait for each other.

    Args:
        bundle: "kafka", "kafka-tools" or "spark".
        cache_dir: shared by every home; the jars go to jars/<bundle>-<digest> below it.
        java: runs Ivy.
        progress: is told what takes time.
        lock_path: the jar lock.
        repository: URL of a Maven repository in place of Maven Central.
        wait_s: how long to wait for another process that is downloading.

    Raises:
        ConfigError: the lock cannot be read, or names a jar that the repository does not have.
        CorruptDownload: a downloaded jar is not the locked one.
        NotReady: no network, or another process kept downloading for longer than `wait_s`.
        StorageError: the cache cannot be written.
    """
    locked = _bundle_of(bundle, lock_path)
    directory = cache_dir / "jars" / f"{bundle}-{locked.digest}"
    if _is_whole(locked, directory):
        return directory
    try:
        with _alone(directory, wait_s, progress):
            missing = [jar for jar in locked.jars if not jar.is_intact(directory)]
            if missing:
                _download(locked, missing, directory, java, progress, repository)
            _remove_strangers(locked, directory)
    except OSError as exc:
        raise StorageError(
            f"the {bundle} jars cannot be kept in {directory}: {exc}; free space or permit writing there, "
            "or set STAFFORD_CACHE_DIR to another folder"
        ) from exc
    return directory


def has_jars(bundle: str, cache_dir: Path, *, lock_path: Path = LOCK_PATH) -> bool:
    """Whether the jars are there and whole, without downloading."""
    locked = _bundle_of(bundle, lock_path)
    return _is_whole(locked, cache_dir / "jars" / f"{bundle}-{locked.digest}")


def resolve(name: str, java: Java) -> Bundle:
    """Resolve the roots of a bundle afresh and sum every jar that is kept."""
    roots = tuple(Coordinate.parse(root) for root in ROOTS[name])
    with tempfile.TemporaryDirectory() as aside:
        ivy.retrieve(roots, Path(aside), java=java, transitive=True)
        jars = tuple(
            jar
            for path in sorted(Path(aside).glob(ivy.JAR_GLOB))
            if (jar := Jar.of(Coordinate(*path.parts[-4:-1]), path)).coordinate.module
            in KEPT.get(name, {jar.coordinate.module})
        )
    return Bundle(name, roots, jars)


def _bundle_of(name: str, lock_path: Path) -> Bundle:
    bundles = read_lock(lock_path)
    if name not in bundles:
        raise ConfigError(f"the jar lock {lock_path} has no bundle {name!r}; it has {', '.join(bundles)}")
    return bundles[name]


def _is_whole(locked: Bundle, directory: Path) -> bool:
    expected = {jar.coordinate.file_name for jar in locked.jars}
    present = {path.name for path in directory.glob("*.jar")}
    return present == expected and all(jar.is_intact(directory) for jar in locked.jars)


@contextmanager
def _alone(directory: Path, wait_s: float, progress: Callable[[str], None]) -> Iterator[None]:
    directory.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(directory.with_suffix(".lock"))
    try:
        lock.acquire(timeout=0.2)
    except filelock.Timeout:
        progress(f"waiting for another process that downloads {directory.name}")
        try:
            lock.acquire(timeout=wait_s)
        except filelock.Timeout as exc:
            raise NotReady(
                f"another process has been downloading {directory.name} for {wait_s:.0f} s; "
                f"wait for it, or end it and repeat (it holds {lock.lock_file})"
            ) from exc
    try:
        yield
    finally:
        lock.release()


def _download(
    locked: Bundle,
    missing: list[Jar],
    directory: Path,
    java: Java,
    progress: Callable[[str], None],
    repository: str | None,
) -> None:
    for leftover in directory.parent.glob(f".{directory.name}-*"):
        shutil.rmtree(leftover, ignore_errors=True)  # of a call that was killed; we hold the lock
    aside = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        size_mb = sum(jar.bytes for jar in missing) / 1e6
        progress(f"downloading {len(missing)} {locked.name} jars, {size_mb:.0f} MB")
        counted = _Count(locked.name, len(missing), progress)
        wanted = [jar.coordinate for jar in missing]
        ivy.retrieve(wanted, aside, java=java, repository=repository, on_jar=counted)
        for jar in missing:
            if not jar.is_intact(ivy.folder_of(jar.coordinate, aside)):
                raise CorruptDownload(
                    f"{jar.coordinate.file_name} from the Maven repository is not the locked jar "
                    f"(expected {jar.bytes} bytes with SHA-256 {jar.sha256}); repeat, and if it stays so "
                    "ask whoever runs your network or mirror"
                )
        directory.mkdir(exist_ok=True)
        for jar in missing:
            name = jar.coordinate.file_name
            (ivy.folder_of(jar.coordinate, aside) / name).replace(directory / name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _remove_strangers(locked: Bundle, directory: Path) -> None:
    # Everything in the directory is on a class path, so a jar that nobody locked must not stay.
    expected = {jar.coordinate.file_name for jar in locked.jars}
    for path in directory.glob("*.jar"):
        if path.name not in expected:
            path.unlink()


class _Count:
    def __init__(self, name: str, total: int, progress: Callable[[str], None]) -> None:
        self._name, self._total, self._progress = name, total, progress
        self._done = 0

    def __call__(self) -> None:
        self._done += 1
        self._progress(f"{self._name} jars: {self._done} of {self._total}")


def main() -> None:
    """Rewrite the lock from a fresh resolution of every bundle."""
    java = find_java()
    bundles = {name: resolve(name, java) for name in ROOTS}
    write_lock(bundles)
    for bundle in bundles.values():
        size_mb = sum(jar.bytes for jar in bundle.jars) / 1e6
        sys.stdout.write(f"{bundle.name}: {len(bundle.jars)} jars, {size_mb:.0f} MB{os.linesep}")


if __name__ == "__main__":
    main()
