"""Spark's classes as an archive that a JVM maps (AppCDS), rather than reads and verifies at each start.

An archive is for one Java and one set of jars. A JVM goes on without one that is for others, and dies of one
that is damaged: whoever makes them sums them.
"""

import os
import shlex
from hashlib import sha256
from pathlib import Path

import pyspark

_QUIET = ("-Xlog:disable", "-Xlog:all=warning,cds*=off:stderr")
"""Classes that cannot be archived are named on standard output, one by one, where a command's JSON goes."""


def archive_path(jars: Path, java_home: Path) -> Path:
    """Where the archive of these jars for this Java is, or would be: beside the folder of the jars.

    Jars that were installed anew are others, though their bytes are the same: a JVM compares their times and
    sizes with those of the archive, and their order in the folder, and goes without at the first difference.
    """
    release = java_home / "release"
    built = release.read_bytes() if release.exists() else b""
    ours = Path(pyspark.__file__).with_name("jars")
    return jars.with_name(f"{place(jars, java_home)}{_digest(built, _seen(ours), _seen(jars))}.jsa")


def place(jars: Path, java_home: Path) -> str:
    """How the names of all archives begin that were ever made for these folders."""
    return f"{jars.name}-{_digest(str(java_home), pyspark.__file__)}-"


def _seen(folder: Path) -> list[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        return [(entry.name, entry.stat().st_size, int(entry.stat().st_mtime)) for entry in entries]


def _digest(*parts: object) -> str:
    return sha256(repr(parts).encode()).hexdigest()[:8]


def to_use(archive: Path) -> str:
    """What to tell a JVM that starts from an archive, as Spark takes options: nothing where there is none."""
    return shlex.join([f"-XX:SharedArchiveFile={archive}", *_QUIET]) if archive.exists() else ""


def to_make(archive: Path) -> str:
    """What to tell a JVM that writes an archive when it ends, of all classes that it had loaded by then."""
    return shlex.join([f"-XX:ArchiveClassesAtExit={archive}", *_QUIET])
