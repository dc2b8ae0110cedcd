"""Small shops, and their events as the tests read them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import Phase, settings

from stafford.domain.flash_sale import FlashSale
from stafford.generator import Batch, Profile, Shop, load_profile
from stafford.generator.mess_profile import MessProfile
from stafford.generator.profile_parts import Range

AS_FOUND = settings(phases=[Phase.explicit, Phase.reuse, Phase.generate])
"""A failing seed is as good as another: looking for a smaller one takes minutes and tells nothing."""

PROJECT_DIR = Path(__file__).resolve().parents[3]
PROFILES = PROJECT_DIR / "config" / "profiles"
OPENS_AT = datetime(2026, 3, 27, tzinfo=UTC)  # two days before summer time begins


NAMES = ("fashion-retail", "marketplace", "electronics")
"""Every profile that is shipped."""


@cache
def find_profile(name: str = "fashion-retail", *, is_clean: bool = False, products: int = 60) -> Profile:
    """A shipped shop with fewer products and customers, with or without mess.

    More orders are cancelled, more parcels are lost and more goods are reviewed than anywhere, so that some
    are in every short run, and products are discontinued within weeks.
    """
    profile = load_profile(name, PROFILES)
    lifetime = Range(least=4, most=30)
    goods = {"products": products, "launches_per_week": 3, "lifetime_weeks": lifetime}
    changes: dict[str, Any] = {
        "catalogue": profile.catalogue.model_copy(update=goods),
        "customers": profile.customers.model_copy(update={"history_weeks": 8}),
        "fulfilment": profile.fulfilment.model_copy(update={"cancelled": 0.03, "lost": 0.05}),
        "reviews": profile.reviews.model_copy(update={"share": 0.4}),
    }
    if is_clean:
        changes["mess"] = MessProfile(every_topic={})
    return profile.model_copy(update=changes)


def open_shop(
    seed: int = 7,
    events_per_day: float = 4000,
    *,
    name: str = "fashion-retail",
    is_clean: bool = False,
    sales: tuple[FlashSale, ...] = (),
) -> Shop:
    """A small shop."""
    profile = find_profile(name, is_clean=is_clean)
    return Shop(profile, seed, OPENS_AT, events_per_day, flash_sales=sales)


def make_scarce(profile: Profile) -> Profile:
    """The same shop with few goods and small lots that take long to come: it is often sold out."""
    stock = {
        "least_lot_units": 20,
        "covers_days": 1.0,
        "reorder_days": 0.0,
        "lead_h": Range(least=24, most=96),
    }
    catalogue = profile.catalogue.model_copy(
        update={"products": 12, "stock": profile.catalogue.stock.model_copy(update=stock)}
    )
    return profile.model_copy(update={"catalogue": catalogue})


def join(batches: Sequence[Batch]) -> Batch:
    """One batch of several."""
    records = pa.Table.from_batches([batch.records for batch in batches]).combine_chunks().to_batches()
    labels = pa.Table.from_batches([batch.labels for batch in batches]).combine_chunks().to_batches()
    return Batch(records[0], labels[0]) if records else batches[0]


def run(
    shop: Shop, *ends: timedelta, start: timedelta = timedelta(0), shard: tuple[int, int] = (0, 1)
) -> Batch:
    """What a shop emits from `start` to the last of `ends`, asked for in that many steps."""
    stream = shop.open(shop.opens_at + start, shard)
    return join([stream.advance(shop.opens_at + end) for end in ends])


def agree(one: Batch, other: Batch) -> bool:
    """Whether two batches are equal, row by row and value by value."""
    return bool(one.records.equals(other.records) and one.labels.equals(other.labels))


def digest(batch: Batch) -> str:
    """A hash over every value of every row, records and labels."""
    total = sha256()
    for part in (batch.records, batch.labels):
        for column in part.columns:
            total.update("\x1f".join(map(repr, column.to_pylist())).encode())
    return total.hexdigest()


def run_golden() -> Batch:
    """Three hours of one default shop, whose bytes are known."""
    shop = Shop(load_profile("fashion-retail", PROFILES), 7, OPENS_AT, 7000)
    return run(shop, timedelta(hours=3))


@dataclass(frozen=True)
class Event:
    """A record that must reach silver, with its body."""

    topic: str
    event_id: str
    event_type: str
    emitted_at: datetime
    body: dict[str, Any]

    @property
    def at(self) -> datetime:
        """When it occurred."""
        return datetime.fromisoformat(self.body["occurred_at"])


def read_clean(batch: Batch) -> list[Event]:
    """The events without any defect, in order of their emission."""
    rows = zip(batch.records.to_pylist(), batch.labels.to_pylist(), strict=True)
    return [
        Event(r["topic"], r["event_id"], r["event_type"], r["emitted_at"], json.loads(r["value"]))
        for r, label in rows
        if label["defect"] == "clean" and label["copy"] == 0
    ]
