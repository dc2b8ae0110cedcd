"""Spark's classes as an archive that a JVM maps (AppCDS), rather than reads and verifies at each start.

An archive is for one Java and one set of jars. A JVM goes on without one that is for others, and dies of one
that is damaged: whoever makes them sums them.
"""

import shlex
from hashlib import sha256
from pathlib import Path

import pyspark

_QUIET = ("-Xlog:disable", "-Xlog:all=warning,cds*=off:stderr")
"""Classes that cannot be archived are named on standard output, one by one, where a command's JSON goes."""


def archive_path(jars: Path, java_home: Path) -> Path:
    """Where the archive of these jars for this Java is, or would be: beside the folder of the jars."""
    release = java_home / "release"
    built = release.read_bytes() if release.exists() else b""
    name = sha256(repr((str(java_home), built, pyspark.__version__, pyspark.__file__)).encode()).hexdigest()
    return jars.with_name(f"{jars.name}-{name[:12]}.jsa")


def to_use(archive: Path) -> str:
    """What to tell a JVM that starts from an archive, as Spark takes options: nothing where there is none."""
    return shlex.join([f"-XX:SharedArchiveFile={archive}", *_QUIET]) if archive.exists() else ""


def to_make(archive: Path) -> str:
    """What to tell a JVM that writes an archive when it ends, of all classes that it had loaded by then."""
    return shlex.join([f"-XX:ArchiveClassesAtExit={archive}", *_QUIET])
