"""What must become of a record."""

from enum import StrEnum


class Outcome(StrEnum):
    """The three places where a record can end; there is no fourth."""

    SILVER = "silver"
    QUARANTINE = "quarantine"
    DUPLICATE = "duplicate"


class Resolution(StrEnum):
    """What became of a quarantined record when it was replayed."""

    SILVER = "silver"
    """It fits now, and stands in silver."""
    DUPLICATE = "duplicate"
    """It fits now, and its event stood in silver already."""
    DROPPED = "dropped"
    """A person gave it up, and said why."""
    QUARANTINE = "quarantine"
    """It was changed or judged anew, and still does not fit."""
