"""Days, seasons and scheduled sales of a profile are found again in the events, where they belong."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import product
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from stafford.domain.window import to_micros
from stafford.generator import Profile, Shop
from stafford.generator.accounts import TEST_ACCOUNTS
from stafford.generator.draft import Draft
from stafford.generator.layout import NOTHING
from stafford.generator.traffic_profile import FlashSaleProfile, SpecialDay
from stafford.generator.vocabulary import CATEGORIES, COUNTRIES

from .builders import find_profile

_CLOCKS = {
    "DE": ZoneInfo("Europe/Berlin"),
    "FR": ZoneInfo("Europe/Berlin"),
    "NL": ZoneInfo("Europe/Berlin"),
    "GB": ZoneInfo("Europe/London"),
    "US": ZoneInfo("America/New_York"),
}
_SALE = FlashSaleProfile(at="04-02T19:00", minutes=120, category="accessories", discount_percent=35, factor=5)
"""At a discount that the profile gives at no other time; 19:00 in Berlin is 17:00 UTC in April."""
_SALE_BEGINS, _SALE_ENDS = datetime(2026, 4, 2, 17, tzinfo=UTC), datetime(2026, 4, 2, 19, tzinfo=UTC)


def _bend(**changes: object) -> Profile:
    """A shop without campaigns and sales, whose traffic is changed so."""
    profile = find_profile(is_clean=True)
    quiet = {"campaigns": (), "flash_sales": ()}
    return profile.model_copy(update={"traffic": profile.traffic.model_copy(update={**quiet, **changes})})


@dataclass(frozen=True)
class Evening:
    """What the events of some hours say."""

    sessions: int
    of_category: float
    """Share of viewed products."""
    discounted: int
    """Order lines of the category with the sale's discount."""
    others_discounted: int
    full_price: int
    """Order lines of the category without it."""
    of_firsts: float
    """Share of orders whose first line is of the category."""


@cache
def _spend_the_evening(is_sale: bool, begins: datetime) -> Evening:
    """Two hours of a shop."""
    shop = Shop(_bend(flash_sales=(_SALE,) if is_sale else ()), 7, datetime(2026, 4, 1, tzinfo=UTC), 80_000)
    told = shop.open().take(_SALE_ENDS + timedelta(hours=3))
    start, end = to_micros(begins), to_micros(begins + (_SALE_ENDS - _SALE_BEGINS))

    def find_during(draft: Draft) -> Draft:
        return draft.take((draft.column("occurred") >= start) & (draft.column("occurred") < end))

    clicks = find_during(told["clickstream"])
    category = np.zeros(1 + int(told["products"].column("product").max()), np.int64)
    category[told["products"].column("product")] = told["products"].column("category")
    wanted = CATEGORIES.index(_SALE.category)
    viewed = clicks.column("product")[clicks.column("product") != NOTHING]
    lines: Counter[tuple[bool, bool]] = Counter()
    placed = find_during(told["orders"].take(told["orders"].column("kind") == 0))
    for line in range(4):
        goods = placed.take(placed.column("lines") > line)
        bought, quantity, price, discount = (
            goods.column(f"{name}_{line}") for name in ("product", "quantity", "price", "discount")
        )
        has_it = discount == quantity * price * _SALE.discount_percent // 100
        lines.update(zip((category[bought] == wanted).tolist(), has_it.tolist(), strict=True))
    return Evening(
        sessions=int((clicks.column("sequence") == 1).sum()),
        of_category=float((category[viewed] == wanted).mean()),
        discounted=lines[True, True],
        others_discounted=lines[False, True],
        full_price=lines[True, False],
        of_firsts=float((category[placed.column("product_0")] == wanted).mean()),
    )


def test_a_scheduled_sale_is_busy_cheap_and_about_its_category() -> None:
    """In its minutes the factor's multiple of visits, most views and all discounts are of its category."""
    during, without = (_spend_the_evening(is_sale, _SALE_BEGINS) for is_sale in (True, False))
    assert during.sessions == pytest.approx(_SALE.factor * without.sessions, rel=0.1)
    assert during.of_category > 0.5 > 1.5 * without.of_category
    # The shop has nine products of it: most of those who want one find none for their money.
    assert during.of_firsts > 1.5 * without.of_firsts
    assert during.discounted > 15
    assert during.full_price == during.others_discounted == 0


def test_without_the_sale_there_is_none() -> None:
    """Control: the same shop without it sells the category at other prices; before it, both are alike."""
    without = _spend_the_evening(is_sale=False, begins=_SALE_BEGINS)
    assert without.full_price > 0
    assert without.discounted == without.others_discounted == 0
    before = _SALE_BEGINS - timedelta(hours=2)
    with_sale, usual = (_spend_the_evening(is_sale, before) for is_sale in (True, False))
    assert with_sale.sessions == pytest.approx(usual.sessions, rel=0.1)
    assert with_sale.of_category < 0.35
    assert with_sale.discounted == 0


