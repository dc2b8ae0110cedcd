"""Which of several records with one identity is kept: the first to arrive."""

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from stafford.domain.outcome import Outcome
from stafford.lakehouse.silver.judging import Judged
from stafford.lakehouse.silver.memory import POSITION, Memory
from stafford.lakehouse.tables import ARRIVALS, LINEAGE

FATE = "fate"
_STAND = pa.schema({**ARRIVALS, "_produced_at": LINEAGE["_produced_at"]}.items())
_ORDER = ("identity", "_arrived_at", "_source", "_partition", "_offset")


def identify(topic: str, event_ids: pa.ChunkedArray) -> pa.ChunkedArray:
    """The identities of records that fit their contract."""
    return pc.binary_join_element_wise(topic, event_ids, "/")


def stand(topic: str, rows: pa.Table) -> pa.Table:
    """Rows of a silver table as `arrivals` has them, in the same order, with `_produced_at` beside."""
    identities, topics = identify(topic, rows["event_id"]), pa.repeat(topic, len(rows))
    return _stand(rows, identities, topics, Outcome.SILVER)


def stand_refused(rows: pa.Table) -> pa.Table:
    """The same of rows of quarantine."""
    return _stand(rows, rows["quarantine_id"], rows["topic"], Outcome.QUARANTINE)


def stand_all(judged: Judged) -> pa.Table:
    """The same of all records, in the order of the tables, those that were refused last."""
    stands = [stand(topic, rows) for topic, rows in judged.passed.items()]
    return pa.concat_tables([*stands, stand_refused(judged.refused)])


def _stand(rows: pa.Table, identities: pa.Array, topics: pa.Array, outcome: Outcome) -> pa.Table:
    made = {"identity": identities, "topic": topics, FATE: pa.repeat(outcome.value, len(rows))}
    return pa.table([made[name] if name in made else rows[name] for name in _STAND.names], schema=_STAND)


def decide_fates(stands: pa.Table, memory: Memory) -> pa.Table:
    """Say of each record where it ends: in silver, in quarantine, or as the double of one that does.

    Args:
        stands: what `stand_all` gives, with FATE as each record's contract alone has it.
        memory: what was judged before this batch.

    Returns:
        `stands` with FATE as it is: null for a record that was judged before. Its fate is in `arrivals`,
        which is written last, so its other writes are committed too.
    """
    is_double = memory.knows(stands["identity"])
    is_old = memory.has_judged(stands)
    previous = None
    for row in _together(stands):
        if previous is not None and row["identity"] == previous["identity"]:
            is_double[row["place"]] = True
            # Bronze has the very same record twice.
            is_old[row["place"]] |= all(row[name] == previous[name] for name in POSITION)
        previous = row
    fates = pc.if_else(pa.array(is_double), Outcome.DUPLICATE.value, stands[FATE])
    place = stands.schema.get_field_index(FATE)
    return stands.set_column(place, FATE, pc.if_else(pa.array(is_old), None, fates))


def _together(stands: pa.Table) -> list[dict[str, Any]]:
    """The records whose identity occurs more than once here: side by side, the first to arrive first."""
    # Hashes are told apart faster than texts; two texts that share one stand side by side, and stay two.
    is_shared = pl.Series(pl.from_arrow(stands["identity"])).hash().is_duplicated()
    found = stands.select([*_ORDER, "topic"]).filter(is_shared.to_arrow())
    places = pa.array(np.flatnonzero(is_shared.to_numpy()))
    ordered = found.append_column("place", places).sort_by([(name, "ascending") for name in _ORDER])
    rows: list[dict[str, Any]] = ordered.to_pylist()
    return rows
