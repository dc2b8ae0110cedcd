"""Health of the simulator: the shop's clock is not far behind ours, and what is before it is acknowledged."""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

BEHIND = timedelta(seconds=60)


def is_healthy(home: Path, now: datetime) -> bool:
    """Whether the shop of a home has been sent up to about now.

    Raises:
        OSError: no shop has opened there yet.
    """
    shop = json.loads((home / "shop.json").read_text(encoding="utf-8"))
    return now - datetime.fromisoformat(shop["sent_through"]) < BEHIND


if __name__ == "__main__":
    try:
        sys.exit(0 if is_healthy(Path(os.environ["STAFFORD_HOME"]), datetime.now(UTC)) else 1)
    except OSError as exc:
        sys.exit(f"simulator: {exc}")
