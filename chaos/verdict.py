"""What the ledger says after a fault, and what it must say where a fault deleted records."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq
from deltalake import DeltaTable

from stafford.domain.lake import Lake

Event = tuple[str, str]
"""Topic and event_id."""

_MISSES = {"lost", "missing_copy"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `stafford reconcile` says.

    lost: events that are nowhere, but for those whose records a fault deleted. given_up: events of which a
    fault deleted all there was; where reconcile does not name each of them, and them alone, it is not
    reconciled. details: of what does not reconcile.
    """

    reconciled: bool
    sent: int
    lost: int
    doubled: int
    given_up: int
    details: str


class Arrived:
    """The events that have a fate, read a file at a time: who asks four times a second must not be felt."""

    def __init__(self, lake: Lake) -> None:
        """Nothing is read yet."""
        self._uri = lake.arrivals
        self._files: set[str] = set()
        self._events: set[Event] = set()

    def read(self) -> set[Event]:
        """All that have one now."""
        fresh = set(DeltaTable(self._uri).file_uris()) - self._files
        for file in fresh:
            rows = pq.read_table(file, columns=["topic", "event_id"])
            self._events.update(zip(rows["topic"].to_pylist(), rows["event_id"].to_pylist(), strict=True))
        self._files |= fresh
        return self._events


def judge(said: Mapping[str, Any], deleted: set[Event], arrived: Arrived) -> Verdict:
    """Read a verdict.

    Args:
        said: `stafford reconcile --json`.
        deleted: events of which a fault deleted a record before anybody read it.
        arrived: tells, without the ledger, which of them arrived by another record.
    """
    totals, kinds = said["totals"], dict(said["findings_by_kind"])
    named = {(found["topic"], found["event_id"]) for found in said["findings"] if found["kind"] == "lost"}
    misses = {(found["topic"], found["event_id"]) for found in said["findings"] if found["kind"] in _MISSES}
    given_up = deleted - arrived.read() if deleted else set()
    is_explained = named == given_up and misses <= deleted and kinds.keys() <= _MISSES
    if named != given_up:
        kinds["deleted and not named"] = len(given_up - named)
    return Verdict(
        reconciled=bool(is_explained if deleted else said["reconciled"]),
        sent=totals["sent"],
        lost=len(named - given_up),
        doubled=totals["doubled"],
        given_up=len(given_up),
        details=json.dumps(kinds) if kinds else "",
    )
