"""Silver at one version of each table, and which of its days changed since another."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from pyspark.sql import DataFrame, SparkSession

from stafford.domain.lake import Lake
from stafford.errors import ConfigError, StorageError
from stafford.lakehouse.gold.days import Days

Version = tuple[str, int]
"""Delta's own identity of a table, which another one at the same place does not have, and its version."""


@dataclass(frozen=True, slots=True)
class SilverSnapshot:
    """Silver as it was at one moment: what the streams commit meanwhile is for the next run."""

    spark: Callable[[], SparkSession]
    """Starts Spark, or gives the session that runs: whether days changed is known without it."""
    lake: Lake
    versions: Mapping[str, Version]

    @classmethod
    def pin(cls, spark: Callable[[], SparkSession], lake: Lake, topics: Iterable[str]) -> Self:
        """Take the newest version of each topic's table.

        Raises:
            ConfigError: nothing was ingested yet.
            StorageError: a table cannot be read.
        """
        return cls(spark, lake, {topic: _version(lake.silver(topic)) for topic in topics})

    def read(self, topic: str) -> DataFrame:
        """The topic's events."""
        reader = self.spark().read.format("delta").option("versionAsOf", self.versions[topic][1])
        return reader.load(self.lake.silver(topic))

    def days_since(self, seen: Mapping[str, Version]) -> Days | None:
        """Event-time days of the rows that came, or went, since the versions that were seen.

        Rewriting files without changing rows is no change.

        Returns:
            None when it cannot be told: a table was never seen, is another one, or lost the commits since.
        """
        days: set[object] = set()
        for topic, (identity, version) in self.versions.items():
            before = seen.get(topic)
            if before is None or before[0] != identity or before[1] > version:
                return None
            if before[1] == version:
                continue
            try:
                changes = DeltaTable(self.lake.silver(topic), version=version).load_cdf(
                    before[1] + 1, version, columns=["occurred_at"]
                )
                for batch in pa.RecordBatchReader.from_stream(changes):
                    days.update(pc.unique(batch.column("occurred_at").cast(pa.date32())).to_pylist())
            except (DeltaError, pa.ArrowException, OSError):
                return None  # commits and files that are old may be gone; the rows can still be read
        return frozenset(days)  # type: ignore[arg-type]  # Arrow does not say that these are dates


def _version(uri: str) -> Version:
    try:
        table = DeltaTable(uri)
    except TableNotFoundError as exc:
        raise ConfigError(f"there is no silver table {uri}; ingest some events first") from exc
    except (DeltaError, OSError) as exc:
        raise StorageError(f"cannot read {uri}: {exc}; check the path and its rights") from exc
    return str(table.metadata().id), table.version()
