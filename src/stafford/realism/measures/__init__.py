"""Every metric, by what it is about. Importing this package fills `METRICS`."""

from stafford.realism.measures import (
    aftermath,
    baskets,
    dwell,
    fulfilment,
    money,
    popularity,
    purchases,
    rhythm,
    visits,
)
from stafford.realism.metric import METRICS

__all__ = [
    "METRICS",
    "aftermath",
    "baskets",
    "dwell",
    "fulfilment",
    "money",
    "popularity",
    "purchases",
    "rhythm",
    "visits",
]
