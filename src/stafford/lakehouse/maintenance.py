"""Keeps the tables fast and small: joins small files, deletes what no version needs, and says how they are.

Done by delta-rs, without Spark, and safe beside a running ingestion: joining files is a commit that changes
no row, which streams pass over and appends do not conflict with. Where it loses a race, files stay as they
were.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from stafford.domain.lake import GOLD, Lake
from stafford.errors import ConfigError, NotReady, StorageError
from stafford.lakehouse.commits import LEAVES_LOG, ZSTD

TARGET_BYTES = 128 << 20
"""Files are joined up to this size: large enough to read in one go, small enough for one task."""

BRONZE = "bronze"

STREAM_TARGET_BYTES = 32 << 20
"""Those of bronze: silver reads a file in one batch, and so many bytes are what bounds a batch. And those of
all tables beside a stream, from which a join takes a core: seconds for so many bytes, 13 for 100 MB."""

MIN_SMALL_FILES = 8
"""So many files of a sorted table below half the target are worth a rewrite of all of it."""

MIN_RETENTION = timedelta(days=7)
"""Nothing younger is deleted: who reads files by a log, or stopped in the middle, finds them for so long."""

SORTED_BY = "occurred_at"
"""What silver's tables are sorted by: batch jobs read them by days, and an event that was late belongs to
another day than its neighbours. Z-order by one column is sorting by it; nobody skips files of the other
tables by a field."""


@dataclass(frozen=True, slots=True)
class TableState:
    """What a table is made of now."""

    name: str
    rows: int
    files: int
    small_files: int  # below half of what they are joined up to
    size_bytes: int
    version: int


def list_tables(lake: Lake, topics: Iterable[str]) -> dict[str, str]:
    """URIs of the lake's tables by name."""
    return list_ingested(lake, topics) | {f"gold/{name}": lake.gold(name) for name in GOLD}


def list_ingested(lake: Lake, topics: Iterable[str]) -> dict[str, str]:
    """URIs, by name, of the tables that each micro-batch writes."""
    silver = {f"silver/{topic}": lake.silver(topic) for topic in topics}
    return {BRONZE: lake.bronze, **silver, "quarantine": lake.quarantine, "arrivals": lake.arrivals}


def describe(tables: Mapping[str, str]) -> list[TableState]:
    """How each table is, from its log; those that do not exist are left out.

    Raises:
        StorageError: a table cannot be read.
    """
    return [inspect(name, table) for name, table in open_tables(tables)]


