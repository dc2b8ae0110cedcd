"""Puts the finished page where people open it."""

import os
import tempfile
from pathlib import Path

from stafford.errors import StorageError


def write(html: str, path: Path) -> int:
    """Write the page aside, then rename it: a reader sees the old page or the new one, never a part.

    Returns:
        The size in bytes.

    Raises:
        StorageError: the folder cannot be made, or the page cannot be written there.
    """
    content = html.encode("utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".aside")
        aside = Path(name)
        try:
            with os.fdopen(handle, "wb") as page:
                page.write(content)
                page.flush()
                os.fsync(page.fileno())
            # mkstemp makes files that only their owner reads; a page is there to be shown.
            aside.chmod(0o644)
            aside.replace(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise StorageError(
            f"the page cannot be written to {path} ({exc.strerror}); free space, or close the program that "
            "holds it open, and run the same command again"
        ) from exc
    return len(content)
