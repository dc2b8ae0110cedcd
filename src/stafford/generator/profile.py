"""What kind of shop it is: a checked, frozen reading of config/profiles/*.yaml."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from stafford.errors import ConfigError
from stafford.generator.mess_profile import MessProfile

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(gt=0)]
Power = Annotated[int, Field(ge=1, le=8)]
Country = Literal["DE", "FR", "GB", "NL", "US"]
Category = Literal["apparel", "shoes", "accessories", "beauty", "home", "electronics"]
Device = Literal["mobile", "desktop", "tablet"]
Channel = Literal["direct", "organic_search", "paid_search", "email", "social", "affiliate"]
Look = Literal["product", "category", "search", "home"]
Method = Literal["card", "paypal", "bank_transfer", "gift_card"]
Carrier = Literal["dhl", "ups", "postnl", "royal_mail"]
Coupon = Literal["WELCOME10", "SPRING15", "SUMMER10", "FRIENDS5", "BLACK20"]
Stars = Annotated[tuple[Weight, ...], Field(min_length=5, max_length=5)]
"""Weights of one star to five."""
LOOKS: tuple[Look, ...] = ("home", "category", "search", "product")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MOST_OTHER_CLICKS = 48  # beyond those of the steps: goods that go into the cart, and the checkout
_LONGEST_SESSION_S = 252_000  # shorter than what a stream looks back for sessions that are still open
_MOST_LINES = 20
ReturnReason = Literal["wrong_size", "not_as_described", "damaged", "changed_mind"]


class Part(BaseModel):
    """A part of a profile: an unknown name is an error, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Range(Part):
    """Whole numbers from least to most, both included."""

    least: int = Field(ge=0)
    most: int = Field(ge=0)

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.most < self.least:
            raise ValueError(f"most is {self.most}, which is below least, {self.least}")
        return self


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


class TrafficProfile(Part):
    """When visitors come. months: weights of January to December."""

    curves: dict[Device, DeviceCurve] = Field(min_length=3)
    months: Annotated[tuple[Weight, ...], Field(min_length=12, max_length=12)]
    days: tuple[SpecialDay, ...] = ()
    flash_sales: tuple[FlashSaleProfile, ...] = ()

    @field_validator("curves")
    @classmethod
    def _sort_curves(cls, curves: dict[Device, DeviceCurve]) -> dict[Device, DeviceCurve]:
        return {device: curves[device] for device in get_args(Device)}


class CategoryProfile(Part):
    """A category: its share of products, its prices, and the share of order lines that come back."""

    weight: Weight
    price_cents: Range
    returned: Share


class StockProfile(Part):
    """How goods come in. A lot covers so many days of sales; it is ordered when stock for fewer is left."""

    least_lot_units: int = Field(ge=20, le=1_000_000)
    covers_days: float = Field(gt=0, le=365)
    reorder_days: float = Field(ge=0, le=365)
    lead_h: Range


class CatalogueProfile(Part):
    """What is on sale."""

    products: int = Field(ge=1, le=200_000)
    launches_per_week: int = Field(ge=0, le=10_000)
    price_changes_per_week: Share
    popularity_head: Annotated[float, Field(gt=0.001, le=10)]
    stock: StockProfile
    categories: dict[Category, CategoryProfile] = Field(min_length=1)


class PurchasesProfile(Part):
    """When a customer buys again: BG/NBD, in weeks.

    Source: Fader, Hardie, Lee, "Counting Your Customers the Easy Way", Marketing Science 24, 2005.
    """

    r: float = Field(ge=0.05, le=20)
    alpha: float = Field(gt=0, le=1000)
    a: float = Field(ge=0.05, le=20)
    b: float = Field(ge=0.05, le=20)


class SpendProfile(Part):
    """What a customer spends on goods in one order: Gamma-Gamma, in EUR.

    Source: P. Fader, B. Hardie, "The Gamma-Gamma Model of Monetary Value", 2013.
    """

    p: float = Field(ge=0.5, le=50)
    q: float = Field(gt=1, le=50)
    v: float = Field(gt=0, le=100_000)


class CustomersProfile(Part):
    """Who buys. moves: share of customers who move within a year; segments: by what they spend."""

    history_weeks: int = Field(ge=1, le=520)
    purchases: PurchasesProfile
    spend: SpendProfile
    loyalty_power: Power
    newcomers: Share
    moves: Annotated[float, Field(ge=0, le=0.9)]
    consents: Share
    countries: dict[Country, Weight] = Field(min_length=1)
    segments: dict[Literal["bargain", "regular", "premium"], Weight] = Field(min_length=1)


