"""What the headers of records say: who sent it, under which id, and when."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stafford.domain.record import SENT
from stafford.lakehouse.silver.instants import read_instants


@dataclass(frozen=True, slots=True)
class Stamps:
    """Columns beside the records, null where a header is absent or cannot be read."""

    sent_id: pa.Array
    produced_at: pa.Array
    run_id: pa.Array


def read_stamps(headers: pa.Array) -> Stamps:
    """Read the header SENT of each record.

    Bronze and spools still have records of which each part has a header of its own, and any topic may.
    """
    named = _Named(headers)
    sent = pc.split_pattern(named.text(SENT), " ", max_splits=2)
    return Stamps(
        pc.coalesce(_part(sent, 0), named.text("ce_id")),
        read_instants(pc.coalesce(_part(sent, 1), named.text("produced_at"))),
        pc.coalesce(_part(sent, 2), named.text("run_id")),
    )


class _Named:
    """Headers by name. They come off the wire: one may be sent twice, and then the last counts."""

    def __init__(self, headers: pa.Array) -> None:
        flat = headers.flatten()
        self._records = len(headers)
        self._owners = pc.list_parent_indices(headers).to_numpy()
        self._names, self._values = pc.struct_field(flat, "key"), pc.struct_field(flat, "value")

    def text(self, name: str) -> pa.Array:
        """A text for each record; bytes that are not UTF-8 become replacement characters."""
        is_named = pc.fill_null(pc.equal(self._names, name), False)
        places = np.flatnonzero(is_named.to_numpy(zero_copy_only=False))
        last = np.full(self._records, -1, dtype=np.int64)
        last[self._owners[places]] = places
        values = self._values.take(pa.array(last, mask=last < 0))
        try:
            return values.cast(pa.string())
        except pa.ArrowInvalid:
            texts = (
                None if value is None else value.decode(errors="replace") for value in values.to_pylist()
            )
            return pa.array(texts, pa.string())


def _part(parts: pa.Array, number: int) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(parts), 0).to_numpy()
    places = parts.offsets.to_numpy()[:-1] + number
    return parts.values.take(pa.array(places, mask=lengths <= number))
