"""When people come: hour, weekday and Black Friday, each by the clock of their country."""

from datetime import date, timedelta
from functools import partial

import numpy as np
import numpy.typing as npt

from stafford.realism.evidence.rhythm import WEEKDAYS, Rhythm
from stafford.realism.evidence.visits import DEVICES, Device
from stafford.realism.expectations import Expectations
from stafford.realism.facts import Facts
from stafford.realism.metric import Unit, metric
from stafford.realism.unanswered import NotMeasurable

LEAST_SESSIONS = 20_000
"""With fewer, chance alone takes the correlation of a true curve below 0.98."""
LEAST_DAYS = 28
LEAST_SESSIONS_OF_WEEKS = 80_000
"""The same for weekdays: the median of a hundred weeks of so many sessions errs by 1.2%, where a curve's own
standard deviation is a tenth."""
NOVEMBER, NOVEMBER_DAYS, THURSDAY = 11, 30, 3


def _correlate(measured: npt.NDArray[np.float64], expected: tuple[float, ...] | None, name: str) -> float:
    if expected is None:
        raise NotMeasurable(f"the targets have no {name} to compare with")
    if not np.all(np.isfinite(measured)) or np.ptp(measured) == 0:
        raise NotMeasurable(f"the {name} is not covered, or flat")
    if np.ptp(expected) == 0:
        raise NotMeasurable(f"the {name} of the targets is flat")
    return float(np.corrcoef(measured, expected)[0, 1])


def _demand(facts: Facts, device: str, least: int, unit: str) -> None:
    sessions = int(facts.rhythm.sessions[device].sum()) if device in facts.rhythm.sessions else 0
    if sessions < least:
        raise NotMeasurable(f"{sessions:,} sessions on {device}; a curve by {unit} wants {least:,}")


def _find_hours(facts: Facts, device: str) -> npt.NDArray[np.float64]:
    _demand(facts, device, LEAST_SESSIONS, "hour")
    return facts.rhythm.by_hour(device).astype(np.float64)


def _measure_hours(facts: Facts, expected: Expectations, *, device: Device) -> float:
    """Correlation of sessions by local hour of their beginning with the curve of the targets.

    Source: the kind of shop itself; Pearson's correlation.
    """
    return _correlate(_find_hours(facts, device), expected.hours.get(device), f"curve by hour on {device}")


def _measure_weekdays(facts: Facts, expected: Expectations, *, device: Device) -> float:
    """Correlation of sessions by local weekday with the curve of the targets.

    Whole local days only, each over the mean of its week, and the median of those: the curve is that of an
    ordinary week, whatever season, growth and sales do.

    Source: the kind of shop itself; Pearson's correlation.
    """
    days = len(facts.rhythm.orders)
    if days < LEAST_DAYS:
        raise NotMeasurable(f"the data cover {days} whole days; a curve by weekday wants {LEAST_DAYS}")
    _demand(facts, device, LEAST_SESSIONS_OF_WEEKS, "weekday")
    return _correlate(
        facts.rhythm.by_weekday(device), expected.weekdays.get(device), f"curve by weekday on {device}"
    )


for _device in DEVICES:
    metric(f"hours.{_device}", f"Hours of the day on {_device}: correlation", Unit.NUMBER)(
        partial(_measure_hours, device=_device)
    )
    metric(f"weekdays.{_device}", f"Weekdays on {_device}: correlation", Unit.NUMBER)(
        partial(_measure_weekdays, device=_device)
    )


@metric("hours.peak", "Busiest local hour", Unit.HOUR)
def measure_peak(facts: Facts, _: Expectations) -> float:
    """The local hour in which most sessions begin, all devices: 20 is the hour from 20:00 to 21:00."""
    hours = np.sum([facts.rhythm.by_hour(device) for device in facts.rhythm.sessions], axis=0)
    if np.sum(hours) < LEAST_SESSIONS:
        raise NotMeasurable(f"{int(np.sum(hours)):,} sessions; a curve by hour wants {LEAST_SESSIONS:,}")
    return float(np.argmax(hours))


@metric("hours.difference", "Hours of the day, mobile against desktop", Unit.SHARE)
def measure_difference(facts: Facts, _: Expectations) -> float:
    """How much of one curve would have to move to make it the other: total variation distance."""
    mobile, desktop = (_find_hours(facts, device) for device in ("mobile", "desktop"))
    return float(np.abs(mobile / mobile.sum() - desktop / desktop.sum()).sum() / 2)


def find_black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    first = date(year, NOVEMBER, 1)
    return first + timedelta(days=(THURSDAY - first.weekday()) % WEEKDAYS + 3 * WEEKDAYS + 1)


def find_novembers(rhythm: Rhythm) -> list[slice]:
    """Where each November that is covered in full stands among the days."""
    found = []
    for index, day in enumerate(rhythm.days):
        if (day.month, day.day) == (NOVEMBER, 1) and index + NOVEMBER_DAYS <= len(rhythm.orders):
            found.append(slice(index, index + NOVEMBER_DAYS))
    return found


def _measure_black_friday(facts: Facts, _: Expectations, *, of_orders: bool) -> float:
    """Sessions or orders of Black Friday / their mean over all days of November, Black Friday among them.

    Local days; the mean over the years where there are several.

    Source: several retailers' reports, gathered as "2.8 to 3.1 times a mean day".
    """
    daily = facts.rhythm.orders if of_orders else facts.rhythm.sessions_by_day
    novembers = find_novembers(facts.rhythm)
    if not novembers:
        raise NotMeasurable("the data do not cover a whole November")
    ratios = []
    for november in novembers:
        day = find_black_friday(facts.rhythm.days[november.start].year)
        mean = float(daily[november].mean())
        if not mean:
            raise NotMeasurable("nothing happened in November")
        ratios.append(float(daily[november.start + day.day - 1]) / mean)
    return float(np.mean(ratios))


metric("black_friday.sessions", "Black Friday's sessions", Unit.TIMES)(
    partial(_measure_black_friday, of_orders=False)
)
metric("black_friday.orders", "Black Friday's orders", Unit.TIMES)(
    partial(_measure_black_friday, of_orders=True)
)
