"""What a publish says of itself, whichever warehouse it went to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Published:
    """What `raw` holds after a publish, by topic."""

    rows: Mapping[str, int]
    versions: Mapping[str, int | None]
    """Delta version of each table; None where silver has no table yet, and `raw` has an empty one."""
    changed: tuple[str, ...]
    """Topics whose table was written; empty when everything was published before."""
    notes: tuple[str, ...] = ()
    """What a person must know about values or views that could not stay as they were."""
