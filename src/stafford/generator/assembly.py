"""Rows that leave: records beside their labels, as Arrow batches."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stafford.domain.record import LABEL_SCHEMA, RECORD_SCHEMA
from stafford.generator import text
from stafford.generator.defects import OLD_VERSION
from stafford.generator.draft import Draft
from stafford.generator.layout import (
    AMOUNT,
    CONTRACT_VERSION,
    COPY,
    DEFECT,
    EMITTED,
    KEY,
    KIND,
    NOTHING,
    OCCURRED,
    Form,
)  # fmt: skip
from stafford.generator.mess import judge
from stafford.generator.mess_profile import DEFECTS, Defect
from stafford.generator.randomness import Ints
from stafford.generator.rendering import choose_changes, plan, render

_DEFECTS = pa.array([defect.value for defect in DEFECTS])
_OUTCOMES = pa.array([judge(defect).value for defect in DEFECTS])


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


def assemble(drafts: Mapping[str, Draft]) -> Batch:
    """One batch of the events of all topics, each of which is in order."""
    if not drafts:
        return Batch(_empty(RECORD_SCHEMA), _empty(LABEL_SCHEMA))
    heads = np.concatenate([draft.rows[:, [EMITTED, OCCURRED, KEY, COPY]] for draft in drafts.values()])
    low = heads[:, 2].view(np.uint64) << np.uint64(2)  # the bits of the hash that stand in the id
    order = pa.array(np.lexsort((heads[:, 3], low, heads[:, 1], heads[:, 0])))
    records = pa.Table.from_batches([to_records(draft) for draft in drafts.values()])
    labels = pa.Table.from_batches([to_labels(draft) for draft in drafts.values()])
    return Batch(_merge(records, order), _merge(labels, order))


def _merge(table: pa.Table, order: pa.Array) -> pa.RecordBatch:
    whole = table.combine_chunks()
    batch = whole.to_batches()[0]
    return batch.take(order)


def to_records(draft: Draft) -> pa.RecordBatch:
    """Records of RECORD_SCHEMA, row by row beside the draft."""
    rows = draft.rows
    field = draft.layout.key_field
    entity = np.ascontiguousarray(draft.column(field.column))
    if field.form is Form.CODE:
        key = text.codes(field.prefix, entity)
    else:
        key = text.numbers(field.prefix, field.digits, entity)
    columns = {
        "topic": pa.repeat(draft.topic, len(rows)),
        "key": key.view(pa.binary()),
        "value": render(draft).to_arrow(),
        "event_id": text.event_ids(rows[:, OCCURRED], rows[:, KEY]),
        "event_type": pa.array(draft.layout.event_types).take(pa.array(rows[:, KIND])),
        "occurred_at": to_instants(rows[:, OCCURRED]),
        "contract_version": _find_versions(rows[:, DEFECT]),
        "emitted_at": to_instants(rows[:, EMITTED]),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in RECORD_SCHEMA.names], schema=RECORD_SCHEMA)


def _find_versions(defects: Ints) -> pa.Array:
    is_old = defects == DEFECTS.index(Defect.OLD_VERSION)
    if not is_old.any():
        return pa.repeat(CONTRACT_VERSION, len(defects))
    return pa.array([CONTRACT_VERSION, OLD_VERSION]).take(pa.array(is_old.astype(np.int64)))


def to_labels(draft: Draft) -> pa.RecordBatch:
    """Labels of LABEL_SCHEMA, row by row beside the draft."""
    rows = draft.rows
    changes = choose_changes(draft)
    defects = pa.array(rows[:, DEFECT])
    columns = {
        "topic": pa.repeat(draft.topic, len(rows)),
        "event_id": text.event_ids(rows[:, OCCURRED], rows[:, KEY]),
        "event_type": pa.array(draft.layout.event_types).take(pa.array(rows[:, KIND])),
        "copy": pa.array(rows[:, COPY].astype(np.int16)),
        "defect": _DEFECTS.take(defects),
        "outcome": _OUTCOMES.take(defects),
        "reason": pa.array(plan(draft.topic).reasons, pa.string()).take(
            pa.array(changes, mask=changes == NOTHING)
        ),
        "amount_cents": pa.array(rows[:, AMOUNT], mask=rows[:, AMOUNT] == NOTHING),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in LABEL_SCHEMA.names], schema=LABEL_SCHEMA)


def to_instants(micros: Ints) -> pa.Array:
    """UTC microseconds as timestamps."""
    return pa.array(micros).view(pa.timestamp("us", tz="UTC"))


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=schema)
