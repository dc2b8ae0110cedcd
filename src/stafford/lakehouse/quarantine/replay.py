"""Writes what was decided about quarantined records; a crash at any write is made good afterwards."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError
from py4j.protocol import Py4JError
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  # the name that every Spark reader knows

from stafford.contracts import Contract
from stafford.domain.lake import Lake
from stafford.domain.outcome import Resolution
from stafford.errors import ContractViolation, StorageError
from stafford.lakehouse.failures import translate
from stafford.lakehouse.quarantine.judgement import Case, any_field, to_bronze
from stafford.lakehouse.quarantine.records import QuarantineReader
from stafford.lakehouse.silver.parsing import parse
from stafford.lakehouse.silver.rules import value
from stafford.lakehouse.tables import ARRIVALS, LINEAGE, REPLAYS


@dataclass(frozen=True, slots=True)
class ReplayWriter:
    """The tables that a replay writes, in this order: `replays`, the silver tables, `arrivals`.

    `replays` is the decision, made durable by one commit before anything acts on it. What follows from it is
    written again by `finish` after a crash; each write carries the number of its batch as Delta's transaction
    id, so that one which was committed is skipped. Only one process may write at a time.
    """

    spark: SparkSession
    lake: Lake
    contracts: Mapping[str, Contract]
    clock: Callable[[], datetime]

    def write(self, cases: Sequence[Case]) -> None:
        """Make the decisions durable, then act on them.

        Delivery: effectively once. A crash before the first commit leaves no trace; after it, `finish` does
        the rest.

        Raises:
            StaffordError: a table cannot be written; the message says which.
        """
        news = [case for case in cases if case.is_news]
        if not news:
            return
        batch = _last_batch(self.lake) + 1
        now = self.clock()
        rows = pa.Table.from_pylist(
            [self._decision(case, batch, now) for case in news], schema=pa.schema(REPLAYS.items())
        )
        try:
            write_deltalake(self.lake.replays, rows, mode="append")
        except (DeltaError, OSError) as exc:
            raise StorageError(
                f"cannot write {self.lake.replays}: {exc}; nothing was replayed. Free the disk, run it again"
            ) from exc
        self._act(batch, [(case.row, case.value) for case in news if case.fate is Resolution.SILVER])

    def finish(self) -> int:
        """Act on decisions that a crash left without their consequences.

        Returns:
            How many batches were finished; nearly always none.

        Raises:
            ContractViolation: a decision was made with another contract, by which the record fits no more.
            StaffordError: a table cannot be read or written.
        """
        unfinished = find_unfinished(self.lake)
        for batch in unfinished:
            self._act(batch, [(row, row["value"]) for row in QuarantineReader(self.lake).replayed(batch)])
        return len(unfinished)

    def _decision(self, case: Case, batch: int, now: datetime) -> dict[str, Any]:
        contract = self.contracts.get(case.row["topic"])
        return {
            **{name: case.row[name] for name in LINEAGE},
            "quarantine_id": case.row["quarantine_id"],
            "batch": batch,
            "topic": case.row["topic"],
            "event_id": case.event_id,
            "fate": case.fate.value,
            "reasons_before": list(case.row["reasons"]),
            "reasons": list(case.reasons) if case.fate is Resolution.QUARANTINE else [],
            "rules": [rule.to_json() for rule in case.rules],
            "contract_version": None if contract is None else contract.version,
            "value": case.value,
            "replayed_at": now,
        }

    def _act(self, batch: int, records: Sequence[tuple[dict[str, Any], bytes | None]]) -> None:
        """Put records with their new bodies into silver, once however often it is called for a batch."""
        if not records:
            return
        parsed = parse(to_bronze(self.spark, records), self.contracts).persist(StorageLevel.MEMORY_AND_DISK)
        try:
            misfits = parsed.filter(F.size("reasons") > 0).select("topic", "reasons").head(1)
            if misfits:
                topic, reasons = misfits[0]
                raise ContractViolation(
                    f"replay {batch} was cut off when it was decided, and a record of {topic} no longer fits "
                    f"its contract: {', '.join(reasons)}. Put the contract of then back, then replay again"
                )
            for topic in sorted({row["topic"] for row, _ in records}):
                self._append(self._silver(parsed, topic), self.lake.silver(topic), batch)
            # Last, as everywhere: from now on a later sending of the same event is its duplicate.
            self._append(self._arrivals(parsed), self.lake.arrivals, batch)
        except (PySparkException, Py4JError) as exc:
            raise translate(exc, "replay") from exc
        finally:
            parsed.unpersist()

    def _append(self, frame: DataFrame, uri: str, batch: int) -> None:
        writer = frame.write.format("delta").mode("append")
        writer.option("txnAppId", app_id(self.lake)).option("txnVersion", batch).save(uri)

    def _silver(self, parsed: DataFrame, topic: str) -> DataFrame:
        fields = (
            F.expr(value(field, f"`{topic}`")).alias(field.name) for field in self.contracts[topic].fields
        )
        return parsed.filter(F.col("topic") == topic).select(*fields, *LINEAGE)

    def _arrivals(self, parsed: DataFrame) -> DataFrame:
        event_id = any_field("event_id", self.contracts)
        named = parsed.withColumns(
            {
                "identity": F.concat_ws("/", "topic", event_id),
                "event_id": event_id,
                "fate": F.lit(Resolution.SILVER.value),
            }
        )
        return named.select(*ARRIVALS)


def app_id(lake: Lake) -> str:
    """The name of replays in Delta's transaction ids: another for a table of replays that was made anew."""
    return f"replay/{DeltaTable(lake.replays).metadata().id}"


def find_unfinished(lake: Lake) -> list[int]:
    """Batches whose decisions have not reached every table, in order; reads no data but the batches' numbers.

    Raises:
        StorageError: a table cannot be read.
    """
    try:
        decisions = (
            DeltaTable(lake.replays)
            .to_pyarrow_dataset()
            .to_table(["topic", "batch"], filter=pc.field("fate") == Resolution.SILVER.value)
        )
        name = app_id(lake)
        decided = set(zip(decisions["topic"].to_pylist(), decisions["batch"].to_pylist(), strict=True))
        tables = {topic: lake.silver(topic) for topic, _ in decided}
        done = {topic: _done(uri, name) for topic, uri in tables.items()}
        arrived = _done(lake.arrivals, name) if decided else -1
    except TableNotFoundError:
        return []
    except (DeltaError, pa.ArrowException, OSError) as exc:
        raise StorageError(f"cannot read the replays of {lake.uri}: {exc}; check the path") from exc
    return sorted({batch for topic, batch in decided if batch > min(done[topic], arrived)})


def _done(uri: str, name: str) -> int:
    version = DeltaTable(uri).transaction_version(name)
    return -1 if version is None else int(version)


def _last_batch(lake: Lake) -> int:
    batches = DeltaTable(lake.replays).to_pyarrow_dataset().to_table(["batch"])["batch"]
    return int(pc.max(batches).as_py()) if len(batches) else -1
