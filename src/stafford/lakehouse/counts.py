"""How many rows the tables hold, from their transaction logs, without Spark."""

from collections.abc import Iterable
from dataclasses import dataclass

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from stafford.domain.lake import Lake
from stafford.errors import StorageError


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows in the lake."""

    bronze: int
    silver: int
    quarantined: int
    judged: int

    @property
    def duplicates(self) -> int:
        """Records that were removed as doubles."""
        return self.judged - self.silver - self.quarantined

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
    judged = _rows(lake.arrivals)
    quarantined = _rows(lake.quarantine)
    silver = sum(_rows(lake.silver(topic)) for topic in topics)
    return Counts(_rows(lake.bronze), silver, quarantined, judged)


def _rows(uri: str) -> int:
    try:
        return DeltaTable(uri).count()
    except TableNotFoundError:
        return 0
    except DeltaError as exc:
        raise StorageError(f"cannot read the Delta table {uri}: {exc}") from exc
