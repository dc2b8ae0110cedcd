"""What a batch wrote that was cut off before `arrivals`, and whose query is gone with its checkpoint.

A query that goes on repeats such a batch, and meets its own writes by their transaction ids. A new query has
ids of its own: it would judge those records again, and write them again.
"""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from stafford.domain.lake import Lake
from stafford.errors import StorageError
from stafford.lakehouse.commits import append
from stafford.lakehouse.silver.fates import stand, stand_refused
from stafford.lakehouse.silver.memory import Memory
from stafford.lakehouse.tables import ARRIVALS, LINEAGE


def remember_cut_off(lake: Lake, topics: Iterable[str]) -> int:
    """Give records that stand in silver or quarantine, and are not known to, their rows in `arrivals`.

    Reads where every record of these tables stood, so it is for the start of a new query, which reads all
    of bronze anyway. Only one may write to a lake at a time. One commit, and harmless to repeat.

    Returns:
        How many those were.

    Raises:
        StorageError: the lake cannot be read or written.
    """
    memory, found = Memory(lake), []
    try:
        memory.refresh()
        # Refused records first: one that a replay brought to silver stands in both, and was refused before.
        for stands in _stand_everything(lake, topics):
            missing = stands.filter(pc.invert(pa.array(memory.has_judged(stands))))
            if len(missing):
                rows = missing.select(list(ARRIVALS))
                memory.remember(rows)
                found.append(rows)
        if found:
            append(lake.arrivals, pa.concat_tables(found))
    except (DeltaError, pa.ArrowException, OSError) as exc:
        raise StorageError(
            f"cannot bring {lake.arrivals} up to date: {exc}; free the disk or its rights"
        ) from exc
    return sum(map(len, found))


def _stand_everything(lake: Lake, topics: Iterable[str]) -> Iterator[pa.Table]:
    for rows in _read(lake.quarantine, "quarantine_id", "topic", "event_id"):
        yield stand_refused(rows)
    for topic in topics:
        for rows in _read(lake.silver(topic), "event_id"):
            yield stand(topic, rows)


def _read(uri: str, *identity: str) -> Iterator[pa.Table]:
    columns = [*identity, *(name for name in LINEAGE if name != "_run_id")]
    for batch in DeltaTable(uri).to_pyarrow_dataset().to_batches(columns=columns):
        if len(batch):
            yield pa.Table.from_batches([batch])
