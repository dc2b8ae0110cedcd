"""Events before they have a body: columns of one topic, cheap to compute and to leave out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stafford.generator.randomness import Ints, Keys

EVENT_TYPES: Mapping[str, tuple[str, ...]] = {
    "clickstream": (
        "page_viewed",
        "product_searched",
        "product_viewed",
        "cart_item_added",
        "cart_item_removed",
        "checkout_started",
    ),
    "customers": ("customer_registered", "customer_updated"),
    "inventory": ("stock_restocked", "stock_sold"),
    "orders": ("order_placed", "order_cancelled"),
    "payments": ("payment_captured", "payment_declined"),
    "products": ("product_launched", "product_price_changed"),
    "returns": ("return_requested", "refund_issued"),
    "shipments": ("shipment_dispatched", "shipment_delivered"),
}
CONTRACT_VERSION = "1.0.0"
NOTHING = -1
"""What stands in an integer column where a row has no value."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Some events of one topic, in no order.

    kind: index into EVENT_TYPES[topic]. occurred, emitted: UTC microseconds. event_key: hash for the id
    and the mess. owner: hash of what the record key names, for shards. amount: cents, or NOTHING.
    columns: what the topic's body needs, one entry a row.
    """

    topic: str
    kind: Ints
    occurred: Ints
    emitted: Ints
    event_key: Keys
    owner: Keys
    amount: Ints
    columns: Mapping[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, rows: NDArray[Any]) -> "Draft":
        """The rows that a mask or an array of positions names."""
        return Draft(
            self.topic,
            self.kind[rows],
            self.occurred[rows],
            self.emitted[rows],
            self.event_key[rows],
            self.owner[rows],
            self.amount[rows],
            {name: column[rows] for name, column in self.columns.items()},
        )


def without_money(rows: int) -> Ints:
    """Amounts of events that move no money."""
    return np.full(rows, NOTHING, np.int64)


def concatenate(drafts: Sequence[Draft]) -> Draft:
    """Drafts of one topic, one after the other; at least one."""
    head = drafts[0]
    return Draft(
        head.topic,
        np.concatenate([d.kind for d in drafts]),
        np.concatenate([d.occurred for d in drafts]),
        np.concatenate([d.emitted for d in drafts]),
        np.concatenate([d.event_key for d in drafts]),
        np.concatenate([d.owner for d in drafts]),
        np.concatenate([d.amount for d in drafts]),
        {name: np.concatenate([d.columns[name] for d in drafts]) for name in head.columns},
    )
