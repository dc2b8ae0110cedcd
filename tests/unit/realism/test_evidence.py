"""What is read from events: exact in spite of copies, by local time, blind to labels."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.unit.realism.builders import OPENS_AT, order, visit, write_events

from stafford.errors import ConfigError, ContractViolation, StorageError
from stafford.realism import load_targets, measure
from stafford.realism.facts import Facts
from stafford.settings import PROJECT_DIR

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
Read = Callable[..., Facts]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write events, and read what realism knows of them."""

    def read_events(**topics: Iterable[Mapping[str, Any]]) -> Facts:
        targets = load_targets("fashion-retail", PROJECT_DIR / "config" / "realism")
        return measure(write_events(tmp_path / "run", **topics), targets).facts

    return read_events


def test_sessions_are_counted(read: Read) -> None:
    """A bounce, a session with a cart, and one with an order."""
    facts = read(
        clickstream=[
            *visit("s-1", "home"),
            *visit("s-2", "home", "product", "add", device="desktop"),
            *visit("s-3", "product", "add", "cart", "checkout", "checkout"),
        ],
        orders=[order("o-1", "s-3")],
    )
    counts = facts.visits.all
    assert (counts.sessions, counts.bounced, counts.with_add, counts.with_checkout) == (3, 1, 2, 1)
    assert (counts.with_order, counts.with_add_and_order, counts.pages, counts.buying_pages) == (1, 1, 7, 4)
    assert (counts.views, counts.adds, counts.order_cents) == (2, 2, 2500)
    assert facts.visits.by_device["desktop"].sessions == 1
    assert facts.visits.by_device["mobile"].order_cents == 2500


def test_copies_count_for_nothing(read: Read) -> None:
    """A copy does not unmake a bounce, and blanks do not make a device."""
    (page,) = visit("s-1", "home")
    later = page | {"occurred_at": OPENS_AT + HOUR}
    view, add = visit("s-2", "product", "add", device=" Mobile ")
    facts = read(clickstream=[page, later, page, view, add, add])
    counts = facts.visits.by_device["mobile"]
    assert (counts.sessions, counts.bounced, counts.pages, counts.views, counts.adds) == (2, 2, 2, 1, 1)


def test_pairs_of_lines_are_counted(read: Read) -> None:
    """Three pairs, one of them alike; unknown goods make none, nor do copies, nor does one line alone."""
    products = [
        {"product_id": product, "category": category, "launched_at": OPENS_AT}
        for product, category in (("p-1", "shoes"), ("p-1", " Shoes"), ("p-2", "shoes"), ("p-3", "home"))
    ]

    def bought(order_id: str, *product_ids: str) -> dict[str, Any]:
        return order(
            order_id, "s-1", lines=[{"product_id": product, "quantity": 1} for product in product_ids]
        )

    three = bought("o-1", "p-1", "p-3", "p-2")
    orders = [three, three | {"event_id": "again"}, bought("o-2", "p-1", "p-9"), bought("o-3", "p-2")]
    baskets = read(products=products, orders=orders).baskets
    # Of two of the three lines dealt out, the second is of the category of the first in one case of three.
    assert (baskets.pairs, baskets.alike, baskets.chance_alike) == (3, 1, pytest.approx(1 / 3))


def test_carts_and_campaigns_are_counted(read: Read) -> None:
    """A known customer's cart without an order is left; a visit that begins with the cart is a return."""
    facts = read(
        clickstream=[
            *visit("s-1", "product", "add", customer_id="c-1"),
            *visit("s-2", "cart", "product", "add", customer_id="c-1", campaign="cart_reminder"),
            # Neither: nobody knows who it was, and the cart is the second page.
            *visit("s-3", "product", "add"),
            *visit("s-4", "home", "cart", customer_id="c-1"),
            *visit("s-5", "cart", "checkout", customer_id="c-1"),
        ],
        orders=[order("o-1", "s-5"), order("o-2", "s-3")],
    )
    counts = facts.visits.all
    assert (counts.left_carts, counts.to_carts, counts.with_campaign) == (1, 2, 1)
    assert (counts.carts_bought, counts.with_order) == (1, 2)