@cache
def _count_days(first: date, days: int, *, is_even: bool) -> Counter[tuple[str, date]]:
    """Sessions by country and local day. is_even: of a shop that knows neither special days nor seasons."""
    profile = _bend(days=(), months=(1.0,) * 12) if is_even else _bend()
    opens_at = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=1)
    told = Shop(profile, 7, opens_at, 40_000).open().take(opens_at + timedelta(days=days + 2))
    begins = told["clickstream"].take(told["clickstream"].column("sequence") == 1)
    hours = begins.column("occurred") // 3_600_000_000
    each, counts = np.unique(np.stack([hours, begins.column("country")]), axis=1, return_counts=True)
    found: Counter[tuple[str, date]] = Counter()
    for hour, place, count in zip(*each.tolist(), counts.tolist(), strict=True):
        day = datetime.fromtimestamp(hour * 3600, _CLOCKS[COUNTRIES[place]]).date()
        found[COUNTRIES[place], day] += count
    return found


_PAID = 1.08
_CHRISTMAS = {
    (country, date(2026, 12, day)): factor
    for country, (day, factor) in product(
        ("DE", "FR", "GB", "NL", "US"),
        ((23, 1.0), (24, 0.55), (25, 0.45 * _PAID), (26, _PAID), (27, _PAID), (28, _PAID), (29, 1.0)),
    )
} | {("GB", date(2026, 12, 26)): 1.35 * _PAID}
_KINGS_DAY = {
    (country, date(2026, 4, day)): factor
    for country, (day, factor) in product(
        ("DE", "FR", "GB", "NL"),
        ((24, 1.0), (25, _PAID), (26, _PAID), (27, _PAID), (28, _PAID)),
    )
} | {("NL", date(2026, 4, 27)): 0.75 * _PAID}
"""By country and local day: how many times its usual visits, in the default profile."""


def _measure(expected: dict[tuple[str, date], float], *, is_even: bool) -> list[str]:
    """Days on which a shop is not as much busier as is expected than one that knows no calendar.

    Counted with the months' weights taken out; a difference within four standard errors is none.
    """
    first = min(day for _, day in expected)
    days = (max(day for _, day in expected) - first).days + 1
    usual = _count_days(first, days, is_even=True)
    found = _count_days(first, days, is_even=is_even)
    months = find_profile().traffic.months
    season = 1.0 if is_even else months[first.month - 1] * 12 / sum(months)
    wrong = []
    for (country, day), factor in expected.items():
        before, now = usual[country, day], found[country, day]
        assert before > 100
        wanted = season * factor * before
        if abs(now - wanted) > 4 * (wanted + (season * factor) ** 2 * before) ** 0.5:
            wrong.append(f"{country} {day}: {now}, not {wanted:.0f}")
    return wrong


@pytest.mark.parametrize("expected", [_CHRISTMAS, _KINGS_DAY], ids=["Christmas", "King's Day"])
def test_special_days_are_where_they_belong(expected: dict[tuple[str, date], float]) -> None:
    """Each country has its own days and no other's; the pay-days are everybody's."""
    assert _measure(expected, is_even=False) == []


def test_a_shop_without_a_calendar_is_found_out() -> None:
    """Control: in a shop that knows no special days, those that differ most are missed."""
    wrong = _measure(_CHRISTMAS, is_even=True)
    for day in (24, 25):
        assert sum(f"2026-12-{day}" in line for line in wrong) >= 4
    assert any(line.startswith("GB 2026-12-26") for line in wrong)
    assert any(line.startswith("NL 2026-04-27") for line in _measure(_KINGS_DAY, is_even=True))


@cache
def _count_customers_orders(*, is_holiday: bool) -> tuple[int, int]:
    """Orders of customers from France, and from Germany, on eight days of which the first stays at home."""
    days = tuple(f"04-{day:02}" for day in range(7, 15))
    quiet = SpecialDay(name="quiet", factor=0.1, dates=days, countries=("FR",))
    opens_at = datetime(2026, 4, 5, tzinfo=UTC)
    told = (
        Shop(_bend(days=(quiet,) if is_holiday else ()), 7, opens_at, 150_000)
        .open()
        .take(opens_at + timedelta(days=9))
    )
    orders = told["orders"].take(
        (told["orders"].column("kind") == 0) & (told["orders"].column("customer") >= 0)
    )
    # Hours of the night on either side belong to days that are alike.
    begins = to_micros(opens_at + timedelta(days=2))
    orders = orders.take((orders.column("placed_at") >= begins) & (orders.column("customer") < TEST_ACCOUNTS))
    french, german = (int((orders.column("country") == COUNTRIES.index(name)).sum()) for name in ("FR", "DE"))
    return french, german


def test_customers_who_buy_know_their_own_countrys_holidays() -> None:
    """A tenth of the French orders, and all the German ones; control: without the holiday all are there."""
    french, german = _count_customers_orders(is_holiday=True)
    usual_french, usual_german = _count_customers_orders(is_holiday=False)
    assert usual_french > 500
    assert french < 0.25 * usual_french
    assert german == pytest.approx(usual_german, rel=0.05)


def test_july_is_as_much_busier_than_february_as_the_profile_says() -> None:
    """Seasons are seen in weeks without a special day; in a shop without any (the control) they are not."""
    months = find_profile().traffic.months
    for is_even, expected in ((False, months[6] / months[1]), (True, 1.0)):
        february, july = (
            sum(_count_days(first, 7, is_even=is_even)[country, first + timedelta(days=day)]
                for country in COUNTRIES for day in range(7))
            for first in (date(2026, 2, 9), date(2026, 7, 6))
        )  # fmt: skip
        # Within four standard errors, which are far smaller than the season.
        error = 4 * (1 / february + 1 / july) ** 0.5
        assert error < 0.03
        assert july / february == pytest.approx(expected, rel=error)
