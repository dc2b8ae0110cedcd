"""Everything that metrics and plots know: what was read from events, and fits to it, each made once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from stafford.realism.estimators.bgnbd import BgNbd
from stafford.realism.estimators.gamma_gamma import GammaGamma, fit_gamma_gamma
from stafford.realism.estimators.power_law import BrokenPowerLaw, fit_power_law
from stafford.realism.estimators.repeat import MOST_ORDERS, RepeatCurve, measure_repeats, simulate_repeats
from stafford.realism.estimators.weibull import Weibull, fit_weibull
from stafford.realism.evidence.aftermath import Aftermath
from stafford.realism.evidence.baskets import Baskets
from stafford.realism.evidence.fulfilment import Fulfilment
from stafford.realism.evidence.purchases import Purchases
from stafford.realism.evidence.rhythm import Rhythm
from stafford.realism.evidence.visits import Visits
from stafford.realism.timing import Timing, find_traffic_clock, fit_timing
from stafford.realism.unanswered import DoesNotFit, NotMeasurable

LEAST_DWELLS = 1_000
LEAST_BUYERS = 10_000
"""With so many, one standard error of p is 6% and of v 8%."""


@dataclass(frozen=True)
class Facts:
    """One folder of events, read. product_views: per day on sale, falling; dwell_s: a sample, rising."""

    visits: Visits
    rhythm: Rhythm
    baskets: Baskets
    fulfilment: Fulfilment
    aftermath: Aftermath
    purchases: Purchases
    product_views: npt.NDArray[np.float64]
    dwell_s: npt.NDArray[np.float64]

    @cached_property
    def popularity(self) -> BrokenPowerLaw:
        """Product views by rank, fitted."""
        return fit_power_law(self.product_views)

    @cached_property
    def dwell(self) -> Weibull:
        """Dwell times, fitted."""
        if len(self.dwell_s) < LEAST_DWELLS:
            raise NotMeasurable(f"{len(self.dwell_s):,} dwell times; a fit wants {LEAST_DWELLS:,}")
        return fit_weibull(self.dwell_s)

    @cached_property
    def timing(self) -> Timing:
        """Purchase timing, fitted."""
        return fit_timing(self.purchases, self.rhythm)

    @cached_property
    def order_value(self) -> GammaGamma:
        """Order value, fitted to the mean of each customer's orders after the first.

        All customers count, also those who registered before the data begin: in this model money does not
        depend on when or how often somebody buys.
        """
        orders, means = self.purchases.repeat_values()
        if len(orders) < LEAST_BUYERS:
            raise NotMeasurable(
                f"{len(orders):,} customers ordered again; Gamma-Gamma wants {LEAST_BUYERS:,}"
            )
        return fit_gamma_gamma(orders, means)

    @cached_property
    def repeats(self) -> RepeatCurve:
        """How often an order is followed by another, among customers whose whole history is here."""
        complete = self.purchases.complete()
        times = np.full((len(complete.orders), MOST_ORDERS + 1), np.inf)
        early = complete.number <= MOST_ORDERS + 1
        times[complete.customer[early], complete.number[early] - 1] = complete.weeks[early]
        return measure_repeats(times)

    def imply_repeats(self, parameters: BgNbd) -> RepeatCurve:
        """What a model says of the same customers, first orders and end. The same each time it is asked."""
        if parameters not in self._implied:
            complete = self.purchases.complete()
            try:
                clock = self.timing.clock
            except (NotMeasurable, DoesNotFit):
                clock = find_traffic_clock(self.purchases, self.rhythm)
            self._implied[parameters] = simulate_repeats(
                parameters,
                complete.weeks[complete.starts],
                complete.end_week,
                clock,
                np.random.default_rng(20050501),
            )
        return self._implied[parameters]

    @cached_property
    def _implied(self) -> dict[BgNbd, RepeatCurve]:
        return {}
