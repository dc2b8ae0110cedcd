"""How many rows the tables hold, from their transaction logs, without Spark."""

from collections.abc import Iterable
from dataclasses import dataclass

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from stafford.domain.lake import Lake
from stafford.errors import StorageError


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows in the lake; once everything is ingested, bronze is the sum of the others."""

    bronze: int
    silver: int
    quarantined: int
    duplicates: int

    @property
    def backlog(self) -> int:
        """Bronze rows that silver has not read yet."""
        return self.bronze - self.silver - self.quarantined - self.duplicates


def count(lake: Lake, topics: Iterable[str]) -> Counts:
    """Count the rows of every table; a table that does not exist has none.

    Raises:
        StorageError: a table cannot be read.
    """
    # Bronze last: what the others hold is then in it already, and the backlog never looks negative.
    silver = sum(_rows(lake.silver(topic)) for topic in topics)
    quarantined, duplicates = _rows(lake.quarantine), _rows(lake.duplicates)
    return Counts(_rows(lake.bronze), silver, quarantined, duplicates)


def _rows(uri: str) -> int:
    try:
        return DeltaTable(uri).count()
    except TableNotFoundError:
        return 0
    except DeltaError as exc:
        raise StorageError(f"cannot read the Delta table {uri}: {exc}") from exc
