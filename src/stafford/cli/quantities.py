"""How people write rates, times and sizes on the command line."""

import re

import typer

_PER_DAY = {"s": 86_400, "min": 1440, "h": 24, "day": 1}
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_THOUSANDS = {"": 1, "k": 1000, "M": 1_000_000}
_BYTES = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}


def parse_rate(text: str) -> float:
    """Read "50/s", "50k/s", "3000/min", "7000/day" or a plain number (per second) as records per day."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([kM]?)(?:/(s|min|h|day))?", text.strip())
    if not match or float(match[1]) <= 0:
        raise typer.BadParameter(f"{text!r} is no rate; write 50/s, 3000/min, 900/h or 7000/day")
    return float(match[1]) * _THOUSANDS[match[2]] * _PER_DAY[match[3] or "s"]


def parse_speed(text: str) -> float:
    """Read "60x" or "60"."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)x?", text.strip())
    if not match or float(match[1]) <= 0:
        raise typer.BadParameter(f"{text!r} is no speed; write 1x or 60x")
    return float(match[1])


def parse_duration(text: str) -> float:
    """Read "30s", "5m", "2h", "7d" or a plain number of seconds, in seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|min|h|d)?", text.strip())
    if not match:
        raise typer.BadParameter(f"{text!r} is no duration; write 30s, 5m or 2h")
    return float(match[1]) * _SECONDS[match[2] or "s"]


def parse_bytes(text: str) -> float:
    """Read "300B", "1.5MB", "1GiB" or a plain number, in bytes."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s?([kMGT]?B|[KMG]iB)?", text.strip())
    if not match or float(match[1]) <= 0:
        raise typer.BadParameter(f"{text!r} is no size; write 300B, 10MB or 1GiB")
    return float(match[1]) * _BYTES[match[2] or "B"]


def write_bytes(number: float) -> str:
    """As "1.5 GB": in powers of ten, three digits."""
    for unit in ("TB", "GB", "MB", "kB"):
        if number >= _BYTES[unit]:
            return f"{number / _BYTES[unit]:.3g} {unit}"
    return f"{number:.0f} B"


def write_age(seconds: float) -> str:
    """As "90 s", "3 min", "5 h" or "2 d": the largest unit of which there are two."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
