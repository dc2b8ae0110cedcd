"""When visitors come: the part of a profile that bends the shop's clock."""

from datetime import date, timedelta
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from stafford.generator.profile_parts import Category, Channel, Country, Device, Part, Weight

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class DeviceCurve(Part):
    """Weights of the local hours and weekdays; only their proportions matter."""

    hours: Annotated[tuple[Weight, ...], Field(min_length=24, max_length=24)]
    weekdays: Annotated[tuple[Weight, ...], Field(min_length=7, max_length=7)]


class NthWeekday(Part):
    """Such as the day after the fourth Thursday of November."""

    nth: int = Field(ge=1, le=4)
    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    month: int = Field(ge=1, le=12)
    days_after: int = Field(default=0, ge=0, le=13)


class SpecialDay(Part):
    """A day that is busier or quieter than its season. factor: 1 changes nothing; countries: None for all."""

    name: str
    factor: float = Field(ge=0.01, le=20)
    countries: tuple[Country, ...] | None = None
    dates: tuple[Annotated[str, Field(pattern=r"^\d\d-\d\d$")], ...] = ()
    days_of_month: tuple[Annotated[int, Field(ge=1, le=31)], ...] = ()
    nth_weekday: NthWeekday | None = None

    @model_validator(mode="after")
    def _check_when(self) -> Self:
        if (bool(self.dates), bool(self.days_of_month), self.nth_weekday is not None).count(True) != 1:
            raise ValueError("give one of dates (MM-DD), days_of_month and nth_weekday")
        return self

    def falls_on(self, day: date) -> bool:
        """Whether a day is this one."""
        if self.nth_weekday is not None:
            rule = self.nth_weekday
            before = day - timedelta(days=rule.days_after)
            return (
                before.month == rule.month
                and before.weekday() == _WEEKDAYS.index(rule.weekday)
                and (before.day - 1) // 7 == rule.nth - 1
            )
        return f"{day:%m-%d}" in self.dates or day.day in self.days_of_month


class FlashSaleProfile(Part):
    """A sale of minutes, every year at the same local hour of the shop's first country."""

    at: Annotated[str, Field(pattern=r"^\d\d-\d\dT\d\d:\d\d$")]
    minutes: int = Field(ge=1, le=1440)
    category: Category
    discount_percent: int = Field(ge=1, le=90)
    factor: float = Field(ge=1, le=50)


class CampaignProfile(Part):
    """A campaign, every year from the first day to the last, by each country's clock.

    lift: visits through the channel in multiples of the usual ones; those beyond 1 carry its name. category:
    what these visitors look at most. Its name is one of the words that stand in rows.
    """

    name: Literal[
        "winter_sale", "valentines_day", "spring_sale", "mothers_day", "summer_sale", "back_to_school",
        "autumn_sale", "singles_day", "gift_guide", "new_arrivals",
    ]  # fmt: skip
    channel: Channel
    first_day: Annotated[str, Field(pattern=r"^\d\d-\d\d$")]
    last_day: Annotated[str, Field(pattern=r"^\d\d-\d\d$")]
    lift: float = Field(ge=1, le=20)
    category: Category | None = None

    @field_validator("first_day", "last_day")
    @classmethod
    def _check_day(cls, day: str) -> str:
        date.fromisoformat(f"2025-{day}")  # no leap year: a day that every year has
        return day

    def find_days(self, year: int) -> tuple[date, date]:
        """The first and the last day of the campaign that begins in a year; it may end in the next."""
        last = year + (self.last_day < self.first_day)
        return date.fromisoformat(f"{year}-{self.first_day}"), date.fromisoformat(f"{last}-{self.last_day}")


class TrafficProfile(Part):
    """When visitors come. months: weights of January to December."""

    curves: dict[Device, DeviceCurve] = Field(min_length=3)
    months: Annotated[tuple[Weight, ...], Field(min_length=12, max_length=12)]
    days: tuple[SpecialDay, ...] = ()
    flash_sales: tuple[FlashSaleProfile, ...] = ()
    campaigns: tuple[CampaignProfile, ...] = ()

    @model_validator(mode="after")
    def _check_campaigns(self) -> Self:
        names = [campaign.name for campaign in self.campaigns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"there are two campaigns called {', '.join(twice)}; give each another name")
        return self

    @field_validator("curves")
    @classmethod
    def _sort_curves(cls, curves: dict[Device, DeviceCurve]) -> dict[Device, DeviceCurve]:
        return {device: curves[device] for device in get_args(Device)}