class PathProfile(Part):
    """How a visitor goes through the shop. steps: looks after the landing page; moves: from page to page."""

    steps: Range
    devices: dict[Device, Weight] = Field(min_length=1)
    moves: dict[Look, dict[Look, Weight]] | None = None


class IntentProfile(PathProfile):
    """Why visitors come who do not buy this time; the shares are of this intent's sessions."""

    share: Weight
    with_cart: Share
    with_checkout: Share
    signed_in: Share

    @model_validator(mode="after")
    def _check_funnel(self) -> Self:
        if self.with_checkout > self.with_cart:
            raise ValueError(
                f"with_checkout {self.with_checkout} is above with_cart {self.with_cart}: nobody checks out "
                "without a cart"
            )
        if self.with_cart > 0 and self.steps.least < 1:
            raise ValueError("steps.least must be at least 1 where with_cart is above 0")
        return self


class DwellProfile(Part):
    """Time on a page: Weibull."""

    shape: float = Field(ge=0.3, le=3)
    scale_s: float = Field(gt=0, le=600)
    most_s: int = Field(ge=1, le=1_700)


class SessionsProfile(Part):
    """What visitors do. conversion: share of sessions with an order; guests: of orders without a customer.

    moves: from page to page, of every path that has none of its own.
    """

    conversion: Annotated[float, Field(gt=0, le=0.5)]
    guests: Annotated[float, Field(ge=0.01, le=0.95)]
    dwell: DwellProfile
    landing: dict[Literal["home", "category", "product"], Weight] = Field(min_length=1)
    moves: dict[Look, dict[Look, Weight]]
    channels: dict[Channel, Weight] = Field(min_length=1)
    intents: dict[str, IntentProfile] = Field(min_length=1)
    buying: PathProfile

    @model_validator(mode="after")
    def _check_paths(self) -> Self:
        for name, path in {**self.intents, "buying": self.buying}.items():
            moves = path.moves or self.moves
            missing = set(LOOKS) - moves.keys()
            if missing:
                raise ValueError(f"moves of {name} say nothing of {', '.join(sorted(missing))}")
            if any(not row for row in moves.values()):
                raise ValueError(f"moves of {name} have a page that leads nowhere")
            if not any("product" in row for row in moves.values()):
                raise ValueError(
                    f"moves of {name} never lead to a product: nobody buys what they did not see"
                )
        return self

    @model_validator(mode="after")
    def _check_length(self) -> Self:
        for name, path in {**self.intents, "buying": self.buying}.items():
            longest_s = (2 * path.steps.most + _MOST_OTHER_CLICKS) * self.dwell.most_s
            if longest_s > _LONGEST_SESSION_S:
                raise ValueError(
                    f"a session of {name} could last {longest_s:,} s, and none may last more than "
                    f"{_LONGEST_SESSION_S:,}; lower its steps.most, which is {path.steps.most}, or "
                    f"dwell.most_s, which is {self.dwell.most_s}"
                )
        return self

    @model_validator(mode="after")
    def _check_carts(self) -> Self:
        if self.buying.steps.least < 1:
            raise ValueError("buying.steps.least must be at least 1: nobody buys what they did not see")
        return self


class CartsProfile(Part):
    """What goes into a cart: weights of 1, 2, 3 ... items, and of 1, 2, 3 ... units of each."""

    items: Annotated[tuple[Weight, ...], Field(min_length=1, max_length=20)]
    quantities: Annotated[tuple[Weight, ...], Field(min_length=1, max_length=5)]
    removed: Share


class CouponProfile(Part):
    """A code that takes a share of the goods' price off. share: of the orders that may carry it.

    first_orders: only a customer's first order may; months: only orders of those months, all by default.
    """

    percent: int = Field(ge=1, le=90)
    share: Share
    first_orders: bool = False
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = tuple(range(1, 13))


class OrdersProfile(Part):
    """Prices of an order, in cents. coupons: the first in the list that an order gets is the only one."""

    discounted: Share
    discount_percent: Annotated[tuple[Annotated[int, Field(ge=1, le=90)], ...], Field(min_length=1)]
    shipping_cents: int = Field(ge=0)
    free_shipping_from_cents: int = Field(ge=0)
    coupons: dict[Coupon, CouponProfile]


class PaymentsProfile(Part):
    """How orders are paid. declined: share of attempts. retried: share of declines that try again.

    gift_card_cents: what may be on a gift card, each as likely; what it does not cover is paid otherwise.
    """

    methods: dict[Method, Weight] = Field(min_length=1)
    gift_card_cents: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
    declined: Share
    retried: Share


