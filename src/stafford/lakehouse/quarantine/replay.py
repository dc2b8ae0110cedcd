"""Writes what was decided about quarantined records; a crash at any write is made good afterwards."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError

from stafford.contracts import Contract
from stafford.domain.lake import Lake
from stafford.domain.outcome import Resolution
from stafford.errors import ContractViolation, StorageError
from stafford.lakehouse.commits import append_once
from stafford.lakehouse.quarantine.judgement import Case, to_bronze
from stafford.lakehouse.quarantine.records import QuarantineReader
from stafford.lakehouse.silver.fates import stand
from stafford.lakehouse.silver.judging import judge_rows
from stafford.lakehouse.tables import ARRIVALS, LINEAGE, REPLAYS


@dataclass(frozen=True, slots=True)
class ReplayWriter:
    """The tables that a replay writes, in this order: `replays`, the silver tables, `arrivals`.

    `replays` is the decision, made durable by one commit before anything acts on it. What follows from it is
    written again by `finish` after a crash; each write carries the number of its batch as Delta's transaction
    id, so that one which was committed is skipped. Only one process may write at a time.
    """

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
        judged = judge_rows(to_bronze(records), self.contracts)
        if len(judged.refused):
            misfit = judged.refused.slice(0, 1).to_pylist()[0]
            raise ContractViolation(
                f"replay {batch} was cut off when it was decided, and a record of {misfit['topic']} "
                f"no longer fits its contract: {', '.join(misfit['reasons'])}. "
                "Put the contract of then back, then replay again"
            )
        name = app_id(self.lake)
        arrived = []
        try:
            for topic, rows in judged.passed.items():
                append_once(self.lake.silver(topic), rows, name, batch)
                arrived.append(stand(topic, rows))
            # Last, as everywhere: from now on a later sending of the same event is its duplicate.
            if arrived:
                append_once(self.lake.arrivals, pa.concat_tables(arrived).select(list(ARRIVALS)), name, batch)
        except (DeltaError, OSError) as exc:
            raise StorageError(f"replay {batch} stopped: {exc}; free the disk, run it again") from exc


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
