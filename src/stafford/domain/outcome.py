"""What must become of a record."""

from enum import StrEnum


class Outcome(StrEnum):
    """The three places where a record can end; there is no fourth."""

    SILVER = "silver"
    QUARANTINE = "quarantine"
    DUPLICATE = "duplicate"
