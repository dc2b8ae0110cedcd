"""Jars: locked, verified, repaired; with the real Ivy against a Maven repository in a folder."""

import threading
from pathlib import Path

import filelock
import pytest

from stafford.errors import ConfigError, CorruptDownload, NotReady
from stafford.runtime.jar_lock import LOCK_PATH, Bundle, Coordinate, Jar, read_lock, write_lock
from stafford.runtime.jars import ensure_jars, has_jars
from stafford.runtime.java import Java

FRUIT = ("org.fruit:apple:1.0", "org.fruit:pear_2.13:2.0-3")


class Shelf:
    """A Maven repository in a folder, a lock for it, and a cache."""

    def __init__(self, root: Path, java: Java) -> None:
        """Publish and lock two jars."""
        self.root, self.cache, self.lock = root / "repository", root / "cache", root / "jars.lock.json"
        self.java = java
        self.said: list[str] = []
        jars = []
        for text in FRUIT:
            coordinate = Coordinate.parse(text)
            path = self.path_of(coordinate)
            path.parent.mkdir(parents=True)
            path.write_bytes(b"PK jar of " + text.encode())
            jars.append(Jar.of(coordinate, path))
        self.bundle = Bundle("fruit", (Coordinate.parse(FRUIT[0]),), tuple(jars))
        write_lock({"fruit": self.bundle}, self.lock)

    def path_of(self, jar: Coordinate) -> Path:
        """Where the repository keeps a jar."""
        folder = self.root / jar.organisation.replace(".", "/") / jar.module / jar.revision
        return folder / jar.file_name

    def ensure(self, **options: float) -> Path:
        """Make sure of the two jars."""
        return ensure_jars(
            "fruit",
            self.cache,
            self.java,
            self.said.append,
            lock_path=self.lock,
            repository=self.root.as_uri(),
            **options,
        )


@pytest.fixture
def shelf(tmp_path: Path, java: Java) -> Shelf:
    """Two jars that can be had without a network."""
    return Shelf(tmp_path, java)


def names(directory: Path) -> set[str]:
    """The jars in a directory."""
    return {path.name for path in directory.glob("*.jar")}


def test_exactly_the_locked_jars_arrive(shelf: Shelf) -> None:
    """The first call downloads both and leaves nothing else behind; the second downloads nothing."""
    directory = shelf.ensure()
    assert names(directory) == {"apple-1.0.jar", "pear_2.13-2.0-3.jar"}
    assert {path.name for path in directory.parent.iterdir() if path.is_dir()} == {directory.name}
    assert "fruit jars: 2 of 2" in shelf.said
    shelf.said.clear()
    assert shelf.ensure() == directory
    assert shelf.said == []


def test_damaged_jar_is_found_and_downloaded_again(shelf: Shelf) -> None:
    """One flipped byte, with the size unchanged, is noticed, and only that jar is downloaded."""
    damaged = shelf.ensure() / "apple-1.0.jar"
    whole = damaged.read_bytes()
    damaged.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    assert not has_jars("fruit", shelf.cache, lock_path=shelf.lock)
    shelf.said.clear()
    shelf.ensure()
    assert damaged.read_bytes() == whole
    assert shelf.said[-1] == "fruit jars: 1 of 1"


def test_missing_jar_is_downloaded_again(shelf: Shelf) -> None:
    """A deleted jar comes back."""
    (shelf.ensure() / "apple-1.0.jar").unlink()
    assert len(names(shelf.ensure())) == 2


def test_unlocked_jar_does_not_stay_on_the_class_path(shelf: Shelf) -> None:
    """A jar that the lock does not name is removed from the directory."""
    directory = shelf.ensure()
    (directory / "stranger-9.jar").write_bytes(b"PK")
    assert "stranger-9.jar" not in names(shelf.ensure())


def test_wrong_jar_in_the_repository_is_refused(shelf: Shelf) -> None:
    """A repository that serves other bytes is named, and nothing of it is kept."""
    shelf.path_of(Coordinate.parse(FRUIT[1])).write_bytes(b"PK something else")
    with pytest.raises(CorruptDownload, match=r"pear_2\.13-2\.0-3\.jar"):
        shelf.ensure()
    assert not has_jars("fruit", shelf.cache, lock_path=shelf.lock)
    assert list(shelf.cache.glob("**/*.jar")) == []


