"""Lets one command write to a home at a time."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

import filelock

from stafford.errors import HomeInUse, StorageError

_LOCK_FILE = ".stafford.lock"
_OWNER_FILE = ".stafford.pid"


class HomeLock:
    """Holds a home for writing, as a context manager.

    The system itself releases the lock when the process dies, however it dies, so there is no
    stale lock to remove by hand. Not reentrant: a second lock in the same process is refused too.
    """

    def __init__(self, home: Path, wait_s: float = 0.0) -> None:
        """Name the home; it is made when the lock is taken.

        Args:
            home: what is written to.
            wait_s: for how long another may hold it at most.
        """
        self._home = home
        self._lock = filelock.FileLock(home / _LOCK_FILE, timeout=wait_s)

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            HomeInUse: another process, or another lock in this one, holds it.
            StorageError: the home cannot be written.
        """
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            # Beside the lock, because Windows permits nobody to read a locked file.
            (self._home / _OWNER_FILE).write_text(str(os.getpid()), encoding="ascii")
        except filelock.Timeout as exc:
            raise HomeInUse(
                f"process {self._owner()} is writing to {self._home}; wait until it ends, or choose another "
                "home with --home"
            ) from exc
        except OSError as exc:
            self._lock.release()
            raise StorageError(
                f"the home {self._home} cannot be written: {exc}; permit writing there, free space, or "
                "choose another home with --home"
            ) from exc
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the lock."""
        (self._home / _OWNER_FILE).unlink(missing_ok=True)
        self._lock.release()

    def is_free(self) -> bool:
        """Whether nobody else holds it just now; asking takes it for a moment.

        Raises:
            StorageError: the home cannot be written.
        """
        try:
            with self:
                return True
        except HomeInUse:
            return False

    def _owner(self) -> str:
        try:
            return (self._home / _OWNER_FILE).read_text(encoding="ascii").strip() or "(unknown)"
        except (OSError, ValueError):
            return "(unknown)"


def lock_maintenance(home: Path) -> HomeLock:
    """What keeps the batch jobs and the maintenance of a home apart.

    An ingestion beside them asks now and then who holds it, so a moment is waited for.
    """
    return HomeLock(home / "maintenance", wait_s=1.0)
