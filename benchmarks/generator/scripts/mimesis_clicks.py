"""Writes clickstream events with mimesis: `python mimesis_clicks.py ROWS FILE`.

The fields are those of contracts/clickstream.odcs.yaml. The providers are called directly, which is mimesis'
fastest way, and orjson writes the lines. Every row stands alone: there are no sessions that go on.
"""

import sys
from pathlib import Path

import orjson
from mimesis import Choice, Cryptographic, Datetime, Locale, Numeric, Text

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
    ids, numbers, instants = Cryptographic(seed=7), Numeric(seed=7), Datetime(Locale.EN, seed=7)
    words, choose = Text(Locale.EN, seed=7), Choice(seed=7)
    chance = ids.random.random
    with path.open("wb") as file:
        for _ in range(rows):
            event_type = choose(TYPES)
            event = {
                "event_id": ids.uuid(),
                "event_type": event_type,
                "occurred_at": instants.datetime(start=2026, end=2026),
                "contract_version": "1.0.0",
                "session_id": f"s-{numbers.integer_number(0, 10**12):013d}",
                "sequence": numbers.integer_number(1, 40),
                "page": choose(PAGES),
                "device": choose(DEVICES),
                "channel": choose(CHANNELS),
                "country": choose(COUNTRIES),
            }
            if chance() < SIGNED_IN:
                event["customer_id"] = f"c-{numbers.integer_number(0, 200_000):07d}"
            if event_type in WITH_PRODUCT:
                event["product_id"] = f"p-{numbers.integer_number(0, 300):05d}"
                event["unit_price_cents"] = numbers.integer_number(99, 49_999)
                event["quantity"] = numbers.integer_number(1, 4)
            elif event_type == "product_searched":
                event["search_term"] = words.word()
            file.write(orjson.dumps(event) + b"\n")
    sys.stdout.write(f"{rows}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
