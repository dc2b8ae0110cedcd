"""Files that a join replaced: deleted by name, once no version that can be opened has them.

A stream's rows are written some times over as its files grow, and what is left behind would be most of a
lake. VACUUM finds such files by looking for all that no version names, and has to spare those of writers that
have not committed; so it waits for days. Here it is known which they are: each join leaves a list of them
beside its table.
"""

import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import PurePosixPath
from urllib.parse import unquote

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyarrow import fs

from stafford.errors import StorageError
from stafford.lakehouse.files import locate
from stafford.lakehouse.maintenance import list_files

KEPT_S = 3600.0
"""A file that was replaced stays for so long at least: who opened its table before reads to the end."""

_FOLDER = "_replaced"


def note_replaced(uri: str, version: int, names: Collection[str]) -> None:
    """Remember what a join replaced.

    A process that is killed between a join and this leaves its files to VACUUM.

    Args:
        uri: of the table.
        version: of the join, or a later one.
        names: of files, as the log has them.

    Raises:
        StorageError: it cannot be written.
    """
    if not names:
        return
    files, path = locate(uri)
    try:
        files.create_dir(f"{path}/{_FOLDER}")
        with files.open_output_stream(f"{path}/{_FOLDER}/{version:020}.txt") as stream:
            stream.write("".join(f"{name}\n" for name in names).encode())
    except OSError as exc:
        raise StorageError(
            f"cannot note what was joined of {uri}: {exc}; free the disk or its rights"
        ) from exc


def delete_replaced(uri: str, begins: int) -> int:
    """Delete files that were replaced an hour ago, if no version that can be opened has them.

    Killed at any point, the next time goes on.

    Args:
        uri: of the table.
        begins: the oldest version that can be opened.

    Returns:
        Files that were deleted.

    Raises:
        StorageError: they cannot be deleted, or that version cannot be read.
    """
    files, path = locate(uri)
    try:
        lists = files.get_file_info(fs.FileSelector(f"{path}/{_FOLDER}", allow_not_found=True))
        old = (file.path for file in lists if file.mtime_ns / 1e9 <= time.time() - KEPT_S)
        due = [name for name in old if int(PurePosixPath(name).stem) <= begins]
        # Another program may have written over the commit of a join, on a disk that lets it.
        live = list_files(DeltaTable(uri, version=begins)) if due else set()
        return sum(_delete_listed(files, path, name, live) for name in due)
    except (DeltaError, OSError) as exc:
        raise StorageError(f"cannot delete what was joined of {uri}: {exc}; permit it") from exc


def _delete_listed(files: fs.FileSystem, path: str, listed: str, live: Collection[str]) -> int:
    with files.open_input_stream(listed) as stream:
        lines = stream.read().decode().splitlines(keepends=True)
    deleted = 0
    for line in lines:
        name = line.rstrip("\n")
        if name == line or name in live:  # a line without an end was cut off while it was written
            continue
        with suppress(FileNotFoundError):  # the last time was killed in the middle
            files.delete_file(f"{path}/{unquote(name)}")
            deleted += 1
    files.delete_file(listed)
    return deleted