def test_leftovers_of_a_killed_download_do_no_harm(shelf: Shelf) -> None:
    """A half-filled directory and an abandoned download become whole and clean."""
    directory = shelf.cache / "jars" / f"fruit-{shelf.bundle.digest}"
    directory.mkdir(parents=True)
    (directory / "apple-1.0.jar").write_bytes(b"PK ja")
    abandoned = directory.parent / f".{directory.name}-killed"
    abandoned.mkdir()
    assert shelf.ensure() == directory
    assert has_jars("fruit", shelf.cache, lock_path=shelf.lock)
    assert not abandoned.exists()


def test_jar_that_the_repository_lacks_is_named(shelf: Shelf) -> None:
    """A coordinate that does not exist is the lock's fault, not the network's."""
    shelf.path_of(Coordinate.parse(FRUIT[0])).unlink()
    with pytest.raises(ConfigError, match=r"org\.fruit#apple"):
        shelf.ensure()


def test_no_network_is_said_clearly(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Maven Central out of reach the error may be retried and names the way through a proxy."""
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=9")
    with pytest.raises(NotReady, match=r"did not answer.*Connection refused.*proxy"):
        ensure_jars("fruit", shelf.cache, shelf.java, print, lock_path=shelf.lock)


def test_second_caller_waits_for_the_first(shelf: Shelf) -> None:
    """While another holds the lock a caller waits, says so, and then finds the jars."""
    lock = filelock.FileLock(shelf.cache / "jars" / f"fruit-{shelf.bundle.digest}.lock", thread_local=False)
    (shelf.cache / "jars").mkdir(parents=True)
    lock.acquire()
    threading.Timer(0.5, lock.release).start()
    assert len(names(shelf.ensure())) == 2
    assert shelf.said[0].startswith("waiting for another process")


def test_waiting_has_a_bound(shelf: Shelf) -> None:
    """A caller does not wait for ever."""
    (shelf.cache / "jars").mkdir(parents=True)
    lock_file = shelf.cache / "jars" / f"fruit-{shelf.bundle.digest}.lock"
    with filelock.FileLock(lock_file), pytest.raises(NotReady, match="another process"):
        shelf.ensure(wait_s=0.1)


@pytest.mark.parametrize("content", ["", '{"fruit": {"roots": ["a:b', '{"fruit": {}}', "[]", '{"fruit": 1}'])
def test_truncated_lock_is_said_clearly(tmp_path: Path, java: Java, content: str) -> None:
    """A lock that is cut short stops everything, before any download."""
    lock = tmp_path / "jars.lock.json"
    lock.write_text(content)
    with pytest.raises(ConfigError, match="cannot be read"):
        ensure_jars("fruit", tmp_path, java, print, lock_path=lock)


def test_unknown_bundle_is_said_clearly(shelf: Shelf) -> None:
    """A bundle that the lock does not have is named with those that it has."""
    with pytest.raises(ConfigError, match="no bundle 'vegetables'; it has fruit"):
        ensure_jars("vegetables", shelf.cache, shelf.java, print, lock_path=shelf.lock)


def test_committed_lock_survives_a_round_trip(tmp_path: Path) -> None:
    """What is committed is what `write_lock` writes, so a new lock shows only real changes."""
    write_lock(read_lock(), tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == LOCK_PATH.read_text(encoding="utf-8")


def test_committed_lock_names_the_versions_seen_working() -> None:
    """Kafka's jars log somewhere, and Spark's carry the Spark version in Delta's name."""
    bundles = read_lock()
    kafka = {str(jar.coordinate) for jar in bundles["kafka"].jars}
    spark = {str(jar.coordinate) for jar in bundles["spark"].jars}
    assert {"org.apache.kafka:kafka_2.13:4.2.0", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.3"} <= kafka
    assert {"io.delta:delta-spark_4.2_2.13:4.4.0", "io.delta:delta-storage:4.4.0"} <= spark
