"""The committed list of jars: which, how large, and their SHA-256 sums.

The lock is JSON: {bundle: {"roots": [coordinate], "jars": [{"coordinate", "sha256", "bytes"}]}}, where a
coordinate is organisation:module:revision.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stafford.errors import ConfigError

LOCK_PATH = Path(__file__).resolve().parents[3] / "config" / "jars.lock.json"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Coordinate:
    """Where a jar is in a Maven repository."""

    organisation: str
    module: str
    revision: str

    @classmethod
    def parse(cls, text: str) -> "Coordinate":
        """Read organisation:module:revision."""
        organisation, module, revision = text.split(":")
        return cls(organisation, module, revision)

    def __str__(self) -> str:
        return f"{self.organisation}:{self.module}:{self.revision}"

    @property
    def file_name(self) -> str:
        """The name of the jar."""
        return f"{self.module}-{self.revision}.jar"


@dataclass(frozen=True, slots=True)
class Jar:
    """A jar that was seen once and must never change."""

    coordinate: Coordinate
    sha256: str
    bytes: int

    @classmethod
    def of(cls, coordinate: Coordinate, path: Path) -> "Jar":
        """Take the sum of a file."""
        return cls(coordinate, sha256_of(path), path.stat().st_size)

    def is_intact(self, directory: Path) -> bool:
        """Whether the directory holds this very jar."""
        path = directory / self.coordinate.file_name
        try:
            return path.stat().st_size == self.bytes and sha256_of(path) == self.sha256
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class Bundle:
    """Jars that are used together, and the roots that they were resolved from."""

    name: str
    roots: tuple[Coordinate, ...]
    jars: tuple[Jar, ...]

    @property
    def digest(self) -> str:
        """Names the directory of exactly these jars."""
        sums = "".join(sorted(jar.sha256 for jar in self.jars))
        return hashlib.sha256(sums.encode()).hexdigest()[:12]


def read_lock(path: Path = LOCK_PATH) -> dict[str, Bundle]:
    """Read every bundle of the lock, by name.

    Raises:
        ConfigError: the lock is missing, cut short or not in its format.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {name: _bundle(name, fields) for name, fields in stored.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ConfigError(
            f"the jar lock {path} cannot be read ({exc}); restore it from version control, "
            "or make it anew with `python -m stafford.runtime.jars`"
        ) from exc


def write_lock(bundles: Mapping[str, Bundle], path: Path = LOCK_PATH) -> None:
    """Write the lock, sorted, so that a change reads well in review."""
    stored = {
        name: {
            "roots": [str(root) for root in bundle.roots],
            "jars": [
                {"coordinate": str(jar.coordinate), "sha256": jar.sha256, "bytes": jar.bytes}
                for jar in sorted(bundle.jars, key=lambda jar: str(jar.coordinate))
            ],
        }
        for name, bundle in sorted(bundles.items())
    }
    path.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Sum a file, a block at a time; about 0.1 s for 100 MB."""
    summed = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            summed.update(block)
    return summed.hexdigest()


def _bundle(name: str, fields: dict[str, list[dict[str, str | int]]]) -> Bundle:
    jars = tuple(
        Jar(Coordinate.parse(str(jar["coordinate"])), str(jar["sha256"]), int(jar["bytes"]))
        for jar in fields["jars"]
    )
    return Bundle(name, tuple(Coordinate.parse(str(root)) for root in fields["roots"]), jars)
