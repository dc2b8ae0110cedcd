"""Writes clickstream events with Faker: `python faker_clicks.py ROWS FILE`.

The fields are those of contracts/clickstream.odcs.yaml. Methods are called on one locale, which is Faker's
fastest way, and orjson writes the lines. Every row stands alone: there are no sessions that go on.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
from faker import Faker

TYPES = (
    "page_viewed",
    "product_searched",
    "product_viewed",
    "cart_item_added",
    "cart_item_removed",
    "checkout_started",
)
PAGES = ("home", "category", "search", "product", "cart", "checkout")
DEVICES = ("mobile", "desktop", "tablet")
CHANNELS = ("direct", "organic_search", "paid_search", "email", "social", "affiliate")
COUNTRIES = ("DE", "FR", "GB", "NL", "US")
WITH_PRODUCT = {"product_viewed", "cart_item_added", "cart_item_removed"}
SIGNED_IN = 0.7


def main(rows: int, path: Path) -> None:
    """Write the rows."""
    Faker.seed(7)
    fake = Faker("en_US")
    choose, number = fake.random_element, fake.random_int
    chance = fake.random.random
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)
    with path.open("wb") as file:
        for _ in range(rows):
            event_type = choose(TYPES)
            event = {
                "event_id": fake.uuid4(),
                "event_type": event_type,
                "occurred_at": fake.date_time_between(begin, end),
                "contract_version": "1.0.0",
                "session_id": f"s-{number(0, 10**12):013d}",
                "sequence": number(1, 40),
                "page": choose(PAGES),
                "device": choose(DEVICES),
                "channel": choose(CHANNELS),
                "country": choose(COUNTRIES),
            }
            if chance() < SIGNED_IN:
                event["customer_id"] = f"c-{number(0, 200_000):07d}"
            if event_type in WITH_PRODUCT:
                event["product_id"] = f"p-{number(0, 300):05d}"
                event["unit_price_cents"] = number(99, 49_999)
                event["quantity"] = number(1, 4)
            elif event_type == "product_searched":
                event["search_term"] = fake.word()
            file.write(orjson.dumps(event) + b"\n")
    sys.stdout.write(f"{rows}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