def inspect(name: str, table: DeltaTable) -> TableState:
    """How one table is, from its log.

    Raises:
        StorageError: it cannot be read.
    """
    with _named(name):
        files = pa.table(table.get_add_actions())
    sizes = files.column("size_bytes")
    return TableState(
        name=name,
        rows=int(pc.sum(files.column("num_records")).as_py() or 0),
        files=files.num_rows,
        small_files=int(pc.sum(pc.less(sizes, _target_bytes(name) // 2)).as_py() or 0),
        size_bytes=int(pc.sum(sizes).as_py() or 0),
        version=table.version(),
    )


@dataclass(frozen=True, slots=True)
class Young:
    """Files of one partition that are worth joining.

    where: the partition, as delta-rs has its filters; empty for a table that has none.
    """

    where: list[tuple[str, str, str]]
    files: int
    size_bytes: int


def find_young(name: str, table: DeltaTable) -> list[Young]:
    """Find what is worth joining beside a stream, by partition.

    A file is joined again once all that are smaller have as many bytes as it, together. So its size doubles
    at least, and a row is written log2(full size / first size) times, however long the table lives. Joining
    all that is not full yet would write a file of 100 MB anew for each megabyte that comes.

    Raises:
        StorageError: the table cannot be read.
    """
    with _named(name):
        by = table.metadata().partition_columns
        files = pa.table(table.get_add_actions(flatten=True))
    sizes: dict[tuple[str, ...], list[int]] = {}
    places = [f"partition.{column}" for column in by]
    is_small = pc.less(files["size_bytes"], STREAM_TARGET_BYTES // 2)
    for row in files.select(["size_bytes", *places]).filter(is_small).to_pylist():
        sizes.setdefault(tuple(row[place] for place in places), []).append(row["size_bytes"])
    found = []
    for values, all_sizes in sizes.items():
        young = take_young(all_sizes)
        where = [(column, "=", value) for column, value in zip(by, values, strict=True)]
        found.append(Young(where, len(young), sum(young)))
    return found


def take_young(sizes: Iterable[int]) -> list[int]:
    """Sizes up to the largest that is no more than all that are smaller, together; in order."""
    young = sorted(sizes)
    total = sum(young)
    while young and young[-1] > total - young[-1]:
        total -= young.pop()
    return young


def compact(tables: Mapping[str, str], progress: Callable[[str], None]) -> dict[str, int]:
    """Join small files of each table; a table that has none is left as it is.

    Delivery: one commit a table that changes no row; killed before it, nothing happened. Repeating it changes
    nothing. Silver's tables are sorted anew.

    Returns:
        Files that were replaced, by table.

    Raises:
        NotReady: others wrote to a table all the time; run it again.
        StorageError: a table cannot be read or written.
    """
    replaced = {}
    for name, table in open_tables(tables):
        progress(f"joining the files of {name}")
        if not name.startswith("silver/"):
            replaced[name] = len(join(name, table))
        elif inspect(name, table).small_files >= MIN_SMALL_FILES:
            replaced[name] = _sort(name, table)
    return {name: files for name, files in replaced.items() if files}


_again = retry(retry=retry_if_exception_type(NotReady), stop=stop_after_attempt(3), reraise=True)
"""An ingestion joins files too, and of two who join the same ones the second has to look again."""


@_again
def join(name: str, table: DeltaTable, young: Young | None = None) -> set[str]:
    """Join the small files of one table as they are, in one commit that changes no row.

    Args:
        name: of the table.
        table: brought up to date, before and by it.
        young: which; None for all that are not full yet.

    Returns:
        Files that were replaced, as the log names them.

    Raises:
        NotReady: others wrote to the table all the time.
        StorageError: it cannot be read or written.
    """
    where, target_bytes = None, _target_bytes(name)
    if young is not None:
        where, target_bytes = young.where or None, min(young.size_bytes, STREAM_TARGET_BYTES)
    with _named(name):
        table.update_incremental()
        before = list_files(table)
        table.optimize.compact(
            partition_filters=where,
            target_size=target_bytes,
            max_concurrent_tasks=1,  # the stream beside it needs the other cores
            writer_properties=ZSTD,
            post_commithook_properties=LEAVES_LOG,
        )
        return before - list_files(table)


@_again
def _sort(name: str, table: DeltaTable) -> int:
    with _named(name):
        table.update_incremental()
        done = table.optimize.z_order(
            [SORTED_BY],
            target_size=TARGET_BYTES,
            max_concurrent_tasks=1,
            writer_properties=ZSTD,
            post_commithook_properties=LEAVES_LOG,
        )
    return int(done["numFilesRemoved"])


def vacuum(tables: Mapping[str, str], retention: timedelta, *, dry_run: bool) -> dict[str, int]:
    """Delete files that no version of the retention needs: left by joining, or by writers that were killed.

    Repeating it changes nothing.

    Args:
        retention: at least MIN_RETENTION. An ingestion must not have stood still for longer.
        dry_run: count the files, and delete none.

    Returns:
        Files that were deleted, or would be, by table.

    Raises:
        ConfigError: the retention is too short to be safe.
        StorageError: a table cannot be read or written.
    """
    if retention < MIN_RETENTION:
        raise ConfigError(
            f"a retention of {retention} could delete files that an ingestion still reads or writes; "
            f"give at least {MIN_RETENTION.days} days"
        )
    hours = round(retention / timedelta(hours=1))
    deleted = {}
    for name, table in open_tables(tables):
        with _named(name):
            files = table.vacuum(hours, dry_run=dry_run, full=True, post_commithook_properties=LEAVES_LOG)
        if files:
            deleted[name] = len(files)
    return deleted


def list_files(table: DeltaTable) -> set[str]:
    """Files of a table at the version that is open, as its log names them."""
    return set(pa.table(table.get_add_actions()).column("path").to_pylist())


def _target_bytes(name: str) -> int:
    return STREAM_TARGET_BYTES if name == BRONZE else TARGET_BYTES


def open_tables(tables: Mapping[str, str]) -> Iterator[tuple[str, DeltaTable]]:
    """Open each table that exists.

    Raises:
        StorageError: one cannot be read.
    """
    for name, uri in tables.items():
        with _named(name):
            try:
                table = DeltaTable(uri)
            except TableNotFoundError:
                continue
        yield name, table


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except TableNotFoundError:
        raise
    except CommitFailedError as exc:
        raise NotReady(f"{name} is being written all the time; nothing was changed, run it again") from exc
    except (DeltaError, OSError) as exc:
        raise StorageError(f"cannot maintain {name}: {exc}; free the disk or its rights") from exc
