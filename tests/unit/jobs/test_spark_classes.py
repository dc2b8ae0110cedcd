"""The archive of classes is made once, and nothing waits for it or fails with it."""

import os
import subprocess
from hashlib import sha256
from pathlib import Path

import filelock
import pytest

from stafford.jobs.spark_classes import ensure_archive
from stafford.lakehouse.class_data import archive_path


@pytest.fixture
def jars(tmp_path: Path) -> Path:
    """A folder of no jars."""
    folder = tmp_path / "spark-0"
    folder.mkdir()
    return folder


def test_a_java_that_cannot_make_one_is_asked_once(jars: Path, tmp_path: Path) -> None:
    """What it said is kept, and the next start does not try again."""
    said: list[str] = []
    no_java = tmp_path / "no-java"
    ensure_archive(jars, no_java, said.append)
    refused = archive_path(jars, no_java).with_suffix(".log")
    assert len(said) == 2
    assert str(refused) in said[1]
    assert "Spark did not start" in refused.read_text(encoding="utf-8")
    assert not list(tmp_path.glob(".spark-0-*"))
    ensure_archive(jars, no_java, said.append)
    assert len(said) == 2


def test_one_that_is_there_is_left_alone(jars: Path, tmp_path: Path) -> None:
    """The usual case says nothing and starts nothing."""
    archive = archive_path(jars, tmp_path)
    archive.write_bytes(b"an archive")
    archive.with_suffix(".sha256").write_text(sha256(b"an archive").hexdigest(), encoding="utf-8")
    ensure_archive(jars, tmp_path, pytest.fail)
    assert archive.read_bytes() == b"an archive"


def test_a_damaged_one_is_made_anew(jars: Path, tmp_path: Path) -> None:
    """A JVM that is given a cut archive does not start."""
    archive = archive_path(jars, tmp_path)
    archive.write_bytes(b"an arch")
    archive.with_suffix(".sha256").write_text(sha256(b"an archive").hexdigest(), encoding="utf-8")
    said: list[str] = []
    ensure_archive(jars, tmp_path, said.append)
    assert "preparing" in said[0]
    assert not archive.exists()


def test_nobody_waits_while_another_makes_it(jars: Path, tmp_path: Path) -> None:
    """A start that comes meanwhile goes without."""
    archive = archive_path(jars, tmp_path)
    with filelock.FileLock(archive.with_suffix(".lock")):
        ensure_archive(jars, tmp_path, pytest.fail)
    assert not archive.exists()


def test_a_cache_that_cannot_be_written_is_no_error(jars: Path, tmp_path: Path) -> None:
    """Containers have their jars in an image."""
    archive_path(jars, tmp_path).with_suffix(".lock").mkdir()
    ensure_archive(jars, tmp_path, pytest.fail)


def test_another_java_has_another_archive(jars: Path, tmp_path: Path) -> None:
    """So has the same Java after an upgrade."""
    first = archive_path(jars, tmp_path)
    assert archive_path(jars, tmp_path / "other") != first
    (tmp_path / "release").write_text('JAVA_VERSION="17.0.18"', encoding="utf-8")
    assert archive_path(jars, tmp_path) != first


def test_jars_that_are_installed_anew_have_another_archive(jars: Path, tmp_path: Path) -> None:
    """A JVM goes without one whose jars have other times than those on the disk, and says nothing."""
    jar = jars / "a.jar"
    jar.write_bytes(b"a jar")
    os.utime(jar, (1_000, 1_000))
    first = archive_path(jars, tmp_path)
    assert archive_path(jars, tmp_path) == first
    os.utime(jar, (2_000, 2_000))
    assert archive_path(jars, tmp_path) != first


def test_the_archive_of_the_jars_before_is_removed(
    jars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has 190 MB; that of another Java stays."""
    before, other = archive_path(jars, tmp_path), archive_path(jars, tmp_path / "other")
    for archive in (before, other):
        archive.write_bytes(b"an archive")
    (jars / "new.jar").write_bytes(b"a jar")

    def make(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        Path(command[-1]).write_bytes(b"an archive")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", make)  # Spark, which takes half a minute
    ensure_archive(jars, tmp_path, lambda _: None)
    assert archive_path(jars, tmp_path).exists()
    assert not before.exists()
    assert other.exists()