def test_different_events_are_not_copies(read: Read) -> None:
    """Negative control: the same page again under an id of its own counts; so does a session of 100 pages."""
    facts = read(clickstream=[*visit("s-1", "home", "home"), *visit("s-2", *["product"] * 100)])
    counts = facts.visits.all
    assert (counts.bounced, counts.pages, counts.views) == (0, 102, 100)


def test_double_submitted_order_is_one(read: Read) -> None:
    """Two event ids with one order_id are one order; two orders are two."""
    again = order("o-1", "s-1", event_id="again")
    facts = read(
        clickstream=visit("s-1", "home"),
        orders=[order("o-1", "s-1"), again, order("o-2", "s-1", customer_id="c-1")],
    )
    assert (facts.baskets.orders, facts.baskets.guest_orders, facts.baskets.units) == (2, 1, 4)
    assert facts.visits.all.with_order == 1


def test_returning_is_known_by_session_and_by_registration(read: Read) -> None:
    """New on the first day, seen before by a session or an older registration; strangers are always new."""
    facts = read(
        clickstream=[
            *visit("s-1", "home", customer_id="c-new"),
            *visit("s-2", "home", at=OPENS_AT + 2 * HOUR, customer_id="c-new"),
            *visit("s-3", "home", customer_id="c-old"),
            *visit("s-4", "home", customer_id="c-unknown"),
            *visit("s-5", "home"),
            *visit("s-6", "home"),
        ],
        customers=[
            {"event_type": "customer_registered", "customer_id": "c-new", "registered_at": OPENS_AT},
            {"event_type": "customer_updated", "customer_id": "c-old", "registered_at": OPENS_AT - DAY},
        ],
    )
    # The second session of c-new, c-old, and c-unknown, who must have registered before the data begin.
    assert facts.visits.all.returning == 3


@pytest.mark.parametrize(
    ("country", "at", "hour"),
    [
        ("DE", datetime(2025, 3, 30, 0, 59, tzinfo=UTC), 1),
        ("DE", datetime(2025, 3, 30, 1, 0, tzinfo=UTC), 3),
        ("GB", datetime(2025, 3, 30, 1, 0, tzinfo=UTC), 2),
        ("GB", datetime(2025, 10, 26, 1, 0, tzinfo=UTC), 1),
        ("FR", datetime(2025, 10, 26, 0, 59, tzinfo=UTC), 2),
        ("US", datetime(2025, 3, 9, 6, 59, tzinfo=UTC), 1),
        ("US", datetime(2025, 3, 9, 7, 0, tzinfo=UTC), 3),
        ("US", datetime(2025, 11, 2, 6, 0, tzinfo=UTC), 1),
    ],
)
def test_hours_are_local_across_both_changes(read: Read, country: str, at: datetime, hour: int) -> None:
    """A session counts for the hour on the wall of its country, on the days on which clocks change too."""
    facts = read(
        clickstream=[
            *visit("s-1", "home", at=at - 3 * DAY),
            *visit("s-2", "home", at=at, country=country, device="tablet"),
            *visit("s-3", "home", at=at + 3 * DAY),
        ]
    )
    assert facts.rhythm.by_hour("tablet").nonzero()[0].tolist() == [hour]
    assert facts.rhythm.sessions["tablet"][(at.date() - facts.rhythm.first_day).days].sum() == 1


def test_days_without_a_session_are_days(read: Read) -> None:
    """Days run without a gap, and the outermost ones are left out."""
    facts = read(
        clickstream=[
            row for day in (0, 1, 4, 5) for row in visit(f"s-{day}", "home", at=OPENS_AT + day * DAY)
        ]
    )
    assert facts.rhythm.days == [date(2025, 1, 7) + index * DAY for index in range(4)]
    assert facts.rhythm.sessions_by_day.tolist() == [1, 0, 0, 1]


