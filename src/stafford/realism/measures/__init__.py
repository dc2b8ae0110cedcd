"""Every metric, by what it is about. Importing this package fills `METRICS`."""

from stafford.realism.measures import (
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
    "baskets",
    "dwell",
    "fulfilment",
    "money",
    "popularity",
    "purchases",
    "rhythm",
    "visits",
]
