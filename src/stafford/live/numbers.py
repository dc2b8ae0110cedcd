"""What the live numbers are."""

from dataclasses import dataclass
from datetime import datetime, timedelta

TREND_MINUTES = 30
"""How many minutes of revenue are shown, the running one included."""

TOP_MINUTES = 60
"""Over how many minutes products are ranked, the running one included."""

TOP_PRODUCTS = 10

ACTIVE_FOR = timedelta(minutes=30)
"""A session whose last event is older than this has ended, by the custom of web analytics."""


@dataclass(frozen=True, slots=True)
class Sales:
    """Orders placed, and what their customers owe for them. Cancellations are not taken off."""

    orders: int = 0
    revenue_cents: int = 0


@dataclass(frozen=True, slots=True)
class ProductSales:
    """What one product sold; revenue is the sum of its lines, without shipping."""

    product_id: str
    name: str | None
    """As the catalogue last had it; None where the catalogue has not arrived."""
    units: int
    revenue_cents: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """The shop at one instant of its own clock. Minutes and days are those of event time, in UTC."""

    shop_time: datetime | None
    """The newest event time in silver, and never later than the clock of who counts; None without events."""
    minute: Sales
    today: Sales
    active_sessions: int
    revenue_by_minute_cents: tuple[int, ...]
    """TREND_MINUTES of them, the oldest first; the last is the running one."""
    top_products: tuple[ProductSales, ...]
    """At most TOP_PRODUCTS of the last TOP_MINUTES, by revenue, then by id."""
