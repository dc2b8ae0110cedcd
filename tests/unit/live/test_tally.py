"""The numbers of hand-made rows: what counts, in which minute, and what is forgotten."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stafford.live.numbers import TOP_PRODUCTS, TREND_MINUTES, ProductSales, Sales
from stafford.live.silver import SCHEMAS
from stafford.live.tally import Rows, Tally

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
WALL = datetime(2026, 6, 1, tzinfo=UTC)


def order(at: datetime, cents: int, product: str = "p-1", units: int = 1, kind: str = "order_placed") -> dict:
    line = {"product_id": product, "quantity": units, "line_total_cents": cents}
    own = {"order_id": f"o-{uuid4()}", "occurred_at": at}
    return {**own, "event_type": kind, "total_cents": cents, "lines": [line]}


def click(at: datetime, session: str) -> dict:
    return {"session_id": session, "occurred_at": at}


def product(at: datetime, name: str) -> dict:
    return {"product_id": "p-1", "name": name, "occurred_at": at}


def rows(orders=(), clicks=(), products=()) -> Rows:
    tables = {"orders": orders, "clickstream": clicks, "products": products}
    return Rows(
        **{topic: pa.Table.from_pylist(list(found), schema=SCHEMAS[topic]) for topic, found in tables.items()}
    )


def count(*portions: Rows, wall: datetime = WALL):
    tally = Tally()
    for portion in portions:
        tally.fold(portion, wall)
    return tally.numbers()


def test_nothing_gives_no_time_and_zeros():
    """Before the first event there is no shop time, and everything is zero."""
    numbers = count(rows())
    assert numbers.shop_time is None
    assert (numbers.minute, numbers.today, numbers.active_sessions) == (Sales(), Sales(), 0)
    assert numbers.revenue_by_minute_cents == (0,) * TREND_MINUTES
    assert numbers.top_products == ()


def test_a_late_event_goes_to_its_own_minute():
    """An order that arrives late counts when it happened, not when it came."""
    late = order(NOON - timedelta(minutes=10), 700)
    numbers = count(rows([order(NOON, 500)]), rows([late]))
    assert numbers.minute == Sales(1, 500)
    assert numbers.today == Sales(2, 1200)
    assert (numbers.revenue_by_minute_cents[-1], numbers.revenue_by_minute_cents[-11]) == (500, 700)
    assert sum(numbers.revenue_by_minute_cents) == 1200


def test_days_and_minutes_are_half_open():
    """Midnight belongs to the new day, and the last microsecond before it to the old one."""
    midnight = NOON + timedelta(hours=12)
    before = order(midnight - timedelta(microseconds=1), 100)
    numbers = count(rows([before, order(midnight, 10)]))
    assert numbers.today == numbers.minute == Sales(1, 10)
    assert numbers.revenue_by_minute_cents[-2:] == (100, 10)


def test_only_orders_placed_are_revenue():
    """A cancellation repeats the order's amounts, and is no second order."""
    numbers = count(rows([order(NOON, 500), order(NOON, 500, kind="order_cancelled")]))
    assert numbers.today == Sales(1, 500)
    assert [product.revenue_cents for product in numbers.top_products] == [500]


def test_an_order_submitted_twice_counts_once():
    """The first submission counts, in its own minute, whichever of the two arrives first."""
    first = order(NOON + timedelta(seconds=59), 500)
    again = {**first, "occurred_at": NOON + timedelta(seconds=62)}
    once = count(rows([first, order(NOON + timedelta(seconds=62), 7, "p-2")]))
    for portions in ([[first, again]], [[again, first]], [[first], [again]], [[again], [first]]):
        portions[-1].append(order(NOON + timedelta(seconds=62), 7, "p-2"))
        numbers = count(*(rows(portion) for portion in portions))
        assert numbers == once
    assert (once.today, once.minute) == (Sales(2, 507), Sales(1, 7))
    assert once.revenue_by_minute_cents[-2:] == (500, 7)
    # control: two orders that are alike are two
    assert count(rows([first, order(NOON, 500)])).today == Sales(2, 1000)


def test_a_session_is_active_for_half_an_hour():
    """Each session counts once, from its last event; exactly half an hour is still active."""
    clicks = [
        click(NOON, "a"),
        click(NOON - timedelta(hours=2), "a"),
        click(NOON - timedelta(minutes=30), "b"),
        click(NOON - timedelta(minutes=30, microseconds=1), "c"),
    ]
    assert count(rows(clicks=clicks)).active_sessions == 2


def test_products_are_ranked_by_the_revenue_of_the_last_hour():
    """Sixty minutes with the running one; equal revenue goes by id; the newest name is shown."""
    early = order(NOON - timedelta(minutes=60), 90_000, "p-old")
    in_time = order(NOON - timedelta(minutes=59), 300, "p-2", units=3)
    many = [order(NOON, 10, f"p-{number}x") for number in range(TOP_PRODUCTS)]
    names = [product(NOON - timedelta(days=90), "Old Hat"), product(NOON, "Hat")]
    numbers = count(rows([early, in_time, order(NOON, 300), *many], products=names[::-1]))
    assert numbers.top_products[:3] == (
        ProductSales("p-1", "Hat", 1, 300),
        ProductSales("p-2", None, 3, 300),
        ProductSales("p-0x", None, 1, 10),
    )
    assert len(numbers.top_products) == TOP_PRODUCTS


def test_a_device_that_is_ahead_does_not_move_the_shop_s_clock():
    """The newest event is now only as far as our own clock has come."""
    ahead = order(NOON + timedelta(hours=20), 99)
    numbers = count(rows([order(NOON, 500), ahead]), wall=NOON)
    assert numbers.shop_time == NOON
    assert numbers.today == Sales(1, 500)


def test_a_row_that_is_folded_twice_counts_once():
    """An order has an identity, so that the same row again changes nothing."""
    portion = rows([order(NOON, 500)])
    assert count(portion, portion) == count(portion)


@pytest.mark.parametrize("product_minutes", [0, 59])
def test_what_is_old_is_forgotten(product_minutes):
    """Months of history leave no more in memory than two days have minutes."""
    tally = Tally()
    for day in range(40):
        at = NOON + timedelta(days=day)
        tally.fold(rows([order(at, 5), order(at - timedelta(minutes=product_minutes), 5)]), WALL)
        tally.fold(rows(clicks=[click(at, f"s-{day}")]), WALL)
    assert len(tally._minutes) <= 4  # noqa: SLF001  # what is kept cannot be seen from outside
    assert len(tally._seen) == 1  # noqa: SLF001


EVENTS = st.lists(
    st.tuples(st.integers(0, 4000), st.integers(1, 999), st.sampled_from("abc")), min_size=1, max_size=25
)


@given(events=EVENTS, cut=st.integers(0, 25), wall_minutes=st.integers(0, 5000), seed=st.randoms())
def test_order_and_portions_do_not_matter(events, cut, wall_minutes, seed):
    """The same rows give the same numbers in whatever order and portions they come."""
    start = NOON - timedelta(days=1)
    made = [
        (order(start + timedelta(minutes=m), c, f"p-{p}"), click(start + timedelta(minutes=m), p))
        for m, c, p in events
    ]
    whole = rows(*zip(*made, strict=True))
    seed.shuffle(made)
    portions = [rows(*zip(*part, strict=True)) for part in (made[:cut], made[cut:]) if part]
    wall = start + timedelta(minutes=wall_minutes)
    assert count(*portions, wall=wall) == count(whole, wall=wall)
