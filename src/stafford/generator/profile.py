"""What kind of shop it is: a checked, frozen reading of config/profiles/*.yaml."""

from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from stafford.errors import ConfigError
from stafford.generator.mess_profile import MessProfile
from stafford.generator.profile_parts import (
    Carrier,
    Category,
    Country,
    Method,
    Part,
    Power,
    Range,
    Share,
    Weight,
)
from stafford.generator.sessions_profile import CartsProfile, SessionsProfile
from stafford.generator.traffic_profile import TrafficProfile

Coupon = Literal["WELCOME10", "SPRING15", "SUMMER10", "FRIENDS5", "BLACK20"]
Stars = Annotated[tuple[Weight, ...], Field(min_length=5, max_length=5)]
"""Weights of one star to five."""
_MOST_LINES = 20
ReturnReason = Literal["wrong_size", "not_as_described", "damaged", "changed_mind"]


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
    """What is on sale.

    lifetime_weeks: on the shelf, each number as likely; None: nothing is discontinued. variants: products
    that are one thing in several sizes or colours, of categories whose goods have them.
    """

    products: int = Field(ge=1, le=200_000)
    launches_per_week: int = Field(ge=0, le=10_000)
    variants: int = Field(1, ge=1, le=5)
    lifetime_weeks: Range | None = None
    price_changes_per_week: Share
    popularity_head: Annotated[float, Field(gt=0.001, le=10)]
    stock: StockProfile
    categories: dict[Category, CategoryProfile] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_lifetime(self) -> Self:
        if self.lifetime_weeks is None:
            return self
        if self.lifetime_weeks.least < 1:
            raise ValueError("lifetime_weeks.least is 0; a product is on the shelf for a week at least")
        if self.launches_per_week < 1:
            raise ValueError(
                "launches_per_week is 0, so with lifetime_weeks the shelf would be empty some day; launch at "
                "least 1, or leave lifetime_weeks out"
            )
        return self


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


class WinBackProfile(Part):
    """Mail to customers with consent who did not order for so many weeks of mean traffic.

    visits: share of them who come by it.
    """

    after_weeks: int = Field(ge=4, le=260)
    visits: Share


class CustomersProfile(Part):
    """Who buys. segments: by what they spend.

    Shares of customers within a year: moves, of those who move; new_addresses, of those who get another
    e-mail address; withdraws and gives, of those with and without consent to marketing mail who change their
    mind.
    """

    history_weeks: int = Field(ge=1, le=520)
    purchases: PurchasesProfile
    spend: SpendProfile
    loyalty_power: Power
    newcomers: Share
    moves: Annotated[float, Field(ge=0, le=0.9)]
    new_addresses: Share = 0.0
    consents: Share
    withdraws: Share = 0.0
    gives: Share = 0.0
    win_back: WinBackProfile | None = None
    countries: dict[Country, Weight] = Field(min_length=1)
    segments: dict[Literal["bargain", "regular", "premium"], Weight] = Field(min_length=1)


class CouponProfile(Part):
    """A code that takes a share of the goods' price off. share: of the orders that may carry it.

    first_orders: only a customer's first order may; months: only orders of those months, all by default.
    """

    percent: int = Field(ge=1, le=90)
    share: Share
    first_orders: bool = False
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = tuple(range(1, 13))


class OrdersProfile(Part):
    """Prices of an order, in cents. coupons: the first in the list that an order gets is the only one.

    discounted: share of products that have a promotion in a week, the same for whoever buys; it takes one of
    discount_percent off, each as likely.
    """

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
    def _check_campaigns(self) -> Self:
        for campaign in self.traffic.campaigns:
            if campaign.channel not in self.sessions.channels:
                raise ValueError(
                    f"traffic.campaigns: {campaign.name} comes through {campaign.channel}, which is none of "
                    f"sessions.channels: {', '.join(self.sessions.channels)}"
                )
            if campaign.category is not None and campaign.category not in self.catalogue.categories:
                raise ValueError(
                    f"traffic.campaigns: {campaign.name} is about {campaign.category}, which is none of "
                    f"catalogue.categories: {', '.join(self.catalogue.categories)}"
                )
        return self

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
