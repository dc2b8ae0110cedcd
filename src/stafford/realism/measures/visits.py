"""What sessions are like: how far they come, how long they are, on what device, and who comes again."""

from functools import partial

from stafford.realism.evidence.visits import DEVICES
from stafford.realism.expectations import Expectations
from stafford.realism.facts import Facts
from stafford.realism.metric import Unit, divide, metric


@metric("sessions.conversion", "Session conversion", Unit.SHARE)
def measure_conversion(facts: Facts, _: Expectations) -> float:
    """Sessions with at least one order / sessions. An order belongs to the session whose id it carries.

    Source: Dynamic Yield, ecommerce benchmarks, "conversion rate".
    """
    return divide(facts.visits.all.with_order, facts.visits.all.sessions, of="sessions")


@metric("sessions.add_to_cart", "Sessions with an add to cart", Unit.SHARE)
def measure_add_to_cart(facts: Facts, _: Expectations) -> float:
    """Sessions in which at least one product was put into the cart / sessions.

    Source: Dynamic Yield, ecommerce benchmarks, "add-to-cart rate".
    """
    return divide(facts.visits.all.with_add, facts.visits.all.sessions, of="sessions")


@metric("sessions.abandonment", "Cart abandonment", Unit.SHARE)
def measure_abandonment(facts: Facts, _: Expectations) -> float:
    """Sessions with an add and no order / sessions with an add.

    Source: Baymard Institute, "Cart Abandonment Rate Statistics".
    """
    counts = facts.visits.all
    return divide(counts.with_add - counts.with_add_and_order, counts.with_add, of="sessions with an add")


@metric("sessions.bounce", "One-page sessions", Unit.SHARE)
def measure_bounce(facts: Facts, _: Expectations) -> float:
    """Sessions in which exactly one page was opened / sessions.

    Source: Contentsquare, Digital Experience Benchmark, "bounce rate".
    """
    return divide(facts.visits.all.bounced, facts.visits.all.sessions, of="sessions")


@metric("sessions.returning", "Sessions of customers seen before", Unit.SHARE)
def measure_returning(facts: Facts, _: Expectations) -> float:
    """Sessions of a known customer who had one before or registered before its local day / sessions.

    Source: Contentsquare, Digital Experience Benchmark, "returning visitors".
    """
    return divide(facts.visits.all.returning, facts.visits.all.sessions, of="sessions")


@metric("carts.come_back", "Carts that see their owner again", Unit.SHARE)
def measure_returns_to_carts(facts: Facts, _: Expectations) -> float:
    """Sessions that begin with the cart / sessions of known customers with an add and no order."""
    counts = facts.visits.all
    return divide(counts.to_carts, counts.left_carts, of="carts that a known customer left")


@metric("carts.bought_later", "Orders of what was in the cart before", Unit.SHARE)
def measure_later_orders(facts: Facts, _: Expectations) -> float:
    """Sessions that begin with the cart and end with an order / sessions with an order."""
    counts = facts.visits.all
    return divide(counts.carts_bought, counts.with_order, of="sessions with an order")


@metric("sessions.campaign", "Sessions that a campaign brought", Unit.SHARE)
def measure_campaigns(facts: Facts, _: Expectations) -> float:
    """Sessions that name a campaign, mail to single customers included / sessions."""
    return divide(facts.visits.all.with_campaign, facts.visits.all.sessions, of="sessions")


@metric("pages.buying", "Pages in a session with an order", Unit.NUMBER)
def measure_buying_pages(facts: Facts, _: Expectations) -> float:
    """Mean pages opened in sessions with an order.

    Source: Contentsquare, Digital Experience Benchmark, "pages per session, buyers".
    """
    return divide(facts.visits.all.buying_pages, facts.visits.all.with_order, of="sessions with an order")


@metric("pages.other", "Pages in another session", Unit.NUMBER)
def measure_other_pages(facts: Facts, _: Expectations) -> float:
    """Mean pages opened in sessions without an order, bounces among them.

    Source: Contentsquare, Digital Experience Benchmark, "pages per session".
    """
    counts = facts.visits.all
    return divide(
        counts.pages - counts.buying_pages,
        counts.sessions - counts.with_order,
        of="sessions without an order",
    )


def _measure_device(facts: Facts, _: Expectations, *, device: str) -> float:
    """Sessions on a kind of device / sessions.

    Source: Contentsquare, Digital Experience Benchmark, "share of traffic by device".
    """
    counts = facts.visits.by_device.get(device)
    return divide(counts.sessions if counts else 0, facts.visits.all.sessions, of="sessions")


for _device in DEVICES:
    metric(f"devices.{_device}", f"Sessions on {_device}", Unit.SHARE)(
        partial(_measure_device, device=_device)
    )


@metric("devices.mobile_revenue", "Revenue from mobile", Unit.SHARE)
def measure_mobile_revenue(facts: Facts, _: Expectations) -> float:
    """Value of orders placed in mobile sessions / value of orders whose session is here, shipping included.

    Source: Adobe Digital Insights, holiday and year reports, "share of revenue by device".
    """
    counts = facts.visits.by_device.get("mobile")
    return divide(counts.order_cents if counts else 0, facts.visits.all.order_cents, of="orders")


def _measure_mix(facts: Facts, _: Expectations, *, part: int) -> float:
    """Product views, adds to cart or ordered lines / all three.

    A line and not an order, because the log that the target comes from has one row for each item bought.

    Source: RetailRocket recommender system dataset (2015): 2,664,312 views, 69,332 adds, 22,457 transactions.
    """
    counts = (facts.visits.all.views, facts.visits.all.adds, facts.baskets.lines)
    return divide(counts[part], sum(counts), of="product events")


for _part, (_name, _title) in enumerate(
    (
        ("view", "Views among product events"),
        ("cart", "Adds among product events"),
        ("buy", "Bought among product events"),
    )
):
    metric(f"mix.{_name}", _title, Unit.SHARE)(partial(_measure_mix, part=_part))
