"""A tiny shop as files of events, in the layout that realism reads; every row says only what differs."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stafford.realism.estimators.bgnbd import BgNbd, PurchaseHistories, draw_gaps
from stafford.realism.estimators.clock import Clock

INSTANT = pa.timestamp("us", tz="UTC")
LINE = pa.struct(
    [
        ("line_number", pa.int64()),
        ("product_id", pa.string()),
        ("quantity", pa.int64()),
        ("unit_price_cents", pa.int64()),
        ("discount_cents", pa.int64()),
        ("line_total_cents", pa.int64()),
    ]
)
TEXT, NUMBER = pa.string(), pa.int64()
COMMON = {"event_id": TEXT, "event_type": TEXT, "occurred_at": INSTANT}
COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "clickstream": {
        "session_id": TEXT,
        "customer_id": TEXT,
        "sequence": NUMBER,
        "page": TEXT,
        "device": TEXT,
        "country": TEXT,
        "product_id": TEXT,
        "campaign": TEXT,
    },
    "customers": {"customer_id": TEXT, "registered_at": INSTANT},
    "orders": {
        "order_id": TEXT,
        "session_id": TEXT,
        "customer_id": TEXT,
        "placed_at": INSTANT,
        "country": TEXT,
        "lines": pa.list_(LINE),
        "subtotal_cents": NUMBER,
        "total_cents": NUMBER,
        "coupon_code": TEXT,
    },
    "payments": {"payment_id": TEXT, "order_id": TEXT, "method": TEXT, "decline_reason": TEXT},
    "products": {"product_id": TEXT, "category": TEXT, "launched_at": INSTANT},
    "returns": {"return_id": TEXT, "order_id": TEXT, "line_number": NUMBER},
    "reviews": {"review_id": TEXT, "order_id": TEXT, "rating": NUMBER},
    "shipments": {"shipment_id": TEXT, "order_id": TEXT, "promised_at": INSTANT},
}
OPENS_AT = datetime(2025, 1, 6, tzinfo=UTC)  # a Monday


def write_events(folder: Path, **topics: Iterable[Mapping[str, Any]]) -> Path:
    """Write rows by topic; what a row leaves out is null, and an event_id is made up."""
    for topic, columns in COLUMNS.items():
        rows = [{"event_id": f"{topic}-{index}", **row} for index, row in enumerate(topics.get(topic, ()))]
        schema = pa.schema(list({**COMMON, **columns}.items()))
        (folder / topic).mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / topic / "part-0.parquet")
    return folder


def visit(
    session_id: str, *steps: str, at: datetime = OPENS_AT, every_s: float = 20, **shared: Any
) -> list[dict[str, Any]]:
    """The events of one session: "home" and other pages, "product", "add", "checkout"."""
    types = {"product": "product_viewed", "add": "cart_item_added", "checkout": "checkout_started"}
    return [
        {
            "event_id": f"{session_id}-{index}",
            "event_type": types.get(step, "page_viewed"),
            "occurred_at": at + timedelta(seconds=index * every_s),
            "session_id": session_id,
            "sequence": index + 1,
            "page": "product" if step == "add" else step,
            "device": "mobile",
            "country": "GB",
            "product_id": "p-1" if step in {"product", "add"} else None,
            **shared,
        }
        for index, step in enumerate(steps)
    ]


def order(order_id: str, session_id: str, at: datetime = OPENS_AT, **differs: Any) -> dict[str, Any]:
    """One order of two units in one line, worth 20 euros and 5 for shipping."""
    line = {"line_number": 1, "product_id": "p-1", "quantity": 2, "line_total_cents": 2000}
    return {
        "event_id": f"placed-{order_id}",
        "event_type": "order_placed",
        "occurred_at": at,
        "placed_at": at,
        "order_id": order_id,
        "session_id": session_id,
        "country": "GB",
        "lines": [line],
        "subtotal_cents": 2000,
        "total_cents": 2500,
        **differs,
    }


def simulate_times(
    parameters: BgNbd, customers: int, end_week: float, clock: Clock, seed: int
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Weeks of customers' orders, infinite where there is none: first orders evenly spread, then BG/NBD."""
    generator = np.random.default_rng(seed)
    first = generator.uniform(0, end_week, customers)
    gaps = draw_gaps(parameters, customers, 40, generator)
    later = clock.invert(clock.read(first)[:, None] + np.cumsum(gaps, axis=1))
    times = np.concatenate([first[:, None], later], axis=1)
    times[times > end_week] = np.inf
    return times


def summarise(
    times: np.ndarray[Any, np.dtype[np.float64]], end_week: float, clock: Clock
) -> PurchaseHistories:
    """The histories of such times, by a clock."""
    last = np.where(np.isfinite(times), times, -1.0).max(axis=1)
    first = clock.read(times[:, 0])
    return PurchaseHistories(
        np.isfinite(times).sum(axis=1) - 1,
        clock.read(last) - first,
        clock.read(np.array([end_week]))[0] - first,
    )