def test_dwell_is_from_page_to_page(read: Read) -> None:
    """The time before a cart event, over a missing record and after the last page is not a dwell."""
    pages = visit("s-1", "home", "product", "add", "cart", "home", "home", "home", every_s=10)
    del pages[5]
    facts = read(clickstream=[*pages, pages[0]])
    assert facts.dwell_s.tolist() == [10.0, 10.0]


def test_popularity_is_per_day_on_sale(read: Read) -> None:
    """Half the views in half the time is as popular; what is too new is left out."""
    steps = [
        row
        for index in range(40)
        for row in visit(
            f"s-{index}", "product", at=OPENS_AT + index * DAY, product_id="p-1" if index % 2 else "p-2"
        )
    ]
    facts = read(
        clickstream=[
            *steps,
            *visit("s-x", "product", "home", at=OPENS_AT, product_id="p-new"),
            *visit("s-y", "product", "home", at=OPENS_AT, product_id="p-old"),
        ],
        products=[
            {"product_id": "p-1", "category": "home", "launched_at": OPENS_AT - DAY},
            {"product_id": "p-2", "category": "home", "launched_at": OPENS_AT + timedelta(days=19.5)},
            {"product_id": "p-new", "category": "home", "launched_at": OPENS_AT + 30 * DAY},
            {"product_id": "p-old", "category": "home", "launched_at": OPENS_AT - DAY},
            {
                "product_id": "p-old",
                "category": "home",
                "launched_at": OPENS_AT - DAY,
                "event_type": "product_discontinued",
                "occurred_at": OPENS_AT + 20 * DAY,
            },
        ],
    )
    assert facts.product_views.tolist() == pytest.approx([20 / 19.5, 20 / 39, 1 / 20])


def test_fulfilment_judges_what_is_settled(read: Read) -> None:
    """Late parcels, cancellations and returns of orders that are old enough; a copy of a payment is one."""
    old, new = OPENS_AT, OPENS_AT + 60 * DAY
    paid = {"event_type": "payment_captured", "method": "card"}
    facts = read(
        clickstream=visit("s-1", "home"),
        orders=[
            order("o-1", "s-1", old),
            order("o-2", "s-1", old),
            order("o-3", "s-1", new),
            {"event_type": "order_cancelled", "order_id": "o-2"},
        ],
        payments=[paid | {"event_id": "y"}, paid | {"event_id": "y"}, {"event_type": "payment_declined"}],
        products=[{"product_id": "p-1", "category": "beauty", "launched_at": old}],
        shipments=[
            {
                "event_type": "shipment_dispatched",
                "shipment_id": "h-1",
                "occurred_at": old,
                "promised_at": old,
            },
            {
                "event_type": "shipment_delivered",
                "shipment_id": "h-1",
                "occurred_at": old + DAY,
                "promised_at": old,
            },
            {
                "event_type": "shipment_delivered",
                "shipment_id": "h-2",
                "occurred_at": old,
                "promised_at": old,
            },
            {
                "event_type": "shipment_delivered",
                "shipment_id": "h-3",
                "occurred_at": new,
                "promised_at": new,
            },
        ],
        returns=[
            {"event_type": "return_requested", "order_id": "o-1", "line_number": 1},
            {"event_type": "return_requested", "order_id": "o-3", "line_number": 1},
        ],
    )
    found = facts.fulfilment
    assert (found.captured, found.captured_by_card, found.attempts, found.declined) == (1, 1, 2, 1)
    assert (found.delivered, found.late, found.orders, found.cancelled) == (2, 1, 2, 1)
    assert (found.lines, found.returned_lines) == ({"beauty": 1}, {"beauty": 1})