class FulfilmentProfile(Part):
    """How parcels travel. cancelled: share of paid orders; late: share of parcels after the promise.

    packed_min: minutes from picking the goods to dispatching the parcel. lost: share of orders whose first
    parcel never comes; so many days after the promise it is given up, and another one is sent.
    """

    cancelled: Share
    carriers: dict[Carrier, Weight] = Field(min_length=1)
    packed_min: Range
    dispatch_h: Range
    promise_days: Range
    late: Share
    late_h: Range
    lost: Share
    lost_after_days: Range


class ReturnsProfile(Part):
    """How goods come back."""

    requested_after_days: Range
    refunded_after_days: Range
    reasons: dict[ReturnReason, Weight] = Field(min_length=1)


class ReviewsProfile(Part):
    """What buyers say. share: of delivered order lines; disappointed_percent: of buyers, by product.

    Who is pleased and who is disappointed give stars by weights of their own, and that makes a J: many fives,
    some ones, few in between. Who sent goods back that were damaged or not as described is disappointed.

    Source: N. Hu, J. Zhang, P. Pavlou, "Overcoming the J-shaped distribution of product reviews",
    Communications of the ACM 52(10), 2009.
    """

    share: Share
    after_days: Range
    pleased: Stars
    disappointed: Stars
    disappointed_percent: Range

    @model_validator(mode="after")
    def _check_percent(self) -> Self:
        if self.disappointed_percent.most > 100:  # noqa: PLR2004
            raise ValueError(f"disappointed_percent.most is {self.disappointed_percent.most}, above 100")
        return self


class Profile(Part):
    """A kind of shop, with every number that shapes its events."""

    name: str
    description: str
    traffic: TrafficProfile
    catalogue: CatalogueProfile
    customers: CustomersProfile
    sessions: SessionsProfile
    carts: CartsProfile
    orders: OrdersProfile
    payments: PaymentsProfile
    fulfilment: FulfilmentProfile
    returns: ReturnsProfile
    reviews: ReviewsProfile
    mess: MessProfile

    @model_validator(mode="after")
    def _check_spend(self) -> Self:
        spend = self.customers.spend
        mean = spend.p * spend.v / (spend.q - 1)
        prices = [category.price_cents for category in self.catalogue.categories.values()]
        least, most = min(p.least for p in prices) / 100, _MOST_LINES * max(p.most for p in prices) / 100
        if not least <= mean <= most:
            raise ValueError(
                f"customers.spend makes a mean order of {mean:.2f} EUR, and goods at the prices of "
                f"catalogue.categories make orders of {least:.2f} to {most:.2f}; change one of them"
            )
        return self


def find_profile(name: str | Path, directory: Path) -> Path:
    """Give the file of a profile: `fashion-retail` is directory/fashion-retail.yaml, a path is itself."""
    return Path(name) if Path(name).suffix in {".yaml", ".yml"} else directory / f"{name}.yaml"


def load_profile(name: str | Path, directory: Path) -> Profile:
    """Read a profile.

    Args:
        name: what `find_profile` finds.
        directory: where the named profiles are.

    Raises:
        ConfigError: there is no such profile, or a field of it is wrong; names field, value and what is
            allowed.
    """
    path = find_profile(name, directory)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        known = ", ".join(sorted(file.stem for file in directory.glob("*.yaml"))) or "none"
        raise ConfigError(f"no profile {str(name)!r} at {path}; known profiles: {known}") from exc
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ConfigError(f"profile {path} cannot be read as YAML: {exc}; correct the file") from exc
    try:
        return Profile.model_validate(content)
    except ValidationError as exc:
        raise ConfigError(f"profile {path} is wrong:\n{_explain(exc)}") from exc


def _explain(error: ValidationError) -> str:
    return "\n".join(f"  {_describe(fault)}" for fault in error.errors(include_url=False))


def _describe(fault: ErrorDetails) -> str:
    field = ".".join(str(part) for part in fault["loc"]) or "the whole file"
    if fault["type"] == "missing":
        return f"{field} is missing"
    if fault["type"] == "extra_forbidden":
        return f"{field} is no field of a profile; correct its name, or remove it"
    if fault["loc"][-1:] == ("[key]",):
        field = ".".join(str(part) for part in fault["loc"][:-2])
    value = "" if isinstance(fault["input"], dict) else f" is {fault['input']!r}"
    return f"{field}{value}: {fault['msg'].removeprefix('Value error, ')}"
