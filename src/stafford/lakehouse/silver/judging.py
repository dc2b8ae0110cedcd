"""Rows of bronze to rows of silver and of quarantine, without Spark: what a task does with its share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stafford.contracts import Contract
from stafford.lakehouse.silver.body import NO_CONTRACT, Verdict, judge
from stafford.lakehouse.silver.columns import read_columns
from stafford.lakehouse.silver.headers import read_stamps
from stafford.lakehouse.tables import LINEAGE, QUARANTINE, silver_columns

Rows = npt.NDArray[np.int64]

_BRONZE_NAMES = {
    "_source": "source",
    "_partition": "partition",
    "_offset": "offset",
    "_arrived_at": "timestamp",
    "_ingested_at": "ingested_at",
}


NOTHING_REFUSED = pa.schema(QUARANTINE.items()).empty_table()


@dataclass(frozen=True, slots=True)
class Judged:
    """Each row of bronze stands in one of the tables, once; doubles are still among them.

    `passed` has silver's columns, by topic; `refused` has quarantine's.
    """

    passed: dict[str, pa.Table]
    refused: pa.Table


def judge_rows(bronze: pa.Table, contracts: Mapping[str, Contract]) -> Judged:
    """Judge rows with bronze's columns, each by the contract of its topic."""
    passed, refused = {}, [NOTHING_REFUSED]
    topics = pc.unique(bronze["topic"]).to_pylist()
    for topic in topics:
        rows = bronze if len(topics) == 1 else bronze.filter(pc.equal(bronze["topic"], topic))
        fitting, others = _judge_topic(topic, rows.combine_chunks(), contracts.get(topic))
        if len(fitting):
            passed[topic] = fitting
        refused.append(others)
    return Judged(passed, pa.concat_tables(refused))


def _judge_topic(topic: str, rows: pa.Table, contract: Contract | None) -> tuple[pa.Table, pa.Table]:
    bodies = rows["value"].combine_chunks()
    lineage, sent_ids = _read_lineage(rows)
    if contract is None:
        every = np.arange(len(rows))
        verdicts = [Verdict((NO_CONTRACT,), {})] * len(rows)
        return pa.table({}), _refuse(topic, rows, lineage, sent_ids, every, verdicts)
    columns = read_columns(contract, bodies, lineage["_arrived_at"].combine_chunks())
    others = np.setdiff1d(np.arange(len(rows)), columns.rows, assume_unique=True)
    taken = pa.array(others)
    pairs = zip(bodies.take(taken).to_pylist(), lineage["_arrived_at"].take(taken).to_pylist(), strict=True)
    verdicts = [judge(body, contract, arrived_at) for body, arrived_at in pairs]
    is_refused = np.array([bool(verdict.reasons) for verdict in verdicts], dtype=bool)
    mended = pa.Table.from_pylist(
        [verdict.values for verdict in verdicts if not verdict.reasons],
        schema=pa.schema(silver_columns(contract).items()),
    )
    fields = pa.concat_tables([pa.table(columns.fields, schema=mended.schema), mended])
    kept = pa.array(np.concatenate([columns.rows, others[~is_refused]]))
    fitting = pa.table(
        [*fields.columns, *lineage.take(kept).columns], names=[*fields.column_names, *lineage.column_names]
    )
    misfits = [verdict for verdict in verdicts if verdict.reasons]
    return fitting, _refuse(topic, rows, lineage, sent_ids, others[is_refused], misfits)


def _read_lineage(rows: pa.Table) -> tuple[pa.Table, pa.Array]:
    """The columns LINEAGE, and the id that each record was sent with."""
    stamps = read_stamps(rows["headers"].combine_chunks())
    columns = {name: rows[source] for name, source in _BRONZE_NAMES.items()}
    columns |= {"_produced_at": stamps.produced_at, "_run_id": stamps.run_id}
    return pa.table([columns[name] for name in LINEAGE], schema=pa.schema(LINEAGE.items())), stamps.sent_id


def _refuse(
    topic: str,
    rows: pa.Table,
    lineage: pa.Table,
    sent_ids: pa.Array,
    places: Rows,
    verdicts: Sequence[Verdict],
) -> pa.Table:
    taken = pa.array(places)
    raw = rows.select(["key", "value", "headers"]).take(taken)
    sent = sent_ids.take(taken).to_pylist()
    pairs = zip(raw["key"].to_pylist(), raw["value"].to_pylist(), sent, strict=True)
    columns: dict[str, Any] = {
        "quarantine_id": pa.array([fingerprint(topic, *pair) for pair in pairs], pa.string()),
        "topic": pa.array([topic] * len(places), pa.string()),
        # The body's own id is preferred; a body that cannot be read still has the one in its header.
        "event_id": pa.array([v.event_id or s for v, s in zip(verdicts, sent, strict=True)], pa.string()),
        "reason": pa.array([verdict.reasons[0] for verdict in verdicts], pa.string()),
        "reasons": pa.array([verdict.reasons for verdict in verdicts], pa.list_(pa.string())),
        "contract_version": pa.array([verdict.contract_version for verdict in verdicts], pa.string()),
        **dict(zip(raw.column_names, raw.columns, strict=True)),
    }
    stood = lineage.take(taken)
    columns |= dict(zip(stood.column_names, stood.columns, strict=True))
    return pa.table([columns[name] for name in QUARANTINE], schema=pa.schema(QUARANTINE.items()))


def fingerprint(topic: str, key: bytes | None, body: bytes | None, sent_id: str | None) -> str:
    """The identity of a record that fits no contract: it has no id to trust, so its bytes are it."""
    parts = [topic, sent_id or "", *(part.hex().upper() for part in (key, body) if part is not None)]
    return sha256("/".join(parts).encode()).hexdigest()
