"""Opens a folder of events for questions in SQL.

Only what a reader of the topics would have is read: `<folder>/<topic>/*.parquet`. The labels beside them are
the truth about the mess, which no measurement of realism may know.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from stafford.errors import ConfigError, ContractViolation, StorageError

TOPICS = ("clickstream", "customers", "orders", "payments", "products", "returns", "reviews", "shipments")
MEMORY_LIMIT = "2GB"


@contextmanager
def open_events(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Make a view of each topic: records that are spoilt are left out, copies of an event_id are not.

    Everything that does not fit into 2 GB of memory goes to a scratch folder, which is removed at the end.

    Raises:
        ConfigError: the folder has no events, or lacks a topic.
        ContractViolation: a file does not have the columns of its contract.
        StorageError: a file cannot be read, or the scratch folder is full.
    """
    files = {topic: _find_files(folder, topic) for topic in TOPICS}
    with (
        TemporaryDirectory(prefix="stafford-realism-", ignore_cleanup_errors=True) as scratch,
        duckdb.connect(
            ":memory:", config={"memory_limit": MEMORY_LIMIT, "temp_directory": scratch}
        ) as connection,
        _own_errors(folder),
    ):
        # The order of rows means nothing here, and keeping it costs memory.
        connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
        for topic, paths in files.items():
            listed = ", ".join(_quote(str(path)) for path in paths)
            connection.execute(f"CREATE VIEW {topic} AS SELECT * FROM read_parquet([{listed}])")
        yield connection


def _find_files(folder: Path, topic: str) -> list[Path]:
    paths = sorted((folder / topic).glob("*.parquet"))
    if not paths:
        raise ConfigError(
            f"{folder} holds no {topic}/*.parquet; name a folder that `stafford generate --format parquet` "
            "wrote"
        )
    return paths


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def _own_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except (duckdb.BinderException, duckdb.ConversionException) as exc:
        raise ContractViolation(
            f"the events in {folder} do not have the columns of their contracts: {exc}; generate them again"
        ) from exc
    except duckdb.Error as exc:
        raise StorageError(
            f"the events in {folder} cannot be read: {exc}; see that files and disk are whole"
        ) from exc
