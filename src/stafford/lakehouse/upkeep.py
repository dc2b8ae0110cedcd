"""Keeps a lake that is ingested into all the time as fast as it was when it was new.

A continuous ingestion adds files and a commit to up to eleven tables, once a second. Whoever opens a table
reads the list of all its files, and looks through all of its log: after some hours that is more work than a
batch.
"""

import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyarrow import fs

from stafford.errors import NotReady, StorageError
from stafford.lakehouse.checkpoints import oldest_version
from stafford.lakehouse.files import locate
from stafford.lakehouse.maintenance import BRONZE, find_young, join, open_tables
from stafford.lakehouse.replaced import delete_replaced, note_replaced

YOUNG_FILES = 50
"""So many of a partition are joined. A commit takes 10 microseconds of processor time for each file of its
table."""

KEPT_COMMITS = 500
"""A log keeps at least so many: who asks what is new since a version finds it for eight minutes at least. A
commit takes 6 microseconds for each file of its log."""

KEPT_BY_BRONZE = 100
"""Nobody but silver reads it by its log, and what silver may need stays. Spark lists this one four times a
second, and takes 100 microseconds for each file."""

_LOG_FILE = re.compile(r"(\d{20})\.(?:json|crc|checkpoint\..*parquet)")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet")


Rest = Callable[[float], bool]
"""Is called after a join, with the seconds that it took; True: it was the last one."""


def tend(
    tables: Mapping[str, str],
    silver_checkpoint: str,
    rest: Rest = lambda _: False,
    *,
    is_pinned: bool = False,
) -> None:
    """Shorten the logs of tables, delete what was joined an hour ago, and join files where there are many.

    Changes no row. Safe beside a running ingestion, and when it is killed: the next time goes on.

    Args:
        tables: URIs by name, as `maintenance.list_ingested` gives them.
        silver_checkpoint: of the query that reads bronze by its log; what it may still need stays.
        rest: lets a stream catch up, from which the join took a core.
        is_pinned: a batch job reads the versions with which it began, so nothing but bronze's is deleted.

    Raises:
        StaffordError: a table, or the checkpoint, cannot be read or written.
    """
    opened = list(open_tables(tables))
    for name, table in opened:
        if name == BRONZE:
            read_to = oldest_version(silver_checkpoint, str(table.metadata().id))
            needed = min(read_to, table.version() - KEPT_BY_BRONZE)
        elif is_pinned:
            continue
        else:
            needed = table.version() - KEPT_COMMITS
        delete_replaced(tables[name], shorten_log(tables[name], needed))
    for name, table in opened:
        for young in find_young(name, table):
            if young.files >= YOUNG_FILES:
                began = time.monotonic()
                with suppress(NotReady):  # it is tried again the next time
                    replaced = join(name, table, young)
                    note_replaced(tables[name], table.version(), replaced)
                if rest(time.monotonic() - began):
                    return


def shorten_log(uri: str, needed: int) -> int:
    """Delete the oldest part of a table's log, up to a checkpoint that stands for it.

    Args:
        uri: of the table.
        needed: the oldest version that somebody may read, or read on from.

    Returns:
        The version that it begins with.

    Raises:
        StorageError: the log cannot be read or written, or its checkpoint cannot.
    """
    files, path = locate(uri)
    try:
        names = [file.base_name for file in files.get_file_info(fs.FileSelector(f"{path}/_delta_log"))]
        checkpoints = [int(found[1]) for name in names if (found := _CHECKPOINT.fullmatch(name))]
        base = max((at for at in checkpoints if at <= needed), default=0)
        # Oldest first: whatever cuts this off, what is left is a log without a gap.
        doomed = sorted(
            name for name in names if (found := _LOG_FILE.fullmatch(name)) and int(found[1]) < base
        )
        if doomed:
            DeltaTable(uri, version=base)  # can be read without them, or raises
        for name in doomed:
            files.delete_file(f"{path}/_delta_log/{name}")
    except (DeltaError, OSError) as exc:
        raise StorageError(f"cannot shorten the log of {uri}: {exc}; free the disk or its rights") from exc
    return base
