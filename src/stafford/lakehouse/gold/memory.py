"""What a gold table remembers of its own making, in the commits that made it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from stafford.errors import StorageError
from stafford.lakehouse.gold.snapshot import Version

_OURS = '{"gold":'


@dataclass(frozen=True, slots=True)
class Memory:
    """How a table was made, and from what.

    It is in the same commit as the rows, so the two cannot disagree, whenever a job is killed. Delta keeps it
    for as long as it keeps commits, a month by default; without it everything is made anew.
    """

    definition: Mapping[str, int]
    """Of the table: its edition, and its parameters."""
    seen: Mapping[str, Version]
    """Up to which version of each silver table its days are right; empty where only some days were made."""

    def to_text(self) -> str:
        """As a commit holds it."""
        return json.dumps({"gold": asdict(self)})

    @classmethod
    def of(cls, uri: str) -> Self | None:
        """What the newest commit of a batch job says; None where there is none.

        Raises:
            StorageError: the table cannot be read.
        """
        try:
            commits = DeltaTable(uri).history()
        except TableNotFoundError:
            return None
        except (DeltaError, OSError) as exc:
            raise StorageError(f"cannot read {uri}: {exc}; check the path and its rights") from exc
        # Joining files, and whatever else maintenance does, says nothing of it.
        notes = (commit.get("userMetadata") or "" for commit in commits)
        for note in notes:
            if not note.startswith(_OURS):
                continue
            known = json.loads(note)["gold"]
            seen = {topic: (identity, version) for topic, (identity, version) in known["seen"].items()}
            return cls(known["definition"], seen)
        return None