def test_histories_begin_with_the_data(read: Read) -> None:
    """Who registered before the data begin has no complete history here, nor has anybody unknown."""
    facts = read(
        clickstream=[*visit("s-1", "home"), *visit("s-2", "home", at=OPENS_AT + 14 * DAY)],
        customers=[
            {"customer_id": "c-new", "registered_at": OPENS_AT + HOUR},
            {"customer_id": "c-old", "registered_at": OPENS_AT - DAY},
        ],
        orders=[
            order("o-1", "s-1", OPENS_AT + 7 * DAY, customer_id="c-new"),
            order("o-2", "s-1", OPENS_AT + 9 * DAY, customer_id="c-old"),
            order("o-3", "s-1", OPENS_AT + 9 * DAY, customer_id="c-unknown"),
            order("o-4", "s-1", OPENS_AT + 9 * DAY),
        ],
    )
    assert facts.purchases.is_complete.tolist() == [True, False, False]
    assert facts.purchases.complete().weeks.tolist() == [1.0]
    assert facts.purchases.end_week == 2.0


def test_labels_and_manifest_are_not_read(read: Read, tmp_path: Path) -> None:
    """What stands beside the topics may be anything."""
    (tmp_path / "run" / "labels" / "clickstream").mkdir(parents=True)
    (tmp_path / "run" / "labels" / "clickstream" / "part-0.parquet").write_text("no parquet")
    (tmp_path / "run" / "manifest.json").write_text("no json")
    assert read(clickstream=visit("s-1", "home")).visits.all.sessions == 1


def test_nothing_is_a_number_too(read: Read) -> None:
    """A folder whose topics are all empty is read without a mishap."""
    facts = read()
    assert (facts.visits.all.sessions, facts.baskets.orders, len(facts.purchases.weeks)) == (0, 0, 0)


def test_folder_without_events_is_refused(tmp_path: Path) -> None:
    """An absent topic, absent columns and a broken file each get an error of their own."""
    targets = load_targets("fashion-retail", PROJECT_DIR / "config" / "realism")
    with pytest.raises(ConfigError, match=r"clickstream/\*\.parquet"):
        measure(tmp_path / "nothing", targets)
    folder = write_events(tmp_path / "run", clickstream=visit("s-1", "home"))
    path = folder / "clickstream" / "part-0.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["sequence"]), path)
    with pytest.raises(ContractViolation, match="sequence"):
        measure(folder, targets)
    path.write_bytes(b"no parquet")
    with pytest.raises(StorageError, match="cannot be read"):
        measure(folder, targets)


def test_measuring_loads_no_generator() -> None:
    """Importing all of realism imports neither the generator nor the ledger, not even by a detour."""
    code = (
        "import sys, stafford.realism; "
        "print([name for name in sys.modules if name.startswith(('stafford.generator', 'stafford.ledger'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_aftermath_counts_each_thing_once(read: Read) -> None:
    """Coupons by order, stars by event, lost parcels that are settled; two refused cards are no attempt."""
    old, new = OPENS_AT, OPENS_AT + 60 * DAY
    refused = {"event_type": "payment_declined", "decline_reason": "suspected_fraud"}
    facts = read(
        clickstream=visit("s-1", "home"),
        orders=[
            order("o-1", "s-1", old, coupon_code="WELCOME10"),
            order("o-1", "s-1", old + DAY, coupon_code="WELCOME10", event_id="again"),
            order("o-2", "s-1", old),
            order("o-3", "s-1", new),
        ],
        payments=[refused | {"order_id": "o-2"}] * 3
        + [refused | {"order_id": "o-1"}] * 2
        + [refused | {"order_id": "o-1", "event_id": "payments-3"}],  # a copy
        products=[{"product_id": "p-1", "category": "beauty", "launched_at": old}],
        shipments=[
            {"event_type": "shipment_dispatched", "shipment_id": "h-1", "promised_at": old},
            {"event_type": "shipment_lost", "shipment_id": "h-1", "promised_at": old},
            {"event_type": "shipment_delivered", "shipment_id": "h-2", "promised_at": old},
            {"event_type": "shipment_lost", "shipment_id": "h-3", "promised_at": new},
        ],
        reviews=[{"rating": 5}, {"rating": 5}, {"rating": 1}, {"rating": 1, "event_id": "reviews-2"}],
    )
    found = facts.aftermath
    assert (found.orders, found.with_coupon, found.stolen) == (3, 1, 1)
    assert (found.sent, found.lost, found.stars) == (2, 1, (1, 0, 0, 0, 2))
