"""The folder of a run: free, in the making, or whole.

While a run is written its folder is called <folder>.partial, and holds run.json (what run it is) and
worker-<n>.json (how many parts a worker has completed). The manifest is written when every part is there and
nothing but the name is missing; the folder's own name is given last.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
from deltalake import convert_to_deltalake

from stafford.errors import ConfigError, HomeInUse
from stafford.generator.files import Format, Part
from stafford.generator.layout import LAYOUTS
from stafford.generator.storage import storage_errors

MANIFEST = "manifest.json"
_DESCRIPTION = "run.json"


class RunFolder:
    """The one place where this room writes."""

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        """Name the folder; nothing is touched. identity: what makes this run this run, as JSON holds it."""
        self.folder = folder
        self.partial = folder.with_name(f"{folder.name}.partial")
        self._identity = dict(identity)

    def find_whole(self) -> dict[str, int] | None:
        """Rows of each topic where the folder holds this very run already; None where it is free.

        Raises:
            ConfigError: the folder holds something else.
            StorageError: the folder cannot be read.
        """
        with storage_errors(self.folder):
            if not self.folder.exists() or (self.folder.is_dir() and not any(self.folder.iterdir())):
                return None
            try:
                manifest = json.loads((self.folder / MANIFEST).read_text(encoding="utf-8"))
                rows: dict[str, int] = manifest.pop("rows")
            except (FileNotFoundError, NotADirectoryError, KeyError, ValueError) as exc:
                raise ConfigError(
                    f"{self.folder} exists and holds no run; choose a folder that is free"
                ) from exc
        if manifest != self._identity:
            raise ConfigError(
                f"{self.folder} holds another run, {manifest.get('run_id')}; choose another folder, "
                "or delete it"
            )
        return rows

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep other commands off, until this one ends, however it does.

        Raises:
            HomeInUse: another command is writing this run.
            StorageError: the folder cannot be written.
        """
        lock = filelock.FileLock(self.folder.with_name(f"{self.folder.name}.lock"), timeout=0)
        with storage_errors(self.folder):
            try:
                self.folder.parent.mkdir(parents=True, exist_ok=True)
                lock.acquire()
            except filelock.Timeout as exc:
                raise HomeInUse(
                    f"another command is writing {self.partial}; wait until it ends, or choose another folder"
                ) from exc
        try:
            yield
        finally:
            if os.name == "posix":  # elsewhere an open file cannot be removed, and a closed one may be taken
                Path(lock.lock_file).unlink(missing_ok=True)
            lock.release()

    def begin(self, *, resume: bool) -> dict[str, int] | None:
        """Make the folder that the run is written into, or find the one that a killed command left.

        Returns:
            Rows of each topic where only the name was missing, which is given now; else None.

        Raises:
            ConfigError: there is an unfinished run and it is not to be resumed, or is another one; or the
                place is taken by files that no run left.
            StorageError: the folder cannot be written.
        """
        with storage_errors(self.folder):
            self.partial.mkdir(parents=True, exist_ok=True)
            # The manifest comes first: beside it, what a run in the making needs is a left-over.
            for described in (self.partial / MANIFEST, self.partial / _DESCRIPTION):
                if described.exists():
                    return self._adopt(described, resume=resume)
            aside = _name_aside(self.partial / _DESCRIPTION)
            if any(path != aside for path in self.partial.iterdir()):
                raise ConfigError(
                    f"{self.partial} holds files that no unfinished run left; move them away, or choose "
                    "another folder"
                )
            _replace(self.partial / _DESCRIPTION, self._identity)
        return None

    def _adopt(self, described: Path, *, resume: bool) -> dict[str, int] | None:
        if not resume:
            raise ConfigError(f"{self.partial} holds an unfinished run; go on with --resume, or delete it")
        found = _read(described)
        rows = found.pop("rows", None)
        if found != self._identity:
            raise ConfigError(
                f"{self.partial} holds an unfinished run of other options; delete it, or repeat them"
            )
        if rows is not None:
            self._give_name()
        return rows

    def read_progress(self, worker: int) -> tuple[int, dict[str, int]]:
        """Parts that a worker has completed, and their rows by topic; its other files are removed.

        Raises:
            ConfigError: what the worker noted cannot be read.
            StorageError: the folder cannot be read or written.
        """
        with storage_errors(self.folder):
            done = self.partial / f"worker-{worker}.json"
            parts, rows = 0, {}
            if done.exists():
                progress = _read(done)
                parts, rows = int(progress["parts"]), dict(progress["rows"])
            for file in self.partial.rglob(f"part-*-{worker:02d}.*"):
                if int(file.stem.split("-")[1]) >= parts:
                    file.unlink()
        return parts, rows

    def note_progress(self, worker: int, parts: int, rows: Mapping[str, int]) -> None:
        """Record that a worker's parts up to that number are complete."""
        with storage_errors(self.folder):
            _replace(self.partial / f"worker-{worker}.json", {"parts": parts, "rows": dict(rows)})

    def open_part(self, worker: int, number: int, file_format: Format) -> Part:
        """A part to write."""
        return Part(self.partial, f"part-{number:05d}-{worker:02d}", file_format)

    def commit(self, workers: int, file_format: Format) -> dict[str, int]:
        """Give the run its name: from now on it is whole. After a kill at any step `begin` goes on with it.

        Returns:
            Rows of each topic.

        Raises:
            StorageError: the folder cannot be written.
        """
        rows: Counter[str] = Counter()
        for worker in range(workers):
            rows.update(self.read_progress(worker)[1])
        counted = {topic: rows[topic] for topic in LAYOUTS}
        with storage_errors(self.folder):
            if file_format is Format.DELTA:
                for topic in LAYOUTS:
                    # Those that a killed command had converted are left as they are.
                    convert_to_deltalake(self.partial / topic, mode="ignore")
            _replace(self.partial / MANIFEST, {**self._identity, "rows": counted})
            self._give_name()
        return counted

    def _give_name(self) -> None:
        for file in (*self.partial.glob("worker-*.json"), self.partial / _DESCRIPTION):
            file.unlink(missing_ok=True)
        if self.folder.exists():
            self.folder.rmdir()  # Windows renames to no folder that exists; it must be empty
        self.partial.rename(self.folder)


def _name_aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def _replace(path: Path, content: Mapping[str, Any]) -> None:
    aside = _name_aside(path)
    aside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    aside.replace(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as exc:
        raise ConfigError(f"{path} cannot be read, so the run cannot go on; delete {path.parent}") from exc
    return content
