"""Who bought when, and for how much: the histories that models of purchase are fitted to."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import duckdb
import numpy as np
import numpy.typing as npt

from stafford.realism.estimators.bgnbd import PurchaseHistories
from stafford.realism.estimators.clock import Clock

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DAY_US = 24 * 3600 * 10**6
WEEK_US = 7 * DAY_US
_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Purchases:
    """Orders of customers, by customer and then by time.

    customer: a number for each, from 0 without a gap; weeks: since midnight, UTC,
    of `first_day`; euros: without shipping;
    is_complete: by customer, whether the whole history is in the data, which is so for those who registered
    after the data begin. Those who came before have orders that nobody can see here, and as the customers who
    are still active they would look more loyal than customers are. end_week: when the data end.
    """

    customer: Ints
    weeks: Floats
    euros: Floats
    is_complete: npt.NDArray[np.bool_]
    first_day: date
    end_week: float

    @cached_property
    def starts(self) -> Ints:
        """Where each customer's first order stands."""
        return np.flatnonzero(np.diff(self.customer, prepend=-1))

    @cached_property
    def orders(self) -> Ints:
        """Orders of each customer."""
        return np.diff(self.starts, append=len(self.customer))

    @cached_property
    def number(self) -> Ints:
        """Which order of its customer each is, from 1."""
        return np.arange(len(self.customer)) - np.repeat(self.starts, self.orders) + 1

    def complete(self) -> "Purchases":
        """The customers whose whole history is here."""
        keep = np.repeat(self.is_complete, self.orders)
        renumbered = np.cumsum(self.is_complete) - 1
        return Purchases(
            renumbered[self.customer[keep]],
            self.weeks[keep],
            self.euros[keep],
            self.is_complete[self.is_complete],
            self.first_day,
            self.end_week,
        )

    def histories(self, clock: Clock) -> PurchaseHistories:
        """Frequency, recency and age of each customer, as a clock shows them."""
        times = clock.read(self.weeks)
        first, last = times[self.starts], times[self.starts + self.orders - 1]
        age = clock.read(np.array([self.end_week]))[0] - first
        return PurchaseHistories(self.orders - 1, last - first, age)

    def repeat_values(self) -> tuple[Ints, Floats]:
        """Of each customer with a second order: how many orders after the first, and their mean in euros."""
        repeats = self.orders - 1
        sums = np.add.reduceat(self.euros, self.starts) - self.euros[self.starts]
        returned = (repeats > 0) & (sums > 0)
        return repeats[returned], sums[returned] / repeats[returned]


def read_purchases(connection: duckdb.DuckDBPyConnection) -> Purchases:
    """Read the orders of customers from `placed`; guests have no history."""
    starts_us, ends_us = connection.execute(
        "SELECT epoch_us(starts_at), epoch_us(ends_at) FROM coverage"
    ).fetchone() or (None, None)
    if starts_us is None:
        return Purchases(_NONE, np.zeros(0), np.zeros(0), _NONE > 0, date.min, 0.0)
    opens_us = starts_us // DAY_US * DAY_US
    rows = connection.execute(
        """
        SELECT
            dense_rank() OVER (ORDER BY placed.customer_id) - 1 AS customer,
            epoch_us(placed.placed_at) AS placed_us,
            placed.subtotal_cents AS cents,
            coalesce(epoch_us(registrations.registered_at) >= ?, false) AS is_complete
        FROM placed
        LEFT JOIN registrations ON registrations.customer_id = placed.customer_id
        WHERE placed.customer_id IS NOT NULL
        ORDER BY customer, placed_us
        """,
        [opens_us],
    ).fetchnumpy()
    customer = np.asarray(rows["customer"], dtype=np.int64)
    firsts = np.flatnonzero(np.diff(customer, prepend=-1))
    return Purchases(
        customer,
        (np.asarray(rows["placed_us"], dtype=np.float64) - opens_us) / WEEK_US,
        np.asarray(rows["cents"], dtype=np.float64) / 100,
        np.asarray(rows["is_complete"], dtype=np.bool_)[firsts],
        date(1970, 1, 1) + timedelta(days=opens_us // DAY_US),
        (ends_us - opens_us) / WEEK_US,
    )
