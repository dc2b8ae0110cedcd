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

    def __init__(self, home: Path) -> None:
        """Name the home; it is made when the lock is taken."""
        self._home = home
        self._lock = filelock.FileLock(home / _LOCK_FILE, timeout=0)

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

    def _owner(self) -> str:
        try:
            return (self._home / _OWNER_FILE).read_text(encoding="ascii").strip() or "(unknown)"
        except (OSError, ValueError):
            return "(unknown)"
