"""The file system behind a URI, whatever it is."""

import pyarrow as pa
from pyarrow import fs

from stafford.errors import StorageError


def locate(uri: str) -> tuple[fs.FileSystem, str]:
    """The file system and the path in it.

    Raises:
        StorageError: nothing here knows such a URI.
    """
    if "://" not in uri:
        return fs.LocalFileSystem(), uri.rstrip("/")  # a path of Windows is no URI
    try:
        files, path = fs.FileSystem.from_uri(uri)
    except pa.ArrowInvalid as exc:
        raise StorageError(f"{uri} is on no file system that is known here") from exc
    return files, path.rstrip("/")
