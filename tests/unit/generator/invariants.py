"""What must hold for the events of any shop: each finder lists what breaks it."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from stafford.generator.vocabulary import CATEGORIES

if TYPE_CHECKING:
    from datetime import datetime

    from stafford.domain.flash_sale import FlashSale
    from stafford.generator.traffic_profile import CampaignProfile

    from .builders import Event

_ZONES = {
    country: ZoneInfo(name)
    for name, countries in (
        ("Europe/Berlin", ("DE", "FR", "NL")),
        ("Europe/London", ("GB",)),
        ("America/New_York", ("US",)),
    )
    for country in countries
}
_IDENTITIES = {
    "customer_registered": "customer_id",
    "product_launched": "product_id",
    "order_placed": "order_id",
    "payment_captured": "payment_id",
    "payment_declined": "payment_id",
    "shipment_picked": "shipment_id",
    "shipment_dispatched": "shipment_id",
    "shipment_delivered": "shipment_id",
    "shipment_lost": "shipment_id",
    "return_requested": "return_id",
    "refund_issued": "return_id",
    "review_submitted": "review_id",
}
"""Events of which there is one for each thing that their id names."""
_TAX = {
    "DE": Decimal("0.19"),
    "FR": Decimal("0.20"),
    "GB": Decimal("0.20"),
    "NL": Decimal("0.21"),
    "US": Decimal(0),
}
"""Value added tax as a share of the net price."""


def find_repeated_ids(events: Iterable["Event"]) -> list[str]:
    """Events with an id that another has, and things that happened twice."""
    seen: Counter[tuple[str, str]] = Counter()
    for event in events:
        seen["event", event.event_id] += 1
        if event.event_type in _IDENTITIES:
            seen[event.event_type, event.body[_IDENTITIES[event.event_type]]] += 1
    return [f"{kind} {name}: {times} times" for (kind, name), times in seen.items() if times > 1]


def find_orphans(events: Iterable["Event"]) -> list[str]:
    """Events that name a customer, product, session, order, order line or return that does not exist."""
    events = list(events)
    known: set[tuple[str, object]] = set()
    for event in events:
        body = event.body
        match event.event_type:
            case "customer_registered":
                known.add(("customer", body["customer_id"]))
            case "product_launched":
                known.add(("product", body["product_id"]))
            case "order_placed":
                known.add(("order", body["order_id"]))
                known.add(("buyer", (body["order_id"], body.get("customer_id"))))
                known |= {("bought", (body["order_id"], n["product_id"])) for n in body["lines"]}
                known |= {
                    ("line", (body["order_id"], n["line_number"], n["product_id"])) for n in body["lines"]
                }
            case "return_requested":
                known.add(("return", body["return_id"]))
        if event.topic == "clickstream":
            known.add(("session", body["session_id"]))
    return [
        f"{event.event_type} {event.event_id}: no {kind} {name}"
        for event in events
        for kind, name in _name_references(event)
        if (kind, name) not in known
    ]


def _name_references(event: "Event") -> Iterator[tuple[str, object]]:
    body = event.body
    for kind in ("customer", "product", "session", "order"):
        if body.get(f"{kind}_id") is not None:
            yield kind, body[f"{kind}_id"]
    if event.topic == "orders":
        yield from (("product", line["product_id"]) for line in body["lines"])
    if event.topic == "returns":
        yield "line", (body["order_id"], body["line_number"], body["product_id"])
        yield "return", body["return_id"]
    if event.topic == "reviews":
        yield "bought", (body["order_id"], body["product_id"])
        yield "buyer", (body["order_id"], body.get("customer_id"))


def find_wrong_promotions(
    events: Iterable["Event"], sales: Collection["FlashSale"], promote: Callable[[str, "datetime"], int]
) -> list[str]:
    """Order lines whose discount is not the one in force when the order was placed, to the cent.

    promote: the percent of the week's promotion of a product at an instant. A flash sale may be better.
    """
    events = list(events)
    category = {e.body["product_id"]: e.body["category"] for e in events if e.topic == "products"}
    problems = []
    for event in events:
        if event.event_type != "order_placed":
            continue
        placed_at = event.at.timestamp() * 1e6
        in_force = [s for s in sales if s.start <= placed_at < s.end]
        for line in event.body["lines"]:
            of_sale = [
                s.discount_percent for s in in_force if CATEGORIES[s.category] == category[line["product_id"]]
            ]
            percent = max(promote(line["product_id"], event.at), *of_sale, 0)
            if line["discount_cents"] != line["quantity"] * line["unit_price_cents"] * percent // 100:
                problems.append(f"{event.body['order_id']} line {line['line_number']}")
    return problems


def find_unequal_discounts(events: Iterable["Event"], opens_at: "datetime") -> list[str]:
    """Products with more than one percent off within a week, so that two buyers pay different prices.

    From the events alone; give none of a time when a flash sale was on.
    """
    possible: dict[tuple[str, int], set[int]] = {}
    for event in events:
        if event.event_type != "order_placed":
            continue
        for line in event.body["lines"]:
            full = line["quantity"] * line["unit_price_cents"]
            fits = {percent for percent in range(91) if full * percent // 100 == line["discount_cents"]}
            which = (line["product_id"], (event.at - opens_at) // timedelta(weeks=1))
            possible[which] = possible.get(which, fits) & fits
    return [f"{product} in week {week}" for (product, week), fits in possible.items() if not fits]


def find_unbooked_sales(events: Iterable["Event"]) -> list[str]:
    """Order lines that took nothing from stock, or something else, and sales from stock without an order."""
    sold: Counter[tuple[str, str, int]] = Counter()
    for event in events:
        body = event.body
        if event.event_type == "order_placed":
            sold.update((body["order_id"], line["product_id"], line["quantity"]) for line in body["lines"])
        elif event.event_type == "stock_sold":
            sold[body["order_id"], body["product_id"], -body["delta_units"]] -= 1
    return [f"{sale}: {rest}" for sale, rest in sold.items() if rest]


def find_sold_out_goods(events: Iterable["Event"]) -> list[str]:
    """Order lines of goods of which there were not as many in stock when the order was placed."""
    events = list(events)
    moved_at: dict[str, list[datetime]] = defaultdict(list)
    levels: dict[str, list[int]] = defaultdict(list)
    for event in events:
        if event.topic == "inventory":
            moved_at[event.body["product_id"]].append(event.at)
            levels[event.body["product_id"]].append(event.body["stock_units"])
    problems = []
    for event in events:
        if event.event_type != "order_placed":
            continue
        for line in event.body["lines"]:
            name = line["product_id"]
            before = bisect_left(moved_at[name], event.at) - 1
            if before < 0 or levels[name][before] < line["quantity"]:
                problems.append(f"{event.body['order_id']} {name}")
    return problems


def find_early_references(events: Iterable["Event"]) -> list[str]:
    """Events of a customer who has not registered, or about a product that is not on sale yet."""
    events = list(events)
    since: dict[str, datetime] = {}
    for event in events:
        if event.event_type in {"customer_registered", "product_launched"}:
            since[event.body.get("customer_id") or event.body["product_id"]] = event.at
    problems = []
    for event in events:
        mentioned = [event.body.get("customer_id"), event.body.get("product_id")]
        mentioned += [line["product_id"] for line in event.body.get("lines", [])]
        problems += [
            f"{event.event_type} of {name} at {event.at}"
            for name in filter(None, mentioned)
            if name not in since or event.at < since[name]
        ]
    return problems


def find_late_references(events: Iterable["Event"]) -> list[str]:
    """Clicks, orders, prices and stock of a product that was discontinued before.

    What was bought in time may be cancelled, come back and get stars later.
    """
    events = list(events)
    until = {e.body["product_id"]: e.at for e in events if e.event_type == "product_discontinued"}
    problems = []
    for event in events:
        if event.topic not in {"clickstream", "products", "inventory"} and event.event_type != "order_placed":
            continue
        mentioned = [event.body.get("product_id"), *(n["product_id"] for n in event.body.get("lines", []))]
        problems += [
            f"{event.event_type} of {name} at {event.at}"
            for name in mentioned
            if name in until and event.at > until[name]
        ]
    return problems


def find_broken_sessions(events: Iterable["Event"]) -> list[str]:
    """Sessions out of sequence or time, or with a cart, checkout or order that nothing led to.

    A session that begins with the cart must go on with one that the same customer left not long before.
    """
    by_session: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.topic == "clickstream" or event.event_type == "order_placed":
            by_session[event.body["session_id"]].append(event)
    left: dict[str, list[tuple[datetime, Counter[str]]]] = defaultdict(list)
    problems = []
    for story in by_session.values():
        story.sort(key=lambda event: (event.at, event.body.get("sequence", 1 << 20)))
    for session, story in by_session.items():
        problems += [f"{session}: {problem}" for problem in _check_sequence(story)]
        if _comes_back(story):
            continue
        cart: Counter[str] = Counter()
        problems += [f"{session}: {problem}" for problem in _follow_cart(story, cart)]
        if story[-1].event_type != "order_placed" and +cart:
            left[story[-1].body.get("customer_id", "")].append((story[-1].at, cart))
    for session, story in by_session.items():
        if _comes_back(story):
            problems += [f"{session}: {problem}" for problem in _go_on(story, left)]
    return problems


def _check_sequence(story: list["Event"]) -> Iterable[str]:
    clicks = [event for event in story if event.topic == "clickstream"]
    if [click.body["sequence"] for click in clicks] != list(range(1, len(clicks) + 1)):
        yield "sequence"
    if clicks and clicks[0].event_type not in {"page_viewed", "product_viewed"}:
        yield f"begins with {clicks[0].event_type}"


def _comes_back(story: list["Event"]) -> bool:
    return story[0].body.get("page") == "cart"


def _go_on(story: list["Event"], left: dict[str, list[tuple["datetime", Counter[str]]]]) -> list[str]:
    """What is wrong with a session that begins with a cart, for the best of those that its customer left."""
    customer, begins = story[0].body.get("customer_id"), story[0].at
    if customer is None:
        return ["nobody signed in for a cart"]
    tries = [
        list(_follow_cart(story, Counter(cart)))
        for ended_at, cart in left[customer]
        if timedelta(0) < begins - ended_at <= timedelta(days=2)
    ]
    return min(tries, key=len, default=["the customer left no cart"])


def _follow_cart(  # noqa: C901 - one branch for each step
    story: list["Event"], cart: Counter[str]
) -> Iterable[str]:
    """What is wrong with a session. cart: what lies in it at first; afterwards, what lies in it at last."""
    viewed: set[str] = set()
    has_checkout = False
    for event in story:
        body = event.body
        match event.event_type:
            case "product_viewed":
                viewed.add(body["product_id"])
            case "cart_item_added":
                cart[body["product_id"]] += body["quantity"]
                if body["product_id"] not in viewed:
                    yield "added what was not viewed"
            case "cart_item_removed":
                cart[body["product_id"]] -= body["quantity"]
                if cart[body["product_id"]] < 0:
                    yield "removed what was not in the cart"
            case "checkout_started":
                has_checkout = True
                if not +cart:
                    yield "checkout of an empty cart"
            case "order_placed":
                if not has_checkout:
                    yield "order without a checkout"
                if {line["product_id"]: line["quantity"] for line in body["lines"]} != dict(+cart):
                    yield "order is not the cart"


def find_unwanted_mail(events: Iterable["Event"]) -> list[str]:
    """Sessions that a reminder or a win-back brought, of nobody who consents, or through another channel."""
    consents: dict[str, list[tuple[datetime, bool]]] = defaultdict(list)
    first: dict[str, Event] = {}
    for event in events:
        if event.topic == "customers":
            consents[event.body["customer_id"]].append((event.at, event.body["marketing_consent"]))
        elif event.topic == "clickstream" and event.body.get("campaign") in {"cart_reminder", "win_back"}:
            session = event.body["session_id"]
            first[session] = min(event, first.get(session, event), key=lambda click: click.at)
    problems = []
    for session, event in first.items():
        known = [
            consent for at, consent in sorted(consents[event.body.get("customer_id", "")]) if at <= event.at
        ]
        if event.body["channel"] != "email" or not known or not known[-1]:
            problems.append(f"{session}: {event.body['campaign']}")
    return problems


def find_strange_campaigns(events: Iterable["Event"], campaigns: Collection["CampaignProfile"]) -> list[str]:
    """Sessions whose campaign is not on, or comes through another channel, or changes half-way."""
    by_name = {campaign.name: campaign for campaign in campaigns}
    stories: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.topic == "clickstream":
            stories[event.body["session_id"]].append(event)
    problems = []
    for session, story in stories.items():
        names = {click.body.get("campaign") for click in story}
        if names <= {None} or names in ({"cart_reminder"}, {"win_back"}):
            continue
        begins, body = min(click.at for click in story), story[0].body
        campaign = by_name.get(body.get("campaign", ""))
        if len(names) > 1 or campaign is None or body["channel"] != campaign.channel:
            problems.append(f"{session}: {names}")
            continue
        day = begins.astimezone(_ZONES[body["country"]]).date()
        if not any(b <= day <= e for b, e in map(campaign.find_days, (day.year - 1, day.year))):
            problems.append(f"{session}: {campaign.name} on {day}")
    return problems


def find_wrong_totals(events: Iterable["Event"]) -> list[str]:
    """Orders whose cents do not add up."""
    problems = []
    for event in events:
        if event.topic != "orders":
            continue
        body = event.body
        for line in body["lines"]:
            due = line["quantity"] * line["unit_price_cents"] - line["discount_cents"]
            if line["line_total_cents"] != due:
                problems.append(f"{body['order_id']} line {line['line_number']}")
        if body["subtotal_cents"] != sum(line["line_total_cents"] for line in body["lines"]):
            problems.append(f"{body['order_id']} subtotal")
        if body["total_cents"] != body["subtotal_cents"] + body["shipping_cents"] - body["coupon_cents"]:
            problems.append(f"{body['order_id']} total")
        tax = _TAX[body["country"]] * body["total_cents"]
        if body["tax_cents"] != int((tax / (1 + _TAX[body["country"]])).quantize(Decimal(1), ROUND_HALF_UP)):
            problems.append(f"{body['order_id']} tax")
    return problems


def find_wrong_prices(events: Iterable["Event"]) -> list[str]:
    """Order lines whose price is not the one in force when the order was placed."""
    events = list(events)
    prices: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for event in events:
        if event.topic == "products":
            prices[event.body["product_id"]].append((event.at, event.body["price_cents"]))
    problems = []
    for event in events:
        if event.event_type != "order_placed":
            continue
        for line in event.body["lines"]:
            known = sorted(prices[line["product_id"]])
            in_force = [price for since, price in known if since <= event.at][-1]
            if line["unit_price_cents"] != in_force:
                problems.append(f"{event.body['order_id']} {line['product_id']}")
    return problems


def find_wrong_stock(events: Iterable["Event"]) -> list[str]:
    """Movements that do not follow from the one before, in order of emission, or go below zero."""
    stock: Counter[str] = Counter()
    problems = []
    for event in events:
        if event.topic == "inventory":
            name = event.body["product_id"]
            stock[name] += event.body["delta_units"]
            if stock[name] != event.body["stock_units"] or stock[name] < 0:
                problems.append(event.event_id)
    return problems


def find_contradicting_details(events: Iterable["Event"]) -> list[str]:
    """Updates that change who a customer is, two details at once, or nothing but what they repeat wrongly.

    A city that the shop did not know may come with any update.
    """
    last: dict[str, Event] = {}
    problems = []
    for event in sorted((e for e in events if e.topic == "customers"), key=lambda event: event.at):
        body, customer = event.body, event.body["customer_id"]
        before = last.get(customer)
        last[customer] = event
        if before is None:
            continue
        changed = {name for name in {*body, *before.body} if body.get(name) != before.body.get(name)}
        changed -= {"event_id", "event_type", "occurred_at"}
        if "city" not in before.body:
            changed -= {"city"}
        if len(changed) > 1 or changed - {"city", "email", "marketing_consent"}:
            problems.append(f"{customer} at {event.at}: {', '.join(sorted(changed))}")
    return problems
