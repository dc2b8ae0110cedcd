"""What a coupon takes off an order, what of it is tax, and what of it is given back: in whole cents."""

from collections.abc import Mapping

import numpy as np

from stafford.generator.layout import NOTHING
from stafford.generator.profile import Coupon, CouponProfile
from stafford.generator.randomness import Flags, Ints, Keys, derive, draw_unit, name_stream
from stafford.generator.vocabulary import COUNTRIES, COUPONS, VAT_PERCENT

_COUPON = name_stream("coupon")
_RATES = np.array([VAT_PERCENT[country] for country in COUNTRIES], np.int64)


class Coupons:
    """The codes of a shop, and who has one."""

    def __init__(self, coupons: Mapping[Coupon, CouponProfile]) -> None:
        self._coupons = [(COUPONS.index(code), coupon) for code, coupon in coupons.items()]
        self._percent = np.zeros(len(COUPONS) + 1, np.int64)  # the last is that of no code
        for place, coupon in self._coupons:
            self._percent[place] = coupon.percent

    def grant(self, keys: Keys, placed_at: Ints, is_first: Flags) -> Ints:
        """The code of each order, as its place among COUPONS, or NOTHING.

        Args:
            keys: of the orders.
            placed_at: UTC microseconds; the month of a campaign is that of UTC.
            is_first: whether it is a customer's first order.
        """
        months = placed_at.view("datetime64[us]").astype("datetime64[M]").astype(np.int64) % 12 + 1
        granted = np.full(len(keys), NOTHING, np.int64)
        for place, coupon in self._coupons:
            has = draw_unit(derive(keys, _COUPON, place), 0) < coupon.share
            has &= np.isin(months, coupon.months) & (granted == NOTHING)
            if coupon.first_orders:
                has &= is_first
            granted[has] = place
        return granted

    def take_off(self, granted: Ints, subtotal: Ints) -> Ints:
        """Cents that each code is worth: its percent of the goods, rounded down."""
        cents: Ints = subtotal * self._percent[np.where(granted == NOTHING, -1, granted)] // 100
        return cents


def find_tax(total: Ints, country: Ints) -> Ints:
    """The value added tax contained in totals, rounded half up: total * rate / (100 + rate).

    Args:
        total: cents that the customer pays, shipping included.
        country: places among COUNTRIES; the rate is that of where the goods go.
    """
    rate = _RATES[country]
    return (2 * total * rate + 100 + rate) // (2 * (100 + rate))


def find_refund(line_total: Ints, quantity: Ints, returned: Ints, subtotal: Ints, coupon: Ints) -> Ints:
    """What is given back for some units of lines, their share of the coupon taken off, rounded down.

    line_total * returned / quantity * (subtotal - coupon) / subtotal, in one division. Each is rounded down,
    so the refunds of an order never exceed what its goods were paid with.
    """
    # With the contract's limit of 10^9 cents and at most 5 units a line this stays below 2^63.
    return line_total * returned * (subtotal - coupon) // (quantity * subtotal)
