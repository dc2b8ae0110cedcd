"""Replaces a small file so that a reader finds the old content or the new, never half of it."""

import os
from pathlib import Path

import pyarrow as pa


def replace_durably(path: Path, content: bytes | pa.Buffer) -> None:
    """Write aside, sync, and rename into place.

    Raises:
        OSError: the disk is full or the folder cannot be written; the old content stands.
    """
    aside = path.with_suffix(".tmp")
    with aside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
