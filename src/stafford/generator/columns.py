"""Events as typed columns: what a table of their topic's contract holds, for Parquet, CSV and Delta."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stafford.generator import text
from stafford.generator.assembly import to_instants
from stafford.generator.compiled import kernel
from stafford.generator.draft import Draft
from stafford.generator.layout import (
    LAYOUTS,
    LINE_COLUMNS,
    LINE_FIELDS,
    NOTHING,
    Field,
    Form,
)  # fmt: skip
from stafford.generator.randomness import Flags, Ints
from stafford.generator.wording import Texts, find_texts

EMITTED_AT = "emitted_at"
_UTC = pa.timestamp("us", tz="UTC")
_LINE = pa.struct([pa.field(n, pa.string() if n == "product_id" else pa.int64()) for n in LINE_FIELDS])
_TYPES: Mapping[Form, pa.DataType] = {
    Form.INTEGER: pa.int64(),
    Form.INSTANT: _UTC,
    Form.FLAG: pa.bool_(),
    Form.LINES: pa.list_(_LINE),
}


@lru_cache(maxsize=16)
def column_schema(topic: str) -> pa.Schema:
    """The fields of a topic's contract in its types, and when each record left.

    Text with few different values is dictionary-encoded in memory; readers of files see strings.
    """
    fields = [pa.field(f.name, _find_type(f), nullable=not f.required) for f in LAYOUTS[topic].fields]
    return pa.schema([*fields, pa.field(EMITTED_AT, _UTC, nullable=False)])


def _find_type(field: Field) -> pa.DataType:
    if field.form in {Form.WORD, Form.CONSTANT, Form.CODE, Form.NUMBER}:
        return pa.dictionary(pa.int32(), pa.string())
    return _TYPES.get(field.form, pa.string())


def to_columns(draft: Draft, wanted: Flags) -> pa.Table:
    """Events of a draft as a table of `column_schema`.

    Args:
        draft: events in the order of a stream.
        wanted: which of them; none that is spoilt.
    """
    if draft.topic == "clickstream":
        source = _Source(draft, wanted, int(wanted.sum()), {})
    else:  # few rows, and texts or lines among their columns
        draft = draft.take(wanted)
        everything = np.ones(len(draft), np.bool_)
        source = _Source(draft, everything, len(draft), find_texts(draft))
    arrays = [_WAYS[field.form](source, field) for field in draft.layout.fields]
    emitted = to_instants(source.read("emitted"))
    return pa.table([*arrays, emitted], schema=column_schema(draft.topic))


@dataclass(frozen=True, slots=True)
class _Source:
    draft: Draft
    wanted: Flags
    count: int
    texts: Texts

    def read(self, column: str) -> Ints:
        picked = np.empty(self.count, np.int64)
        _pick(self.draft.column(column), self.wanted, picked)
        return picked

    def read_places(self, column: str) -> NDArray[np.int32]:
        picked = np.empty(self.count, np.int32)
        _pick(self.draft.column(column), self.wanted, picked)
        return picked


@kernel
def _pick(column: Ints, wanted: Flags, picked: Any) -> None:
    found = 0
    for row in range(len(column)):
        if wanted[row]:
            picked[found] = column[row]
            found += 1


@cache
def _list_words(words: tuple[str, ...]) -> pa.Array:
    return pa.array(words)


def _to_ids(source: _Source, _field: Field) -> pa.Array:
    return text.event_ids(source.read("occurred"), source.read("key"))


def _to_words(source: _Source, field: Field) -> pa.Array:
    places = source.read_places(field.column)
    indices = pa.array(places) if field.required else pa.array(places, mask=places == NOTHING)
    return pa.DictionaryArray.from_arrays(indices, _list_words(field.words))


def _to_constant(source: _Source, field: Field) -> pa.Array:
    places = pa.array(np.zeros(source.count, np.int32))
    return pa.DictionaryArray.from_arrays(places, _list_words(field.words))


def _to_integers(source: _Source, field: Field) -> pa.Array:
    values = source.read(field.column)
    return pa.array(values) if field.required else pa.array(values, mask=values == NOTHING)


def _to_instants(source: _Source, field: Field) -> pa.Array:
    return to_instants(source.read(field.column))


def _to_flags(source: _Source, field: Field) -> pa.Array:
    return pa.array(source.read(field.column) == 1)


def _to_names(source: _Source, field: Field) -> pa.Array:
    return pa.DictionaryArray.from_arrays(*_encode_names(source.read(field.column), field))


def _encode_names(values: Ints, field: Field) -> tuple[pa.Array, pa.Array]:
    places, distinct = encode(values)
    words = (
        text.codes(field.prefix, distinct)
        if field.form is Form.CODE
        else text.numbers(field.prefix, field.digits, distinct)
    )
    return (pa.array(places) if field.required else pa.array(places, mask=places < 0)), words


def _to_texts(source: _Source, field: Field) -> pa.Array:
    return pa.array(source.texts[field.name], pa.string())


def _to_lines(source: _Source, field: Field) -> pa.Array:
    counts = source.read(field.column)
    draft = source.draft
    offsets = np.zeros(len(draft) + 1, np.int32)
    np.cumsum(counts, out=offsets[1:])
    order = np.repeat(np.arange(len(draft)), counts)
    number = np.arange(len(order)) - offsets[:-1][order]
    first = draft.layout.find("product_0")
    product, quantity, price, discount = (
        draft.rows[order, first + LINE_COLUMNS * number + place] for place in range(LINE_COLUMNS)
    )
    names = text.numbers("p-", 5, product)
    total = quantity * price - discount
    lines = [pa.array(number + 1), names, *map(pa.array, (quantity, price, discount, total))]
    return pa.ListArray.from_arrays(
        pa.array(offsets), pa.StructArray.from_arrays(lines, fields=list(_LINE)), type=pa.list_(_LINE)
    )


_WAYS: Mapping[Form, Callable[[_Source, Field], pa.Array]] = {
    Form.EVENT_ID: _to_ids,
    Form.WORD: _to_words,
    Form.INTEGER: _to_integers,
    Form.INSTANT: _to_instants,
    Form.CODE: _to_names,
    Form.NUMBER: _to_names,
    Form.FLAG: _to_flags,
    Form.TEXT: _to_texts,
    Form.LINES: _to_lines,
    Form.CONSTANT: _to_constant,
}


def encode(values: Ints) -> tuple[NDArray[np.int32], Ints]:
    """Replace values by places in a list of the distinct ones, in order of appearance; NOTHING stays -1."""
    places = np.empty(len(values), np.int32)
    distinct = np.empty(len(values), np.int64)
    slots = np.full(1 << max(4, int(2 * len(values)).bit_length()), -1, np.int32)
    count = _encode(values, places, distinct, slots)
    return places, distinct[:count]


@kernel
def _encode(values: Ints, places: NDArray[np.int32], distinct: Ints, slots: NDArray[np.int32]) -> int:
    mask = np.uint64(len(slots) - 1)
    count = 0
    for row in range(len(values)):
        value = values[row]
        if value == NOTHING:
            places[row] = -1
            continue
        slot = (np.uint64(value) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(20) & mask
        while slots[slot] >= 0 and distinct[slots[slot]] != value:
            slot = (slot + np.uint64(1)) & mask
        if slots[slot] < 0:
            slots[slot] = count
            distinct[count] = value
            count += 1
        places[row] = slots[slot]
    return count
