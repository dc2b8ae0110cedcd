"""Tables that are joined and cleaned while they are written."""

import json
import os
import time
from random import Random

from chaos.pieces import RATE, ChaosError
from chaos.platform import Platform

_ROUNDS = 2
_LIMIT_S = 120
_DAYS_OLD = 8


def maintain(platform: Platform, _: Random) -> None:
    """`maintain compact` and `maintain vacuum` beside the running ingestion, more than once.

    A file that no version names lies in a table, eight days old, as from a writer that was killed: vacuum has
    something to delete, and must delete that alone.
    """
    orphan = platform.home / "lake" / "silver" / "orders" / "part-00000-orphan.snappy.parquet"
    orphan.write_bytes(b"of nobody")
    past = time.time() - _DAYS_OLD * 86_400
    os.utime(orphan, (past, past))
    joined = deleted = 0
    for _round in range(_ROUNDS):
        joined += sum(json.loads(platform.run("maintain", "compact", "--json")).values())
        platform.await_flow(RATE * 2, _LIMIT_S)
        deleted += sum(json.loads(platform.run("maintain", "vacuum", "--json")).values())
        platform.await_flow(RATE * 2, _LIMIT_S)
    if not joined or deleted != 1 or orphan.exists():
        raise ChaosError(f"{joined} files were joined and {deleted} deleted, where it should be many and one")
    platform.note(f"{joined} files joined in {_ROUNDS} rounds, one of nobody's deleted")
