"""Bodies of one topic to the columns of silver, many at a time.

A body that decodes into the struct that its contract makes has every field, of its type, within its bounds;
what a struct cannot say is asked of the whole column. Whoever fails here is not refused: `body.py` decides.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import compress
from typing import Annotated, Any, Literal, Union

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stafford.contracts import Contract, Field
from stafford.domain.record import UTC_MICROS
from stafford.lakehouse.silver.body import INTEGERS, unanchored
from stafford.lakehouse.silver.instants import read_instants
from stafford.lakehouse.tables import TYPES

Mask = npt.NDArray[np.bool_]

_JSON_TYPES: dict[str, Any] = {"boolean": bool, "timestamp": str}


@dataclass(frozen=True, slots=True)
class Columns:
    """What could be let pass: `rows` are the places among the bodies that were given, ascending."""

    fields: dict[str, pa.Array]
    rows: npt.NDArray[np.int64]


def read_columns(contract: Contract, bodies: pa.Array, arrived_at: pa.Array) -> Columns:
    """Read the bodies that fit their contract as they are.

    Args:
        contract: the rules.
        bodies: binary, as they came.
        arrived_at: timestamps, the log-append time of each.

    Returns:
        The contract's fields of all bodies that surely fit. Whoever is left out needs a closer look: it may
        fit after a repair.
    """
    texts = bodies.to_pylist()
    found = _decode_all(decoder(contract), texts)
    is_found = [record is not None for record in found]
    rows = np.flatnonzero(is_found)
    values = _by_name(list(compress(found, is_found)))
    arrived_at = arrived_at.take(pa.array(rows))
    passes = np.ones(len(rows), dtype=bool)
    explained = np.zeros(len(rows), dtype=np.int64)
    fields = {}
    for field in contract.fields:
        fields[field.name], fits = _column(field, values.get(field.name, ()), arrived_at)
        explained += _count_quotes(field, fields[field.name])
        if fits is not None:
            passes &= fits
    # A name that stands twice, or that no contract knows, has quotation marks that no value explains.
    passes &= np.array([text.count(b'"') for text in compress(texts, is_found)], np.int64) == explained
    if not passes.all():
        kept = pa.array(passes)
        fields = {name: column.filter(kept) for name, column in fields.items()}
        rows = rows[passes]
    return Columns(fields, rows)


@cache
def decoder(contract: Contract) -> msgspec.json.Decoder[Any]:
    """A decoder that takes what fits the contract, as far as types can say it."""
    return msgspec.json.Decoder(_struct(contract.topic, contract.fields))


def _decode_all(decoder: msgspec.json.Decoder[Any], bodies: Sequence[bytes | None]) -> list[Any]:
    """What each body holds, None for one that does not fit."""
    found: list[Any] = []
    decoding = map(decoder.decode, bodies)  # type: ignore[arg-type]  # one that is not there raises
    while len(found) < len(bodies):
        try:
            # What came before one that fails stays, and the next round goes on behind it.
            found.extend(decoding)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError):
            # An empty body raises, and so does one that is not there.
            found.append(None)
    return found


def _by_name(structs: Sequence[msgspec.Struct]) -> Mapping[str, Sequence[Any]]:
    """The members of structs of one type, column by column; nothing of no structs."""
    if not structs:
        return {}
    members = zip(*map(msgspec.structs.astuple, structs), strict=True)
    return dict(zip(structs[0].__struct_fields__, members, strict=True))


def _struct(name: str, fields: Sequence[Field]) -> type[msgspec.Struct]:
    # Required fields first, as defaults want it; columns are read by name.
    members: list[Any] = [(field.name, _json_type(field)) for field in fields if field.required]
    members += [(field.name, Union[_json_type(field), None], None) for field in fields if not field.required]  # noqa: UP007
    # Nothing in it can refer to itself, so the garbage collector need not look.
    return msgspec.defstruct(name, members, gc=False)


def _json_type(field: Field) -> Any:  # an annotation
    if field.type == "integer":
        least = INTEGERS.ge if field.minimum is None else field.minimum
        most = INTEGERS.le if field.maximum is None else field.maximum
        return Annotated[int, msgspec.Meta(ge=least, le=most)]  # type: ignore[arg-type]
    if field.type == "array":
        lines: Any = list[_struct(field.name, field.items)]  # type: ignore[misc]
        return Annotated[lines, msgspec.Meta(min_length=field.min_items, max_length=field.max_items)]
    if field.type == "string" and field.enum:
        # Both rules hold for a field that has both.
        short = [value for value in field.enum if field.max_length is None or len(value) <= field.max_length]
        return Literal[tuple(short)]
    if field.type == "string" and field.max_length is not None:
        return Annotated[str, msgspec.Meta(max_length=field.max_length)]
    return _JSON_TYPES.get(field.type, str)


def _column(field: Field, values: Sequence[Any], arrived_at: pa.Array) -> tuple[pa.Array, Mask | None]:
    """A column, and which of its values may stay; None for all."""
    if field.type == "array":
        return _lines(field, values, arrived_at)
    if field.type == "timestamp":
        return _timestamps(field, values, arrived_at)
    column = pa.array(values, TYPES[field.type])
    fits = None
    if field.pattern is not None:
        fits = pc.match_substring_regex(column, f"^(?:{unanchored(field.pattern)})$")
    for repair in field.repair:
        is_clean = pc.equal(column, _REPAIRED[repair](column))
        fits = is_clean if fits is None else pc.and_(fits, is_clean)
    return column, None if fits is None else _mask(fits)


_REPAIRED: dict[str, Callable[[pa.Array], pa.Array]] = {
    "trim": pc.utf8_trim_whitespace,
    "lowercase": pc.utf8_lower,
}


def _timestamps(field: Field, values: Sequence[str | None], arrived_at: pa.Array) -> tuple[pa.Array, Mask]:
    texts = pa.array(values, pa.string())
    column = read_instants(texts)
    fits = _mask(pc.or_(pc.is_null(texts), pc.is_valid(column)))
    if field.minimum is not None:
        fits &= _mask(pc.greater_equal(column, pa.scalar(field.minimum, UTC_MICROS)))
    if field.maximum is not None:
        fits &= _mask(pc.less_equal(column, pa.scalar(field.maximum, UTC_MICROS)))
    if field.max_ahead_of_arrival is not None:
        latest = pc.add(arrived_at, pa.scalar(field.max_ahead_of_arrival, pa.duration("us")))
        fits &= _mask(pc.less_equal(column, latest))
    return column, fits


def _lines(field: Field, values: Sequence[Any], arrived_at: pa.Array) -> tuple[pa.Array, Mask | None]:
    lengths = np.array([0 if lines is None else len(lines) for lines in values], dtype=np.int64)
    lines = [line for lines in values if lines is not None for line in lines]
    owners = np.repeat(np.arange(len(values)), lengths)
    arrived = arrived_at.take(pa.array(owners))
    fits = None
    members = []
    by_name = _by_name(lines)
    for item in field.items:
        column, is_good = _column(item, by_name.get(item.name, ()), arrived)
        members.append(column)
        if is_good is not None and not is_good.all():
            fits = np.ones(len(values), dtype=bool) if fits is None else fits
            fits[owners[~is_good]] = False
    offsets = np.zeros(len(values) + 1, dtype=np.int32)
    np.cumsum(lengths, out=offsets[1:])
    absent = pa.array([lines is None for lines in values], pa.bool_())
    struct = pa.StructArray.from_arrays(members, names=[item.name for item in field.items])
    return pa.ListArray.from_arrays(pa.array(offsets), struct, mask=absent), fits


def _count_quotes(field: Field, column: pa.Array) -> npt.NDArray[np.int64]:
    """How many quotation marks a body has for a field that it has once: of its name, of a text, of its lines.

    One within a text counts as one more that is not explained.
    """
    marks = 4 if field.type in {"string", "timestamp"} else 2
    found: npt.NDArray[np.int64] = marks * pc.is_valid(column).cast(pa.int64()).to_numpy()
    if field.items:
        lines, owners = column.flatten(), pc.list_parent_indices(column).to_numpy()
        for item in field.items:
            of_lines = _count_quotes(item, pc.struct_field(lines, item.name))
            found += np.bincount(owners, of_lines, len(column)).astype(np.int64)
    return found


def _mask(answers: pa.Array) -> Mask:
    """A null has no value that could break a rule."""
    fits: Mask = pc.fill_null(answers, True).to_numpy(zero_copy_only=False)
    return fits
