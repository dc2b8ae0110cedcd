"""What the system and Delta Lake say of files, in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deltalake.exceptions import DeltaError

from stafford.errors import StorageError


@contextmanager
def storage_errors(folder: Path) -> Iterator[None]:
    """Turn what goes wrong while files are read or written into an error that names the folder.

    Raises:
        StorageError: instead of what the system or Delta Lake raised.
    """
    try:
        yield
    except (OSError, DeltaError) as exc:
        raise StorageError(
            f"{folder} cannot be read or written: {exc}; free space or choose another"
        ) from exc
