"""The loops in which customers live: from one order to the next, and the visits that come of it."""

import numpy as np

from stafford.generator.calendar import HOUR
from stafford.generator.compiled import kernel
from stafford.generator.purchases import NEVER, find_next
from stafford.generator.randomness import Floats, Ints, Keys, below_one, derive_one, draw_one, name_stream
from stafford.generator.traffic import UNITS_PER_WEEK, to_calendar, to_operational

_WIN_BACK = np.uint64(name_stream("win-back"))
_KEPT = np.uint64(name_stream("kept cart"))
BETWEEN = 24 * HOUR
"""From one order to the visit that fills the cart of the next, at least; microseconds."""


@kernel
def place_all(at: Ints, first: int, begins: Ints) -> Ints:
    """`to_operational` of each instant."""
    found = np.empty(len(at), np.int64)
    for place in range(len(at)):
        found[place] = to_operational(at[place], first, begins)
    return found


@kernel
def live_through(
    keys: Keys, began: Ints, following: Ints, orders: Ints, invited: Ints, dormant: int, comes_back: float,
    rate_values: Floats, rate_shares: Floats, alpha: float, dropout_values: Floats, dropout_shares: Floats,
    gap_values: Floats, gap_shares: Floats,
) -> None:  # fmt: skip
    """Bring customers who began at a negative operational time to the opening, at 0."""
    for customer in range(len(began)):
        now = began[customer]
        last = now
        while now < 0:
            last = now
            now = find_next(
                keys[customer], orders[customer], now, rate_values, rate_shares, alpha, dropout_values,
                dropout_shares, gap_values, gap_shares,
            )  # fmt: skip
            orders[customer] += 1
        following[customer] = now
        at = _find_invitation(keys[customer], orders[customer] - 1, last, now, dormant, comes_back)
        invited[customer] = at if at >= 0 else NEVER  # what was sent before the opening is past


@kernel
def find_comings(
    members: Ints, keys: Keys, following: Ints, orders: Ints, invited: Ints, fills_from: Ints, keeps: float,
    least_away: int, most_away: int, dormant: int, comes_back: float, end: int, first: int,
    begins: Ints, rate_values: Floats, rate_shares: Floats, alpha: float,
    dropout_values: Floats, dropout_shares: Floats, gap_values: Floats, gap_shares: Floats,
) -> Ints:  # fmt: skip
    """Rows of [customer, number of the order, when, 0 for an order and 1 for a visit by a mail, order when].

    A cart that is filled before `end` makes its order due, though that begins later.
    """
    limit = to_operational(end + (most_away if keeps > 0 else 0), first, begins)
    room, found = 64, 0
    rows = np.empty((room, 5), np.int64)
    for customer in members:
        while min(following[customer], invited[customer]) <= limit:
            orders_now = following[customer] < invited[customer]
            at = to_calendar(following[customer] if orders_now else invited[customer], first, begins)
            orders_at = at
            # Nobody who is yet to be asked back, so that what comes first is known first.
            if orders_now and orders[customer] > 0 and invited[customer] == NEVER:
                cart = derive_one(keys[customer], _KEPT, orders[customer])
                fills_at = at - least_away - below_one(cart, 1, max(most_away - least_away, 1))
                if draw_one(cart, 0) < keeps and fills_at >= fills_from[customer]:
                    at = fills_at
            if at >= end:
                break
            if found == room:
                room *= 2
                wider = np.empty((room, 5), np.int64)
                wider[:found] = rows
                rows = wider
            rows[found, 0], rows[found, 1], rows[found, 2] = customer, orders[customer], at
            rows[found, 3], rows[found, 4] = 0 if orders_now else 1, orders_at
            found += 1
            if not orders_now:
                invited[customer], fills_from[customer] = NEVER, NEVER
                continue
            now = following[customer]
            following[customer] = find_next(
                keys[customer], orders[customer], now, rate_values, rate_shares, alpha, dropout_values,
                dropout_shares, gap_values, gap_shares,
            )  # fmt: skip
            invited[customer] = _find_invitation(
                keys[customer], orders[customer], now, following[customer], dormant, comes_back
            )
            orders[customer] += 1
            fills_from[customer] = orders_at + BETWEEN
    return rows[:found]


@kernel
def _find_invitation(
    key: np.uint64, ordinal: int, last: int, following: int, dormant: int, comes_back: float
) -> int:
    """When a customer comes by a mail that was sent since they did not order for long; NEVER if not.

    All on the operational clock. last, following: their last order and the next one; dormant: how long is
    long, or 0 where nobody is written to; comes_back: the share of those written to who come.
    """
    mail = derive_one(key, _WIN_BACK, ordinal)
    if dormant == 0 or draw_one(mail, 0) >= comes_back:
        return NEVER
    at = last + dormant + below_one(mail, 1, UNITS_PER_WEEK)
    return at if at < following else NEVER
