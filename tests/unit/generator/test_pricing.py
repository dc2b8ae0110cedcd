"""Coupons, tax and refunds are exact to the cent."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stafford.domain.window import to_micros
from stafford.generator.layout import NOTHING
from stafford.generator.pricing import Coupons, find_refund, find_tax
from stafford.generator.profile import Coupon, CouponProfile
from stafford.generator.randomness import Flags, Ints, derive
from stafford.generator.vocabulary import COUNTRIES, COUPONS

ORDERS = 4000
KEYS = derive(7, 1, np.arange(ORDERS))


def at(month: int) -> Ints:
    """As many instants as there are orders, in the last second of a month's first day."""
    return np.full(ORDERS, to_micros(datetime(2026, month, 1, 23, 59, 59, tzinfo=UTC)))


def everybody(*, is_first: bool) -> Flags:
    """The same of each order."""
    return np.full(ORDERS, is_first)


def grant(
    coupons: dict[Coupon, CouponProfile], month: int = 5, *, is_first: bool = False
) -> list[str | None]:
    """The code of each order."""
    granted = Coupons(coupons).grant(KEYS, at(month), everybody(is_first=is_first))
    return [None if place == NOTHING else COUPONS[place] for place in granted]


def test_a_share_of_orders_has_a_code() -> None:
    """As many as the profile says, within four standard errors; with a share of 0 none has, with 1 all."""
    for share, least, most in ((0.0, 0, 0), (0.25, 890, 1110), (1.0, ORDERS, ORDERS)):
        codes = grant({"FRIENDS5": CouponProfile(percent=5, share=share)})
        assert least <= codes.count("FRIENDS5") <= most


def test_first_orders_alone_carry_a_welcome() -> None:
    """A code for first orders is on no other."""
    welcome: dict[Coupon, CouponProfile] = {
        "WELCOME10": CouponProfile(percent=10, share=1, first_orders=True)
    }
    assert set(grant(welcome, is_first=True)) == {"WELCOME10"}
    assert set(grant(welcome)) == {None}


def test_a_campaign_ends_with_its_month() -> None:
    """A code of some months is in no order of another."""
    spring: dict[Coupon, CouponProfile] = {"SPRING15": CouponProfile(percent=15, share=1, months=(3, 4))}
    found = {month for month in range(1, 13) if "SPRING15" in grant(spring, month)}
    assert found == {3, 4}


def test_an_order_has_one_code() -> None:
    """Who could have two has the one that stands first."""
    both: dict[Coupon, CouponProfile] = {
        "FRIENDS5": CouponProfile(percent=5, share=0.5),
        "BLACK20": CouponProfile(percent=20, share=1),
    }
    codes = grant(both)
    assert set(codes) == {"FRIENDS5", "BLACK20"}
    assert codes.count("FRIENDS5") == pytest.approx(ORDERS / 2, rel=0.1)


def test_a_coupon_is_rounded_down() -> None:
    """15% of 9.99 are 1.49; without a code nothing is taken off."""
    coupons = Coupons({"SPRING15": CouponProfile(percent=15, share=1)})
    granted = np.array([COUPONS.index("SPRING15"), NOTHING])
    assert coupons.take_off(granted, np.array([999, 999])).tolist() == [149, 0]


@given(total=st.integers(0, 1_000_000_000), country=st.sampled_from(COUNTRIES))
def test_tax_is_that_of_the_country(total: int, country: str) -> None:
    """The tax in a gross price, rounded half up to the cent, as decimal arithmetic has it."""
    rate = {"DE": "0.19", "FR": "0.20", "GB": "0.20", "NL": "0.21", "US": "0"}[country]
    tax = total - total / (1 + Decimal(rate))
    found = find_tax(np.array([total]), np.array([COUNTRIES.index(country)]))
    assert found.tolist() == [int(tax.quantize(Decimal(1), ROUND_HALF_UP))]


def test_tax_of_known_prices() -> None:
    """11.90 in Germany contain 1.90; half a cent is rounded up; the United States contain none."""
    countries = np.array([COUNTRIES.index(name) for name in ("DE", "GB", "US")])
    assert find_tax(np.array([1190, 3, 1190]), countries).tolist() == [190, 1, 0]


@given(
    lines=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 10**7)), min_size=1, max_size=20),
    percent=st.integers(0, 90),
    data=st.data(),
)
def test_no_more_is_given_back_than_was_paid(
    lines: list[tuple[int, int]], percent: int, data: st.DataObject
) -> None:
    """All units of all lines give back what was paid for the goods, less than a cent for each line."""
    quantity = np.array([units for units, _ in lines])
    total = np.array([cents for _, cents in lines])
    returned = np.array([data.draw(st.integers(1, units)) for units, _ in lines])
    subtotal = np.full(len(lines), total.sum())
    coupon = subtotal * percent // 100
    paid = int(subtotal[0] - coupon[0])
    some = find_refund(total, quantity, returned, subtotal, coupon)
    everything = find_refund(total, quantity, quantity, subtotal, coupon)
    assert (some >= 0).all()
    assert (some <= everything).all()
    assert paid - len(lines) < everything.sum() <= paid


def test_rounding_each_refund_up_would_give_back_too_much() -> None:
    """Control: of three lines of a cent, paid with two, rounding up would give back three."""
    ones, three, coupon = np.ones(3, np.int64), np.full(3, 3), np.full(3, 1)
    assert find_refund(ones, ones, ones, three, coupon).sum() <= 2
    assert -(-ones * (three - coupon) // three).sum() == 3
