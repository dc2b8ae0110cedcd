"""How many rows the tables hold, from their transaction logs, without Spark."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from stafford.domain.lake import Lake
from stafford.domain.outcome import Resolution
from stafford.errors import StorageError


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows in the lake."""

    bronze: int
    silver: int
    quarantined: int
    """In quarantine and open: what replays resolved is not among them."""
    judged: int
    dropped: int = 0
    """Given up by a replay, with a reason."""

    @property
    def duplicates(self) -> int:
        """Records that were removed as doubles."""
        return self.judged - self.silver - self.quarantined - self.dropped

    @property
    def backlog(self) -> int:
        """Bronze rows that silver has not read yet."""
        return self.bronze - self.judged


def count(lake: Lake, topics: Iterable[str]) -> Counts:
    """Count the rows of every table; a table that does not exist has none.

    Raises:
        StorageError: a table cannot be read.
    """
    # In the order in which they are written, backwards: what one table holds is then in the next.
    replayed = _fates(lake.replays)
    resolved = sum(records for fate, records in replayed.items() if fate != Resolution.QUARANTINE)
    # A replay adds a row to arrivals for each record that it brings to silver, beside the one it had.
    judged = _rows(lake.arrivals) - replayed[Resolution.SILVER]
    quarantined = _rows(lake.quarantine) - resolved
    silver = sum(_rows(lake.silver(topic)) for topic in topics)
    return Counts(_rows(lake.bronze), silver, quarantined, judged, replayed[Resolution.DROPPED])


def _fates(uri: str) -> Counter[str]:
    if not _rows(uri):
        return Counter()
    try:
        return Counter(DeltaTable(uri).to_pyarrow_table(columns=["fate"])["fate"].to_pylist())
    except (DeltaError, OSError) as exc:
        raise StorageError(f"cannot read the Delta table {uri}: {exc}") from exc


def _rows(uri: str) -> int:
    try:
        return DeltaTable(uri).count()
    except TableNotFoundError:
        return 0
    except DeltaError as exc:
        raise StorageError(f"cannot read the Delta table {uri}: {exc}") from exc
