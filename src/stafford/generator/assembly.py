"""Rows that are ready to leave: records beside their labels, in one Arrow batch."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stafford.domain.record import LABEL_SCHEMA, RECORD_SCHEMA
from stafford.generator.defects import CHANGES_BODY, spoil
from stafford.generator.draft import CONTRACT_VERSION, EVENT_TYPES, NOTHING
from stafford.generator.identifiers import number_events
from stafford.generator.mess import DEFECTS, Messy, judge
from stafford.generator.randomness import Ints, Keys
from stafford.generator.rendering import Names, render
from stafford.generator.text import format_uuids, to_arrow, to_strings

_LABEL_ONLY = [field for field in LABEL_SCHEMA if field.name not in RECORD_SCHEMA.names]
ROW_SCHEMA = pa.schema([*RECORD_SCHEMA, *_LABEL_ONLY])
_OUTCOMES = [judge(defect).value for defect in DEFECTS]


@dataclass(frozen=True, slots=True)
class Batch:
    """Records, and the truth about each of them.

    records: RECORD_SCHEMA, in order of (emitted_at, event_id, copy). labels: LABEL_SCHEMA; row i of the
    labels is the truth about row i of the records.
    """

    records: pa.RecordBatch
    labels: pa.RecordBatch

    def __len__(self) -> int:
        return int(self.records.num_rows)

    def slice(self, start: int, rows: int) -> "Batch":
        """At most `rows` rows from `start` on, without a copy."""
        return Batch(self.records.slice(start, rows), self.labels.slice(start, rows))


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of ROW_SCHEMA, with what they are ordered by."""

    emitted: Ints
    id_high: Keys
    id_low: Keys
    copy: Ints
    table: pa.Table

    def __len__(self) -> int:
        return len(self.emitted)

    def order(self) -> "Rows":
        """In order of (emitted_at, event_id, copy)."""
        order = np.lexsort((self.copy, self.id_low, self.id_high, self.emitted))
        return Rows(
            self.emitted[order],
            self.id_high[order],
            self.id_low[order],
            self.copy[order],
            self.table.take(pa.array(order)),
        )

    def slice(self, start: int, end: int) -> "Rows":
        """Rows start to end-1, without a copy."""
        return Rows(
            self.emitted[start:end],
            self.id_high[start:end],
            self.id_low[start:end],
            self.copy[start:end],
            self.table.slice(start, end - start),
        )


def join_rows(parts: list[Rows]) -> Rows:
    """Rows one after the other; no parts make no rows."""
    return Rows(
        np.concatenate([np.zeros(0, np.int64), *(p.emitted for p in parts)]),
        np.concatenate([np.zeros(0, np.uint64), *(p.id_high for p in parts)]),
        np.concatenate([np.zeros(0, np.uint64), *(p.id_low for p in parts)]),
        np.concatenate([np.zeros(0, np.int64), *(p.copy for p in parts)]),
        pa.concat_tables([ROW_SCHEMA.empty_table(), *(p.table for p in parts)]),
    )


def assemble(messy: Messy, names: Names) -> Rows:
    """Render a draft, spoil what is to be spoilt, and label every row."""
    draft = messy.draft
    id_high, id_low = number_events(draft.occurred, draft.event_key)
    ids = format_uuids(id_high, id_low)
    rendered = render(draft, to_strings(ids), names)
    values = rendered.values
    reasons: list[str | None] = [None] * len(draft)
    for row in np.flatnonzero(messy.defect).tolist():
        defect = DEFECTS[messy.defect[row]]
        if defect in CHANGES_BODY:
            dice = int(messy.dice[row] >> np.uint64(8))
            values[row], reasons[row] = spoil(defect, draft.topic, values[row], dice)
    types = pa.array(EVENT_TYPES[draft.topic]).take(pa.array(draft.kind))
    columns = {
        "topic": pa.repeat(draft.topic, len(draft)),
        "key": pa.array(rendered.keys, pa.string()).cast(pa.binary()),
        "value": pa.array(values, pa.binary()),
        "event_id": to_arrow(ids),
        "event_type": types,
        "occurred_at": _to_instants(draft.occurred),
        "contract_version": pa.repeat(CONTRACT_VERSION, len(draft)),
        "emitted_at": _to_instants(draft.emitted),
        "copy": pa.array(messy.copy, pa.int16()),
        "defect": pa.array([defect.value for defect in DEFECTS]).take(pa.array(messy.defect)),
        "outcome": pa.array(_OUTCOMES).take(pa.array(messy.defect)),
        "reason": pa.array(reasons, pa.string()),
        "amount_cents": pa.array(draft.amount, mask=draft.amount == NOTHING),
    }
    table = pa.table([columns[name] for name in ROW_SCHEMA.names], schema=ROW_SCHEMA)
    return Rows(draft.emitted, id_high, id_low, messy.copy, table)


def split_rows(rows: Rows) -> Batch:
    """Records and labels of rows that are in order."""
    whole = rows.table.combine_chunks()
    return Batch(
        _to_batch(whole.select(RECORD_SCHEMA.names), RECORD_SCHEMA),
        _to_batch(whole.select(LABEL_SCHEMA.names), LABEL_SCHEMA),
    )


def _to_batch(table: pa.Table, schema: pa.Schema) -> pa.RecordBatch:
    batches = table.to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=schema)


def _to_instants(micros: Ints) -> pa.Array:
    return pa.array(micros).cast(pa.timestamp("us", tz="UTC"))
