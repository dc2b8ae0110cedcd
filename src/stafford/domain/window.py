"""A half-open stretch of time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stafford.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Window:
    """[start, end) in UTC.

    Raises:
        ConfigError: the end is not after the start, or a bound carries no time zone.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for bound in (self.start, self.end):
            if bound.tzinfo is None or bound.utcoffset() != timedelta(0):
                raise ConfigError(f"window bound {bound.isoformat()} is not in UTC; write it with a final Z")
        if self.end <= self.start:
            raise ConfigError(
                f"window ends at {self.end.isoformat()}, which is not after its start "
                f"{self.start.isoformat()}; give an end after the start"
            )

    @property
    def length(self) -> timedelta:
        """How long the window is."""
        return self.end - self.start


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exactly."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """The instant that many microseconds after 1970-01-01 UTC."""
    return EPOCH + timedelta(microseconds=micros)
