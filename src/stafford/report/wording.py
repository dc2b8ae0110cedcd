"""Numbers and instants as people read them; English, whatever the machine's locale is."""

from datetime import date, datetime, timedelta
from typing import Final

from stafford.domain.money import format_cents

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
MEBIBYTE: Final = 1 << 20
GIBIBYTE: Final = 1 << 30
MINUTE_S: Final = 60


def say_count(count: int, thing: str = "") -> str:
    """Write 1234 as "1,234"; with a thing, "1 order" and "1,234 orders"."""
    if not thing:
        return f"{count:,}"
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def say_euros(cents: float) -> str:
    """Write cents for a headline: whole euros from EUR 100 on, cents below."""
    euros = cents / 100
    return f"EUR {euros:,.0f}" if abs(euros) >= 100 else f"EUR {euros:,.2f}"  # noqa: PLR2004


def say_amount(cents: int) -> str:
    """Write cents for a column that names its currency: 1234567 becomes "12,345.67"."""
    return format_cents(cents, "").strip()


def say_share(part: float, whole: float) -> str:
    """Write a part of a whole in percent, with a decimal below ten; "n/a" where there is no whole."""
    if not whole:
        return "n/a"
    percent = 100 * part / whole
    if 0 < percent < 0.1:  # noqa: PLR2004
        return "under 0.1 %"
    digits = 1 if 0 < abs(percent) < 10 else 0  # noqa: PLR2004
    return f"{percent:.{digits}f} %"


def say_day(day: date) -> str:
    """Write a day: "Saturday 17 January"."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"


def say_hour(hour: int) -> str:
    """Write an hour of the day: "20 h"."""
    return f"{hour} h"


def say_instant(instant: datetime) -> str:
    """Write an instant to the minute: "2026-01-15 20:31"."""
    return f"{instant:%Y-%m-%d %H:%M}"


def say_length(length: timedelta) -> str:
    """Write a length of time in its largest unit that keeps it readable: "7 days", "36 hours"."""
    hours = length / timedelta(hours=1)
    if hours >= 48 and hours % 24 == 0:  # noqa: PLR2004
        return say_count(int(hours // 24), "day")
    if hours >= 72:  # noqa: PLR2004
        return f"{hours / 24:.1f} days"
    if hours >= 1:
        return say_count(int(hours), "hour") if hours == int(hours) else f"{hours:.1f} hours"
    return say_count(round(length.total_seconds() / MINUTE_S), "minute")


def say_seconds(seconds: float) -> str:
    """Write how long something took: "0.4 s", "38 s", "2 min 5 s"."""
    if seconds < 10:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), MINUTE_S)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def say_bytes(size: int) -> str:
    """Write a size of memory: "512 MiB", "3.1 GiB"."""
    return f"{size / GIBIBYTE:.1f} GiB" if size >= GIBIBYTE else f"{size / MEBIBYTE:.0f} MiB"


def shorten(text: str, limit: int) -> str:
    """Cut a text from outside to at most `limit` characters on one line."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
